"""What tests of PostgreSQL share: the password that settings of the sales name."""

import pytest
from tests.support.flat_sales import SALES_PASSWORD
from tests.support.postgres import PASSWORD


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SALES_PASSWORD, PASSWORD)
