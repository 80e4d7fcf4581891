"""Vendors' files and databases → bronze and vault: all feeds, then all shops and other databases of the settings, one after the other."""

from collections.abc import Collection, Iterator

from lakehouse.errors import ConfigError, LakehouseError
from lakehouse.incident import WARNING, Incident
from lakehouse.io.delta.delta_store import TableVersion
from lakehouse.io.host import logs
from lakehouse.ops.source_schema import check_columns, frozen, last_columns
from lakehouse.runs.stage import RunContext, StageResult, both, having_done
from lakehouse.sources.databases.entities import ENTITIES
from lakehouse.sources.woocommerce import TABLES
from lakehouse.stages.ingest_database.database_source import check_database
from lakehouse.stages.ingest_database.mirror_database import DatabaseMirroring
from lakehouse.stages.ingest_files.land_files import land_files
from lakehouse.stages.ingest_shop.mirror_shop import Mirroring, start_again
from lakehouse.stages.ingest_shop.shop_source import ShopSource, check_shop, missing_rights


def ingest(run: RunContext, in_full: bool = False, accept_deletes: Collection[str] = ()) -> StageResult:
    """Land all new files, then mirror all shops and databases: a shop that is away keeps no vendor waiting for the reply.

    Before that, replicas that a killed run left stopped are started.
    Every shop's rights, tables and columns are checked before the first table of any is read. `in_full` reads all orders, not only
    tonight's part. `accept_deletes` names tables that may lose more than the settings allow.
    """
    accepted = _table_names(accept_deletes)
    stood_still = [code for code in run.settings.shops if _starts_again(run, code)]
    landed = land_files(run)
    with having_done(landed):
        return both(landed, _mirror_shops(run, in_full, accepted, stood_still))


def _mirror_shops(run: RunContext, in_full: bool, accepted: Collection[str], stood_still: Collection[str]) -> StageResult:
    logs.set_current_step("ingest")
    sources = [check_shop(code, shop) for code, shop in run.settings.shops.items()]
    for source in sources:
        check_columns(source.code, frozen(source.settings), source.tables, source.columns, last_columns(run.store, source.code))
    databases = [check_database(code, settings) for code, settings in run.settings.databases.items()]
    for database in databases:
        before = last_columns(run.store, database.code)
        check_columns(database.code, set(database.settings.freeze), database.kind.tables, database.columns, before)
    outputs: dict[str, TableVersion] = {}
    for source in sources:
        outputs |= Mirroring(run, source, in_full, accepted, source.code in stood_still).mirror()
    for database in databases:
        outputs |= DatabaseMirroring(run, database, accepted).mirror()
    alarms = [alarm for source in sources for alarm in alarms_of_rights(source)]
    cleared = {_rights_key(source.code) for source in sources} - {alarm.key for alarm in alarms}
    return StageResult(outputs, alarms=tuple(alarms), cleared=frozenset(cleared))


def alarms_of_rights(source: ShopSource) -> Iterator[Incident]:
    """What is read as if it were not there, until somebody gives the right to it."""
    for missing in missing_rights(source):
        todo = f"`lakehouse grants {source.code}` prints the statements that give it; nights go on without"
        yield Incident(_rights_key(source.code), WARNING, f"shop {source.code}: {missing}", todo, "ingest", is_standing=True)


def _rights_key(code: str) -> str:
    return f"shop:{code}:rights"


def _starts_again(run: RunContext, code: str) -> bool:
    """First of all, whatever else fails. If it can't be done now, the reading of that shop tries again and says why not."""
    try:
        return start_again(run, code)
    except LakehouseError as error:
        logs.warn(f"{error} -> {error.todo}")
        return False


def _table_names(given: Collection[str]) -> set[str]:
    """Tables as they are declared; they may be given as `orders` or `bronze.woo__orders`. ConfigError (2) for one that is not there."""
    names = {name.split(".")[-1].removeprefix("woo__") for name in given}
    tables = [*(table.name for table in TABLES), *(entity.bronze.name.removeprefix("bronze.") for entity in ENTITIES)]
    if unknown := names - set(tables):
        known = ", ".join(tables)
        raise ConfigError(f"--accept-deletes: there is no table {', '.join(sorted(unknown))}", f"known: {known}")
    return names
