"""What PostgreSQL's errors mean, whichever driver brings them, and that no value of a row is passed on."""

import pytest

from lakehouse.errors import ConfigError, SourceAwayError
from lakehouse.io.config.database_settings import DatabaseSettings
from lakehouse.io.postgres import postgres_reader
from lakehouse.io.postgres.connections import ReadCancelledError, connect_arguments, jdbc_options, translated

URL = "jdbc:postgresql://db.example/erp"


def settings(**changes: object) -> DatabaseSettings:
    return DatabaseSettings.model_validate({"kind": "erp", "url": URL, "user": "reader", "password": "env:ERP_PASSWORD", **changes})


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("ERROR: canceling statement due to conflict with recovery\n  Detail: User query might have needed to see", 69, "ended the read"),
        ("ERROR: canceling statement due to statement timeout", 70, "statement_timeout_seconds"),
        ('ERROR: permission denied for table customers "anna@example.com"', 65, "permission denied for table customers"),
        ("ERROR: permission denied for table Sales Orders\n\tat org.postgresql", 65, "permission denied for table Sales Orders"),
        ("ERROR: permission denied for materialized view stock", 65, "permission denied for materialized view stock"),
        ("ERROR: permission denied for foreign table stock", 65, "permission denied for foreign table stock"),
        ('ERROR: materialized view "stock" has not been populated', 65, "REFRESH MATERIALIZED VIEW"),
        ('ERROR: query would be affected by row-level security policy for table "sales"', 65, 'policy for table "sales" hides rows'),
        ("org.postgresql.util.PSQLException: ERROR: division by zero", 65, "correct the view or the value there"),
        ('ERROR: invalid input syntax for type double precision: "anna"', 65, "(invalid input syntax for type double precision)"),
        ("ERROR: bigint out of range", 65, "(bigint out of range)"),
        ('ERROR: column "colour" does not exist\n  Position: 8', 65, 'column "colour" does not exist'),
        ('ERROR: relation "ERP.Sales Orders" does not exist', 65, 'relation "ERP.Sales Orders" does not exist'),
        ('ERROR: column "Order No." of relation "Sales Orders" does not exist', 65, 'column "Order No." of relation "Sales Orders"'),
        ('FATAL: password authentication failed for user "reader"', 77, "access denied"),
        ('FATAL: database "anna" does not exist', 65, "no such database"),
        ("The server does not support SSL.", 77, "offers no TLS"),
        ("java.security.cert: PKIX path building failed", 77, "certificate does not verify"),
        ("Connection to 127.0.0.1:1 refused. Check that the hostname and port are correct", 69, "does not answer"),
        ("FATAL: terminating connection due to administrator command", 69, "does not answer"),
        ('ERROR: invalid snapshot identifier: "00000003-0000001B-1"', 69, "snapshot that is read is gone"),
        ("org.postgresql.util.PSQLException: ERROR: invalid input: anna@example.com", 70, "PSQLException"),
    ],
)
def test_an_error_has_its_exit_code_and_holds_no_value(text: str, code: int, said: str) -> None:
    error = translated(text, "erp")
    assert (error.exit_code, said in f"{error} {error.todo}", "anna" in f"{error} {error.todo}") == (code, True, False)


@pytest.mark.parametrize(("state", "said"), [("42501", "lakehouse grants erp"), ("42P01", "schema_name"), ("42703", "schema_name")])
def test_a_server_of_another_language_is_understood_by_its_sqlstate(state: str, said: str) -> None:
    error = translated("FEHLER: keine Berechtigung, oder nicht da: anna", "erp", state)
    assert (error.exit_code, said in error.todo, "anna" in f"{error} {error.todo}") == (65, True, False)


def test_a_replica_that_ends_the_read_is_read_again_and_at_last_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_reader, "WAITS", (0, 0))
    folders: list[str] = []

    def ends(failures: int) -> object:
        folders.clear()

        def once(*given: object) -> str:
            folders.append(str(given[-1]))
            if len(folders) <= failures:
                raise ReadCancelledError("the replica ended the read")
            return "rows"

        monkeypatch.setattr(postgres_reader, "_read_once", once)
        return postgres_reader.read_tables(None, "erp", settings(), (), "staged")  # type: ignore[arg-type]

    assert ends(2) == "rows"
    assert folders == ["staged/0", "staged/1", "staged/2"], "what was half read is not read again"
    with pytest.raises(SourceAwayError) as caught:
        ends(3)
    assert "max_standby_streaming_delay" in caught.value.todo


def test_both_drivers_are_told_the_same_of_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERP_PASSWORD", "x")
    modes = {tls: (jdbc_options(settings(tls=tls)), connect_arguments(settings(tls=tls))) for tls in ("disable", "trust", "verify-full")}
    assert {tls: (jdbc["sslmode"], probe["sslmode"]) for tls, (jdbc, probe) in modes.items()} == {
        "disable": ("disable", "disable"),
        "trust": ("require", "require"),
        "verify-full": ("verify-full", "verify-full"),
    }
    jdbc, probe = modes["verify-full"]
    assert (jdbc["sslfactory"], probe["sslrootcert"]) == ("org.postgresql.ssl.DefaultJavaSSLFactory", "system")
    own = settings(tls="verify-ca", tls_ca="/etc/ca.pem")
    assert jdbc_options(own)["sslrootcert"] == connect_arguments(own)["sslrootcert"] == "/etc/ca.pem"
    with pytest.raises(ConfigError):
        connect_arguments(settings(tls_ca="/etc/ca.pem"))


@pytest.mark.parametrize(
    "url", ["jdbc:postgresql://db/erp?user=x", "jdbc:postgresql://db/erp?sslmode=disable", "jdbc:postgresql://a,b/erp"]
)
def test_a_url_says_where_and_nothing_else(url: str) -> None:
    with pytest.raises(ValueError, match=r"databases|URL"):
        settings(url=url)
    assert (settings().address.port, settings().is_postgres) == (5432, True)
