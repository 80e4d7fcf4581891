"""Small shops in the tests' MariaDB."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.support.demo_shop import END, Shop, make_shop

from lakehouse.demo.store.server import Server


@pytest.fixture(scope="session")
def shop(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """As created; nobody changes it."""
    return make_shop(server, "created", tmp_path_factory.mktemp("truth"))


@pytest.fixture(scope="session")
def lived(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, dict[str, int]]:
    """The same shop one day later, and what that day changed."""
    shop = make_shop(server, "lived", tmp_path_factory.mktemp("truth_lived"))
    return shop, shop.live_day(END + timedelta(days=1))
