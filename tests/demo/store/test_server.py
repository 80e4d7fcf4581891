"""The private database server."""

from __future__ import annotations

import shutil
from pathlib import Path

import pymysql
import pytest
from tests.support.demo_shop import Shop

from lakehouse.demo.store import server as module
from lakehouse.demo.store.server import Server, ServerError, find, start, stop
from lakehouse.demo.store.shop import create_reader

pytestmark = pytest.mark.database


def test_a_running_server_is_used_again(server: Server) -> None:
    assert start(server.folder) == server


def test_a_stopped_server_starts_with_its_port_and_its_data_also_in_a_deep_folder(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 25)
    first = start(folder)
    with first.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE kept")
    assert stop(folder)
    assert find(folder) is None
    assert not stop(folder)
    again = start(folder)
    try:
        assert again.port == first.port
        again.connect("kept").close()
    finally:
        stop(folder)


def test_root_comes_in_through_the_socket_only(server: Server) -> None:
    with pytest.raises(pymysql.err.OperationalError):
        pymysql.connect(host="127.0.0.1", port=server.port, user="root")


def test_a_missing_mariadb_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(ServerError, match="apt-get install mariadb-server"):
        start(tmp_path / "none")


def test_a_taken_port_names_the_error_log(server: Server, tmp_path: Path) -> None:
    with pytest.raises(ServerError, match=r"error\.log"):
        start(tmp_path / "second", server.port)


def test_a_port_that_another_server_takes_in_between_is_left_to_it(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that start at once may find the same port free."""
    found = iter([server.port])
    free = module._free_port
    monkeypatch.setattr(module, "_free_port", lambda preferred: next(found, None) or free(0))
    other = start(tmp_path)
    assert other.port != server.port
    with other.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    stop(tmp_path)


def test_a_reader_sees_granted_columns_only(shop: Shop) -> None:
    grant = f"GRANT SELECT (`id`, `status`) ON `{shop.database}`.`wp_wc_orders` TO 'reader'@'127.0.0.1'"
    create_reader(shop.server, shop.database, "reader", "secret", [grant])
    with shop.server.connect(shop.database, "reader", "secret") as connection, connection.cursor() as cursor:
        assert cursor.execute("SELECT id, status FROM wp_wc_orders") > 100
        with pytest.raises(pymysql.err.OperationalError, match="1143"):
            cursor.execute("SELECT billing_email FROM wp_wc_orders")
