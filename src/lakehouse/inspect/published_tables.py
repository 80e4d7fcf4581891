"""Questions to a lake, answered as text."""

from pathlib import Path

from pyspark.errors import AnalysisException, ParseException

from lakehouse.errors import ConfigError, DataError, WriteError
from lakehouse.inspect.answers import answer
from lakehouse.inspect.text_tables import RowFormat, as_rows
from lakehouse.io.config.database_address import Address
from lakehouse.io.config.database_settings import DatabaseSettings
from lakehouse.io.config.settings import load_settings
from lakehouse.lake import Lake
from lakehouse.sources.databases import postgres_sql
from lakehouse.sources.woocommerce import TABLES
from lakehouse.sources.woocommerce.grants import grants, grants_on, optional_grants
from lakehouse.sources.woocommerce.stores import HPOS, LEGACY


def tables(env: str, output: RowFormat = RowFormat.TABLE) -> str:
    """Published tables with version, number of rows and grain."""
    from lakehouse.pipeline.declared import declared  # it knows the whole flow, which takes a while to import

    lake = Lake(load_settings(env))
    if not lake.published:
        raise DataError("nothing is published yet", "run `lakehouse night`")
    grains = {name: table.grain for name, table in declared().items()}
    rows = [
        [name, head.version, lake.store.count(name, head.version), grains.get(name, "")] for name, head in sorted(lake.published.items())
    ]
    return as_rows(["table", "version", "rows", "one row is"], rows, output)


def query(env: str, sql: str, output: RowFormat, engine: str = "auto") -> str:
    """The rows of a query. ConfigError (2) for one that is not understood."""
    try:
        found = answer(Lake(load_settings(env)), sql, engine)
    except (AnalysisException, ParseException) as error:
        raise ConfigError(
            f"the query is not understood: {str(error).splitlines()[0]}",
            "`lakehouse tables` lists tables, `lakehouse describe TABLE` columns",
        ) from None
    return as_rows(found.names, found.rows, output)


def save(text: str, path: str) -> None:
    """Write text to a file. WriteError (73) if that is not possible."""
    try:
        Path(path).write_text(text and text + "\n", encoding="utf-8")
    except OSError as error:
        raise WriteError(f"cannot write {path}: {error.strerror}") from None


def grant_statements(env: str, shop_code: str, store: str) -> str:
    """The statements for the user in the settings, connecting from anywhere; narrow the host where you can."""
    settings = load_settings(env)
    shops = settings.shops
    if shop_code in settings.databases:
        return database_grants(settings.databases[shop_code])
    if shop_code not in shops:
        raise ConfigError(f"there is no shop {shop_code} in the settings of {env}", f"known: {', '.join([*shops, *settings.databases])}")
    shop, stores = shops[shop_code], {known.name: known for known in (HPOS, LEGACY)}
    if store not in stores:
        raise ConfigError(f"unknown store of orders {store}", f"use one of {', '.join(stores)}")
    since = {
        table.source_name: f"  -- from WooCommerce {'.'.join(map(str, table.since))} on; without it, leave this out"
        for table in TABLES
        if table.since
    }
    database, account = Address.of(shop.url).database, f"'{shop.user}'@'%'"
    found = grants(database, shop.prefix, account, stores[store], shop.users_prefix)
    lines = [f"{grant};{since.get(table, '')}" for table, grant in found.items()]
    of_network = optional_grants(database, shop.prefix, account, shop.users_prefix)
    lines += [f"{grant};  -- of a network of sites (multisite); elsewhere leave this out" for grant in of_network.values()]
    return "\n".join(lines)


def database_grants(settings: DatabaseSettings) -> str:
    """The same for a database of another kind."""
    tables = settings.tables.tables
    if settings.is_postgres:
        found = postgres_sql.grants(tables, settings.schema_name, settings.user)
    else:
        found = list(grants_on(settings.address.database, f"'{settings.user}'@'%'", tables).values())
    return "\n".join(f"{grant};" for grant in found)
