"""The URL of a shop says where its database is and nothing else; what drivers are told is made here."""

import ssl
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tests.support.tls import make_authority

from lakehouse.errors import AccessError, ConfigError
from lakehouse.io.config.database_address import Address
from lakehouse.io.config.shop_settings import ShopSettings
from lakehouse.io.mysql.database_url import connect_arguments, jdbc_url

URL = "jdbc:mysql://db.example:3307/shop"
SECRET = "hunter2"


def shop(**settings: Any) -> ShopSettings:
    return ShopSettings(**{"url": URL, "user": "reader", "password": "env:SHOP_PASSWORD", **settings})


def refused(url: str) -> str:
    """The message and what to do, as an operator sees them."""
    with pytest.raises(ConfigError) as caught:
        Address.of(url)
    message = f"{caught.value} {caught.value.todo}"
    assert SECRET not in message
    return message


@pytest.mark.parametrize(
    ("url", "host", "port", "database"),
    [
        ("jdbc:mysql://localhost/shop", "localhost", 3306, "shop"),
        ("jdbc:mysql://db-1.shop_net.example.:3307/shop_2", "db-1.shop_net.example.", 3307, "shop_2"),
        ("jdbc:mysql://10.0.0.7:1/a$b-c", "10.0.0.7", 1, "a$b-c"),
        ("jdbc:mysql://[2001:db8::7]:65535/shop?", "2001:db8::7", 65535, "shop"),
    ],
)
def test_host_port_and_database_are_read(url: str, host: str, port: int, database: str) -> None:
    assert Address.of(url) == Address(host, port, database)


@pytest.mark.parametrize(
    "url",
    [
        "jdbc:mariadb://db/shop",
        "mysql://db/shop",
        "jdbc:mysql:replication://db/shop",
        "jdbc:mysql://db",
        "jdbc:mysql://db/",
        "jdbc:mysql:///shop",
        "jdbc:mysql://db1,db2/shop",
        "jdbc:mysql://db1:3306,db2:3306/shop",
        "jdbc:mysql://address=(host=db)(port=3306)/shop",
        "jdbc:mysql://(host=db)/shop",
        "jdbc:mysql://2001:db8::7/shop",
        "jdbc:mysql://[db]/shop",
        "jdbc:mysql://[fe80::1%&allowLocalInfile=true]/shop",
        "jdbc:mysql://300.1.1.1/shop",
        "jdbc:mysql://-db/shop",
        "jdbc:mysql://db..example/shop",
        "jdbc:mysql://db%2Fx/shop",
        "jdbc:mysql://db:/shop",
        "jdbc:mysql://db:0/shop",
        "jdbc:mysql://db:65536/shop",
        "jdbc:mysql://db:x/shop",
        "jdbc:mysql://db/shop/other",
        "jdbc:mysql://db/shop`",
        "jdbc:mysql://db/shop%3FallowLocalInfile=true",
        "jdbc:mysql://db/shop;allowLocalInfile=true",
        "jdbc:mysql://db/shop?tinyInt1isBit=false#allowLocalInfile",
        "jdbc:mysql://db/shop\n",
        " jdbc:mysql://db/shop",
        f"jdbc:mysql://reader:{SECRET}@db/shop",
        f"jdbc:mysql://reader@db/{SECRET}",
    ],
)
def test_any_other_form_is_refused_unseen(url: str) -> None:
    assert "must be jdbc:mysql://host[:port]/database" in refused(url)


@pytest.mark.parametrize("name", ["user", "password", "PASSWORD", "pass%77ord", "%75ser"])
def test_user_and_password_have_settings_of_their_own(name: str) -> None:
    assert "shops.<code>.user and .password" in refused(f"{URL}?{name}={SECRET}")


@pytest.mark.parametrize(
    "name",
    [
        *("allowLoadLocalInfile", "allowLocalInfile", "allowMultiQueries", "autoDeserialize", "sessionVariables", "initSql"),
        *("credentialType", "pool", "localSocket", "socketFactory", "permitRedirect", "createDatabaseIfNotExist", "galeraAllowedState"),
    ],
)
def test_an_option_that_changes_what_a_driver_may_do_is_named(name: str) -> None:
    encoded = f"%{ord(name[0]):02x}{name[1:]}"
    for written in (name, name.upper(), encoded, f"characterEncoding=utf8&{name}"):
        assert name.lower() in refused(f"{URL}?{written}={SECRET}").lower()


@pytest.mark.parametrize("name", ["sslMode", "SSLMODE", "ssl%4Dode", "useSSL", "trustServerCertificate", "serverSslCert", "trustStore"])
def test_an_option_of_tls_is_answered_with_its_setting(name: str) -> None:
    assert "shops.<code>.tls" in refused(f"{URL}?{name}=disable")


