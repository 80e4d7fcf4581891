"""Whether everything that is read of a database is there, and what answers. Needs no Spark."""

from collections.abc import Mapping
from dataclasses import dataclass

from lakehouse.io.config.database_settings import DatabaseSettings
from lakehouse.io.mysql.shop_database import MysqlDatabase, never_tried
from lakehouse.io.postgres.postgres_database import PostgresDatabase
from lakehouse.sources.databases.kind import DatabaseKind
from lakehouse.sources.drift import Columns, compare_all, refuse

MYSQL_COLUMNS = "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = %s"


@dataclass(frozen=True)
class DatabaseSource:
    """A database, its server, and the columns of its tables as they were when it was checked. `lag_seconds` as of then; None: unknown."""

    code: str
    settings: DatabaseSettings
    version: str
    is_replica: bool
    lag_seconds: float | None
    columns: Mapping[str, Columns]

    @property
    def kind(self) -> DatabaseKind:
        return self.settings.tables

    @property
    def description(self) -> str:
        """Server, role, age and kind in a few words, for messages. No address and no user is in it."""
        return f"{self.version}{self._age}, kind {self.kind.name}: {self.kind.description}"

    @property
    def _age(self) -> str:
        if not self.is_replica:
            return ""
        if self.lag_seconds is None:
            return ", a replica (how old it is can't be told)"
        return f", a replica {self.lag_seconds:.0f} s behind its primary"

    @property
    def notes(self) -> list[str]:
        """What is not wrong and should be known."""
        return never_tried(self.version)


def check_database(code: str, settings: DatabaseSettings) -> DatabaseSource:
    """All its tables readable with the declared columns; DataError (65), AccessError (77) or SourceAwayError (69) otherwise."""
    source = _postgres(code, settings) if settings.is_postgres else _mysql(code, settings)
    # Of a table without any column the probe has said more.
    refuse(code, compare_all(settings.tables.tables, source.columns, {}))
    return source


def _postgres(code: str, settings: DatabaseSettings) -> DatabaseSource:
    tables = settings.tables.tables
    with PostgresDatabase(code, settings) as database:
        columns = database.columns_there(tables, settings.schema_name)
        # A column of another type would make the probe fail for what it is cast to.
        refuse(code, compare_all([table for table in tables if columns[table.source_name]], columns, {}))
        database.check(tables, settings.schema_name)
        return DatabaseSource(code, settings, database.version(), database.is_replica(), database.lag_seconds(), columns)


def _mysql(code: str, settings: DatabaseSettings) -> DatabaseSource:
    tables = settings.tables.tables
    with MysqlDatabase(code, settings) as database:
        columns = {t.source_name: dict(database.ask(MYSQL_COLUMNS, t.source_name, [t.source_name])) for t in tables}
        for table in tables:
            database.ask(table.probe(""), table.source_name)
        return DatabaseSource(code, settings, database.version(), False, None, columns)
