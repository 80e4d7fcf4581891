"""What a database of another kind says: what is read of it, whose clock is wrong, what its user may do that no night needs."""

from datetime import UTC, datetime

from lakehouse.inspect.doctor.shop import clock_note, more_than_reading, rights_notes
from lakehouse.io.config.database_settings import DatabaseSettings
from lakehouse.io.config.secrets import open_secrets
from lakehouse.io.mysql.shop_database import MysqlDatabase
from lakehouse.io.postgres.postgres_database import PostgresDatabase
from lakehouse.stages.ingest_database.database_source import check_database

# What the account may do beside reading, by itself or by a role that it has, in this database.
MORE_ON_POSTGRES = """
SELECT attribute FROM pg_roles, LATERAL (
  VALUES ('SUPERUSER', rolsuper), ('CREATEDB', rolcreatedb), ('CREATEROLE', rolcreaterole), ('REPLICATION', rolreplication)
) AS one (attribute, has) WHERE rolname = current_user AND has
UNION
SELECT may FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS may
WHERE c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' AND CASE
  WHEN may IN ('INSERT', 'UPDATE') THEN has_any_column_privilege(c.oid, may) ELSE has_table_privilege(c.oid, may)
END
UNION
SELECT 'CREATE' WHERE has_database_privilege(current_database(), 'CREATE')
"""


def check(code: str, settings: DatabaseSettings) -> str:
    """What was found, and notes. DataError (65), SourceAwayError (69) or AccessError (77) if it can't be read now."""
    source = check_database(code, settings)
    found = f"{source.description}; {len(source.kind.tables)} tables readable with the declared columns"
    now, rights = _postgres(code, settings) if settings.is_postgres else _mysql(code, settings)
    clock = clock_note(now, datetime.now(UTC))
    return "\n".join([found, *source.notes, *clock, *rights, *open_secrets([settings.password])])


def _postgres(code: str, settings: DatabaseSettings) -> tuple[datetime, list[str]]:
    with PostgresDatabase(code, settings) as database:
        return database.now(), more_than_reading(code, (str(right) for (right,) in database.ask(MORE_ON_POSTGRES)))


def _mysql(code: str, settings: DatabaseSettings) -> tuple[datetime, list[str]]:
    with MysqlDatabase(code, settings) as database:
        return database.now(), rights_notes(code, (str(grant) for (grant,) in database.ask("SHOW GRANTS", "rights")))