@pytest.mark.parametrize("name", [f"{SECRET} x", f"%2561llowLocalInfile{SECRET}", "a" * 41])
def test_what_is_no_name_is_refused_unseen(name: str) -> None:
    assert "unknown option" in refused(f"{URL}?{name}=true")


def test_harmless_options_are_accepted_and_not_passed_on() -> None:
    options = "permitMysqlScheme&tinyInt1isBit=true&zeroDateTimeBehavior=round&useCursorFetch=true&SERVERTIMEZONE=CET&&socketTimeout=0"
    url = f"{URL}?{options}&characterEncoding=utf8&useUnicode=true&connectTimeout=9"
    assert jdbc_url(shop(url=url)) == jdbc_url(shop())


def test_the_jdbc_url_is_made_anew() -> None:
    assert jdbc_url(shop(socket_timeout_seconds=7)) == (
        "jdbc:mysql://db.example:3307/shop?permitMysqlScheme&tinyInt1isBit=false&sessionVariables=time_zone='+00:00'"
        "&allowLocalInfile=false&permitRedirect=false&connectTimeout=5000&socketTimeout=2333&sslMode=disable"
    )
    assert jdbc_url(shop(url="jdbc:mysql://[::1]/s")).startswith("jdbc:mysql://[::1]:3306/s?permitMysqlScheme&")


def test_both_drivers_get_the_authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", SECRET)
    monkeypatch.chdir(tmp_path)
    authority = make_authority(tmp_path / "ca")
    safe = shop(tls="verify-full", tls_ca="ca/ca.pem")
    assert jdbc_url(safe).endswith(f"&sslMode=verify-full&serverSslCert={tmp_path}/ca/ca.pem")
    context = connect_arguments(safe)["ssl"]
    assert [int(found["serialNumber"], 16) for found in context.get_ca_certs()] == [authority.certificate.serial_number]


@pytest.mark.parametrize(
    ("tls", "verify_mode", "checks_name"),
    [("trust", ssl.CERT_NONE, False), ("verify-ca", ssl.CERT_REQUIRED, False), ("verify-full", ssl.CERT_REQUIRED, True)],
)
def test_pymysql_checks_what_the_mode_says(
    monkeypatch: pytest.MonkeyPatch, tls: str, verify_mode: ssl.VerifyMode, checks_name: bool
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", SECRET)
    context = connect_arguments(shop(tls=tls))["ssl"]
    assert (context.verify_mode, context.check_hostname) == (verify_mode, checks_name)


def test_pymysql_is_told_the_same_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", SECRET)
    assert connect_arguments(shop(socket_timeout_seconds=7)) == {
        "host": "db.example",
        "port": 3307,
        "database": "shop",
        "user": "reader",
        "password": SECRET,
        "charset": "utf8mb4",
        "init_command": "SET time_zone = '+00:00'",
        "local_infile": False,
        "connect_timeout": 5,
        "read_timeout": 7,
        "write_timeout": 7,
        "ssl_disabled": True,
    }
    # A question is short even where tables are waited for longer.
    assert connect_arguments(shop(socket_timeout_seconds=600))["read_timeout"] == 60


def test_an_authority_that_nobody_would_look_at_is_refused() -> None:
    for tls in ("disable", "trust"):
        with pytest.raises(ConfigError, match="tls_ca is set"):
            jdbc_url(shop(tls=tls, tls_ca="ca.pem"))
    with pytest.raises(ConfigError, match="must not hold &"):
        jdbc_url(shop(tls="verify-ca", tls_ca="ca.pem&allowLocalInfile=true"))


def test_an_authority_that_cannot_be_read_is_an_access_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", SECRET)
    (tmp_path / "empty.pem").touch()
    for name in ("empty.pem", "none.pem"):
        with pytest.raises(AccessError, match=name) as caught:
            connect_arguments(shop(tls="verify-ca", tls_ca=str(tmp_path / name)))
        assert "tls_ca" in caught.value.todo


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [("localhost", True), ("127.8.8.8", True), ("[::1]", True), ("db.example", False), ("10.0.0.7", False), ("localhost.example", False)],
)
def test_loopback_is_known(host: str, is_loopback: bool) -> None:
    assert Address.of(f"jdbc:mysql://{host}/shop").is_loopback is is_loopback


def test_settings_refuse_such_a_url_at_once() -> None:
    with pytest.raises(ValidationError, match="allowLocalInfile"):
        shop(url=f"{URL}?allowLocalInfile=true")
