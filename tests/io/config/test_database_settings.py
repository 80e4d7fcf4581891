"""Databases of other kinds in the settings."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from tests.support.runs import settings_in

from lakehouse.io.config.database_settings import DatabaseSettings
from lakehouse.io.config.settings import Settings
from lakehouse.io.mysql.shop_database import never_tried, server_version

DATABASE = {"kind": "erp", "url": "jdbc:postgresql://db.example/erp", "user": "reader", "password": "env:X"}


@pytest.mark.parametrize("code", ["nl", "app", "E-R-P", "9erp"])
def test_a_database_is_a_shop_of_its_own_with_a_code_of_its_own(code: str, tmp_path: Path) -> None:
    given = settings_in(tmp_path).model_dump()
    assert list(Settings.model_validate({**given, "databases": {"erp": DATABASE}}).databases) == ["erp"]
    with pytest.raises(ValidationError):
        Settings.model_validate({**given, "databases": {code: DATABASE}})


def test_a_kind_says_what_a_sale_is_unless_the_settings_do() -> None:
    assert DatabaseSettings.model_validate(DATABASE).sale_statuses == ("confirmed", "shipped", "invoiced")
    assert DatabaseSettings.model_validate({**DATABASE, "counts_as_sale": ["shipped"]}).sale_statuses == ("shipped",)
    with pytest.raises(ValidationError, match="kinds are erp, flat_sales, portal"):
        DatabaseSettings.model_validate({**DATABASE, "kind": "sap"})


def test_a_server_that_was_never_tried_is_told() -> None:
    assert server_version("8.0.36-0ubuntu0.22.04.1") == "MySQL 8.0.36"
    assert never_tried("MySQL 8.0.36")[0].startswith("MySQL 8.0.36: never tried")
    assert server_version("10.11.14-MariaDB-0+deb12u2") == "MariaDB 10.11.14"
    assert never_tried("MariaDB 10.11.14") == []
