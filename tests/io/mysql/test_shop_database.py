"""Short questions to a real server: encrypted as the settings say, never less, and back in time."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from tests.support.tcp_proxy import TcpProxy
from tests.support.tls import Authority, make_authority

from lakehouse.demo.store.server import Server, start, stop
from lakehouse.errors import AccessError, DataError, SourceAwayError
from lakehouse.io.config.shop_settings import ShopSettings
from lakehouse.io.mysql import shop_database
from lakehouse.io.mysql.jdbc import Query, stage
from lakehouse.io.mysql.shop_database import ShopDatabase
from lakehouse.table import STRING, Column

pytestmark = pytest.mark.database
PASSWORD = "a password of the tests"


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("tls") / "right")


@pytest.fixture(scope="module")
def other_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Of the same name, with another key."""
    return make_authority(tmp_path_factory.mktemp("tls") / "wrong")


@pytest.fixture(scope="module")
def tls_server(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose certificate is valid for `localhost`, not for 127.0.0.1."""
    folder = tmp_path_factory.mktemp("tls_mariadb")
    found = start(folder, options=authority.server_options("localhost"))
    _add_reader(found)
    yield found
    stop(folder)


@pytest.fixture(scope="module")
def plain_server(server: Server) -> Server:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@have_ssl")
        if cursor.fetchall() == (("YES",),):
            pytest.skip("this MariaDB makes a certificate for itself")
    _add_reader(server)
    return server


def _add_reader(server: Server) -> None:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE IF NOT EXISTS connections")
        cursor.execute("CREATE OR REPLACE USER connections@'%%' IDENTIFIED BY %s", [PASSWORD])
        cursor.execute("GRANT SELECT ON connections.* TO connections@'%'")


def shop(port: int, host: str = "127.0.0.1", **settings: Any) -> ShopSettings:
    url = f"jdbc:mysql://{host}:{port}/connections"
    return ShopSettings(**{"url": url, "user": "connections", "password": "env:SHOP_PASSWORD", **settings})


def cipher(shop: ShopSettings) -> str:
    """What a connection is encrypted with, as the server sees it."""
    with ShopDatabase("nl", shop) as database:
        return str(database.ask("SHOW SESSION STATUS LIKE 'Ssl_cipher'")[0][1])


def refusal(shop: ShopSettings) -> str:
    with pytest.raises(AccessError) as caught:
        cipher(shop)
    assert caught.value.exit_code == 77
    return f"{caught.value} -> {caught.value.todo}"


def test_a_certificate_of_the_authority_for_the_host_is_accepted(tls_server: Server, authority: Authority) -> None:
    assert cipher(shop(tls_server.port, "localhost", tls="verify-full", tls_ca=str(authority.file))).startswith("TLS")


def test_a_certificate_of_another_authority_is_refused(tls_server: Server, other_authority: Authority) -> None:
    for tls in ("verify-ca", "verify-full"):
        message = refusal(shop(tls_server.port, "localhost", tls=tls, tls_ca=str(other_authority.file)))
        assert "does not verify" in message
        assert "shops.nl.tls_ca" in message


def test_a_certificate_that_the_system_does_not_know_is_refused(tls_server: Server) -> None:
    assert "shops.nl.tls_ca" in refusal(shop(tls_server.port, "localhost", tls="verify-full"))


def test_the_name_counts_in_verify_full_only(tls_server: Server, authority: Authority) -> None:
    assert cipher(shop(tls_server.port, tls="verify-ca", tls_ca=str(authority.file))).startswith("TLS")
    assert "shops.nl.tls_ca" in refusal(shop(tls_server.port, tls="verify-full", tls_ca=str(authority.file)))


def test_trust_encrypts_and_disable_does_not(tls_server: Server) -> None:
    assert cipher(shop(tls_server.port, tls="trust")).startswith("TLS")
    assert cipher(shop(tls_server.port)) == ""


@pytest.mark.parametrize("tls", ["trust", "verify-ca", "verify-full"])
def test_a_server_without_tls_is_never_talked_to_in_plain_text(plain_server: Server, tls: str) -> None:
    assert cipher(shop(plain_server.port)) == ""
    assert "offers no TLS -> turn it on there, or change shops.nl.tls" in refusal(shop(plain_server.port, tls=tls))


def test_where_tls_is_wanted_the_setting_is_named(tls_server: Server) -> None:
    with tls_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET GLOBAL require_secure_transport = ON")
        try:
            assert "whether the database wants TLS (.tls)" in refusal(shop(tls_server.port))
        finally:
            cursor.execute("SET GLOBAL require_secure_transport = OFF")


def test_a_wrong_password_and_a_wrong_database_are_told_apart(tls_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with tls_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("GRANT SELECT ON *.* TO connections@'%'")
    with pytest.raises(DataError, match="no database nowhere"):
        ShopDatabase("nl", shop(0, url=f"jdbc:mysql://127.0.0.1:{tls_server.port}/nowhere"))
    monkeypatch.setenv("SHOP_PASSWORD", "a wrong one")
    assert "shops.nl.user and .password" in refusal(shop(tls_server.port))


def test_a_host_elsewhere_without_tls_is_warned_of_once(tls_server: Server, caplog: pytest.LogCaptureFixture) -> None:
    shop_database._warn_of_plain_text.cache_clear()
    with caplog.at_level(logging.WARNING, "lakehouse"):
        cipher(shop(tls_server.port))
        cipher(shop(tls_server.port, "0.0.0.0", tls="trust"))
        assert caplog.messages == []
        # This machine under an address that is not the loopback's.
        cipher(shop(tls_server.port, "0.0.0.0"))
        cipher(shop(tls_server.port, "0.0.0.0"))
    assert len(caplog.messages) == 1
    assert "shop nl: the connection to 0.0.0.0 is not encrypted" in caplog.messages[0]


def test_times_are_utc_and_local_files_are_not_sent(tls_server: Server, tmp_path: Path) -> None:
    with ShopDatabase("nl", shop(tls_server.port)) as database:
        assert database.ask("SELECT @@time_zone, @@character_set_client") == (("+00:00", "utf8mb4"),)
        assert not database._connection.client_flag & 128  # CLIENT_LOCAL_FILES


def test_a_database_that_falls_silent_is_away_after_the_socket_timeout(tls_server: Server) -> None:
    with TcpProxy(tls_server.port) as proxy, ShopDatabase("nl", shop(proxy.port, socket_timeout_seconds=1)) as database:
        proxy.fail("blackhole", after=0)
        assert _seconds_until_away(lambda: database.ask("SELECT 1")) < 5


@pytest.mark.parametrize("fault", ["cut", "reset", "blackhole"])
def test_a_database_that_breaks_off_its_greeting_is_away(tls_server: Server, fault: Any) -> None:
    with TcpProxy(tls_server.port) as proxy:
        proxy.fail(fault, after=20)
        assert _seconds_until_away(lambda: cipher(shop(proxy.port, socket_timeout_seconds=1))) < 5


def test_a_database_that_is_not_there_is_away_and_found_when_it_is_back(tls_server: Server) -> None:
    with TcpProxy(tls_server.port) as proxy:
        proxy.refuse()
        assert _seconds_until_away(lambda: cipher(shop(proxy.port))) < 5
        proxy.heal()
        assert cipher(shop(proxy.port)) == ""


def _seconds_until_away(question: Any) -> float:
    started = time.monotonic()
    with pytest.raises(SourceAwayError, match="does not answer"):
        question()
    return time.monotonic() - started


@pytest.mark.spark
def test_tables_are_read_under_the_same_rules(
    spark: SparkSession, tls_server: Server, plain_server: Server, authority: Authority, other_authority: Authority, tmp_path: Path
) -> None:
    right, wrong = str(authority.file), str(other_authority.file)

    def read(shop: ShopSettings) -> str:
        sql = "SELECT VARIABLE_VALUE AS cipher FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME = 'Ssl_cipher'"
        query = Query("cipher", sql, (Column("cipher", STRING, "what it is encrypted with"),))
        return str(stage(spark, shop, [query], str(tmp_path / "staged"), 1).frames["cipher"].collect()[0][0])

    def refusal(shop: ShopSettings) -> str:
        with pytest.raises(AccessError) as caught:
            read(shop)
        return f"{caught.value} -> {caught.value.todo}"

    assert read(shop(tls_server.port, "localhost", tls="verify-full", tls_ca=right)).startswith("TLS")
    assert read(shop(tls_server.port, tls="verify-ca", tls_ca=right)).startswith("TLS")
    assert read(shop(tls_server.port, tls="trust")).startswith("TLS")
    assert read(shop(tls_server.port)) == ""
    assert "tls_ca" in refusal(shop(tls_server.port, tls="verify-full", tls_ca=right))
    assert "tls_ca" in refusal(shop(tls_server.port, tls="verify-ca", tls_ca=wrong))
    assert "tls_ca" in refusal(shop(tls_server.port, "localhost", tls="verify-full"))
    assert "offers no TLS" in refusal(shop(plain_server.port, tls="trust"))
