"""What the lake itself says: runs without an end, catalogs that answer."""

from pyspark.errors import PySparkException

from lakehouse.errors import ConfigError
from lakehouse.inspect.problems import AT_WORK, problems_of_open_runs
from lakehouse.inspect.status import open_runs_of
from lakehouse.io.config.settings import Settings
from lakehouse.io.host import lock
from lakehouse.io.spark.session import is_small_lake, spark_session
from lakehouse.lake import Lake
from lakehouse.ops.history import History


def check_runs(lake: Lake) -> str:
    """The newest run, and a note for each that has no end: one that was killed is made good by the next run."""
    history = History(lake.store)
    if not history.runs:
        return "none yet"
    open_runs = open_runs_of(history, lock.is_held(lake.settings.lake_root, lake.settings.lock))
    at_work = [f"{each.run.title} is at work" for each in open_runs if each.state == AT_WORK]
    notes = [f"{problem.what}: {problem.todo}" for problem in problems_of_open_runs(open_runs)]
    newest = history.runs[0]
    return "\n".join([f"{len(history.runs)}, the newest is {newest.title}: {newest.status}", *at_work, *notes])


def check_catalogs(settings: Settings) -> str:
    """The schemas of the catalogs in the settings. ConfigError (2) for one that Spark can't list."""
    names = [name for name in (settings.catalog, settings.vault_catalog) if name]
    return (
        "; ".join(f"{name} with {', '.join(_schemas(settings, name)) or 'no schema yet'}" for name in names) or "none: tables are folders"
    )


def _schemas(settings: Settings, catalog: str) -> list[str]:
    try:
        spark = spark_session(settings, is_small=is_small_lake(settings))
        return sorted(str(row[0]) for row in spark.sql(f"SHOW SCHEMAS IN `{catalog}`").collect())
    except PySparkException as error:
        todo = f"check the name, the property spark.sql.catalog.{catalog}, and the right to use the catalog"
        raise ConfigError(f"catalog {catalog} can't be listed ({error.getCondition() or type(error).__name__})", todo) from None
