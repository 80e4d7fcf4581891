"""What doctor says of a database of another kind, on real servers."""

from pathlib import Path

import pytest
from tests.support.erp import make_erp
from tests.support.portal import make_portal
from tests.support.postgres import PASSWORD, PostgresServer

from lakehouse.demo.store.server import Server
from lakehouse.inspect.doctor.database import check
from lakehouse.inspect.published_tables import database_grants
from lakehouse.io.config.database_settings import DatabaseSettings

pytestmark = pytest.mark.database


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file that only we can read."""
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    file.chmod(0o600)
    return file


def test_a_database_that_is_as_it_should_be_is_one_line(postgres: PostgresServer, secret: Path) -> None:
    erp = erp_of(postgres, "doctor_erp", secret)
    (line,) = check("erp", erp).splitlines()
    assert line.startswith("PostgreSQL ") and line.endswith("5 tables readable with the declared columns")


def test_an_account_that_may_do_more_than_read_and_an_open_password_are_told(postgres: PostgresServer, secret: Path) -> None:
    erp = erp_of(postgres, "doctor_erp", secret)
    postgres.run("doctor_erp", "GRANT UPDATE (notes), DELETE ON customers TO reader", "GRANT CREATE ON DATABASE doctor_erp TO reader")
    secret.chmod(0o644)
    _, rights, opened = check("erp", erp).splitlines()
    assert "(CREATE, DELETE, UPDATE)" in rights and "lakehouse grants erp" in rights
    assert opened == f"every user of this machine can read {secret}: chmod 600 it"
    _, rights, _ = check("erp", erp.model_copy(update={"user": "postgres"})).splitlines()
    assert "SUPERUSER" in rights


def test_a_database_on_mysql_is_asked_the_same(server: Server, secret: Path) -> None:
    make_portal(server, "doctor_portal")
    url = f"jdbc:mysql://127.0.0.1:{server.port}/doctor_portal"
    portal = DatabaseSettings(kind="portal", url=url, user="portal_reader", password=f"file:{secret}")
    with server.connect() as connection, connection.cursor() as cursor:
        for statement in database_grants(portal).splitlines():
            cursor.execute(statement)
        (line,) = check("b2b", portal).splitlines()
        assert line.startswith("MariaDB ") and line.endswith("4 tables readable with the declared columns")
        cursor.execute("GRANT DELETE ON doctor_portal.* TO portal_reader@'%'")
        _, rights = check("b2b", portal).splitlines()
    assert "(DELETE)" in rights


def erp_of(postgres: PostgresServer, database: str, secret: Path) -> DatabaseSettings:
    make_erp(postgres, database)
    erp = DatabaseSettings(kind="erp", url=postgres.url(database), user="reader", password=f"file:{secret}")
    postgres.run(database, *database_grants(erp).splitlines())
    return erp
