"""Questions to a lake, answered as text."""

import csv
import io
import json
from pathlib import Path

from pyspark.errors import AnalysisException, ParseException

from lakehouse.errors import ConfigError, DataError, WriteError
from lakehouse.inspect.answers import Answer, answer
from lakehouse.inspect.text_tables import as_table, plain
from lakehouse.io.config.database_address import Address
from lakehouse.io.config.settings import load_settings
from lakehouse.lake import Lake
from lakehouse.sources.woocommerce import TABLES
from lakehouse.sources.woocommerce.grants import grants
from lakehouse.sources.woocommerce.stores import HPOS, LEGACY

FORMATS = ("table", "csv", "json")


def tables(env: str) -> str:
    """Published tables with version, number of rows and grain."""
    from lakehouse.inspect.dictionary import declared  # it knows the whole flow, which takes a while to import

    lake = Lake(load_settings(env))
    if not lake.published:
        raise DataError("nothing is published yet", "run `lakehouse night`")
    grains = {name: table.grain for name, table in declared().items()}
    rows = [
        [name, str(head.version), str(lake.store.count(name, head.version)), grains.get(name, "")]
        for name, head in sorted(lake.published.items())
    ]
    return as_table(["table", "version", "rows", "one row is"], rows)


def query(env: str, sql: str, output: str, engine: str = "auto") -> str:
    """The rows of a query in one of FORMATS."""
    if output not in FORMATS:
        raise ConfigError(f"unknown format {output}", f"use one of {', '.join(FORMATS)}")
    try:
        return as_text(answer(Lake(load_settings(env)), sql, engine), output)
    except (AnalysisException, ParseException) as error:
        raise ConfigError(
            f"the query is not understood: {str(error).splitlines()[0]}",
            "`lakehouse tables` lists tables, `lakehouse describe TABLE` columns",
        ) from None


def save(text: str, path: str) -> None:
    try:
        Path(path).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise WriteError(f"cannot write {path}: {error.strerror}") from None


def grant_statements(env: str, shop_code: str, store: str) -> str:
    """The statements for the user in the settings, connecting from anywhere; narrow the host where you can."""
    shops = load_settings(env).shops
    if shop_code not in shops:
        raise ConfigError(f"there is no shop {shop_code} in the settings of {env}", f"known: {', '.join(shops)}")
    shop, stores = shops[shop_code], {known.name: known for known in (HPOS, LEGACY)}
    if store not in stores:
        raise ConfigError(f"unknown store of orders {store}", f"use one of {', '.join(stores)}")
    since = {
        table.source_name: f"  -- from WooCommerce {'.'.join(map(str, table.since))} on; without it, leave this out"
        for table in TABLES
        if table.since
    }
    found = grants(Address.of(shop.url).database, shop.prefix, f"'{shop.user}'@'%'", stores[store], shop.users_prefix)
    return "\n".join(f"{grant};{since.get(table, '')}" for table, grant in found.items())


def as_text(found: Answer, output: str = "table") -> str:
    """The rows in one of FORMATS."""
    rows = [[plain(value) for value in row] for row in found.rows]
    if output == "json":
        return "\n".join(json.dumps(dict(zip(found.names, row, strict=True)), default=str, ensure_ascii=False) for row in rows)
    if output == "csv":
        buffer = io.StringIO()
        csv.writer(buffer).writerows([found.names, *rows])
        return buffer.getvalue().rstrip("\r\n")
    return as_table(list(found.names), [["" if value is None else str(value) for value in row] for row in rows])
