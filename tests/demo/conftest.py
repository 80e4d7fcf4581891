"""One private MariaDB for all tests here, and small shops in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from demo_shop import END, Shop, make_shop

from lakehouse.demo.server import Server, start, stop


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("mariadb")
    yield start(folder)
    stop(folder)


@pytest.fixture(scope="session")
def shop(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """As created; nobody changes it."""
    return make_shop(server, "created", tmp_path_factory.mktemp("truth"))


@pytest.fixture(scope="session")
def lived(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, dict[str, int]]:
    """The same shop one day later, and what that day changed."""
    shop = make_shop(server, "lived", tmp_path_factory.mktemp("truth_lived"))
    return shop, shop.live_day(END + timedelta(days=1))
