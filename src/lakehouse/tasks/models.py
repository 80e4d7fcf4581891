"""The versions in the model registry: looked at, and which of them is the champion, changed by hand."""

from pyspark.sql import functions as F

from lakehouse.errors import ConfigError, DataError
from lakehouse.gold import interactions, product_popularity
from lakehouse.io.model_changes import PROMOTE, ROLLBACK, champion_before, model_changes
from lakehouse.io.model_registry import ModelRegistry, Registered
from lakehouse.io.settings import is_registry_made, load_settings
from lakehouse.recommend import customer_products
from lakehouse.recommend.catalogue import CUSTOMER
from lakehouse.recommend.difference import difference
from lakehouse.silver import categories, customers, products
from lakehouse.tasks.inspect import as_table
from lakehouse.tasks.preview import LOOKED_AT, published
from lakehouse.tasks.run import Run
from lakehouse.tasks.score import registered


def overview(env: str) -> str:
    """All versions, newest first: as-of date, champion or not, what the gate said, and each metric that ends with `.ndcg`."""
    versions = _registry(env).registered()
    if not versions:
        raise _no_model()
    metrics = sorted({name for version in versions for name in version.metrics if name.endswith(".ndcg")})
    rows = [
        [
            version.version,
            version.tags.get("run_date", ""),
            _standing(version),
            *(_number(version.metrics.get(name)) for name in metrics),
            version.tags.get("gate", ""),
            version.tags.get("gate_reason", ""),
        ]
        for version in versions
    ]
    return as_table(["version", "trained on", "promoted", *metrics, "gate", "reason"], rows)


def details(env: str, version: str) -> str:
    """One version: its run, tags, parameters, metrics, and the Delta versions that it was trained from."""
    found = _registry(env).find(version)
    head = as_table(["version", found.version], [["promoted", _standing(found)], ["MLflow run", found.run_id]])
    parts = [
        _part(["tag", "value"], [[name, value] for name, value in sorted(found.tags.items())]),
        _part(["parameter", "value"], [[name, value] for name, value in sorted(found.params.items())]),
        _part(["metric", "value"], [[name, _number(value)] for name, value in sorted(found.metrics.items())]),
        _part(["input", "Delta version"], [[name, str(number)] for name, number in sorted(found.inputs.items())]),
    ]
    return "\n\n".join([head, *filter(None, parts)])


def _registry(env: str) -> ModelRegistry:
    """DataError (65) if there is none yet."""
    settings = load_settings(env)
    if not is_registry_made(settings.tracking_uri):
        raise _no_model()
    return ModelRegistry(settings)


def _no_model() -> DataError:
    return DataError("no model was registered yet", "run `lakehouse train`")


def diff(run: Run, version: str) -> str:
    """What the version would change in the published lists of some customers, as Markdown."""
    registry = ModelRegistry(run.settings, run.store)
    registry.find(version)
    before = published(run)
    if before is None:
        raise DataError("no lists of a model are published to compare with", "run `lakehouse night` first")
    people = before.select(*CUSTOMER).distinct().orderBy(F.xxhash64("customer_key"), *CUSTOMER).limit(LOOKED_AT)
    some = run.read(customers.TABLE).join(people, CUSTOMER, "left_semi")
    after = customer_products.build(
        some,
        *(run.read(table) for table in (products.TABLE, interactions.TABLE, product_popularity.TABLE)),
        run_date=run.run_date,
        model=registered(run, registry, registry.version(version)),
        lists=run.params.lists,
        country_smoothing=run.params.popularity.country_smoothing,
        feed_shop=run.settings.feed_shop_code,
    ).persist()
    return difference(before, after, run.read(products.TABLE), run.read(categories.TABLE)).text()


def promote(run: Run, version: str, reason: str) -> str:
    """Make the version champion, whatever the gate said of it. Gives what was done, in words."""
    if not reason.strip():
        raise ConfigError("the reason is empty", "say why with --reason; it is kept in ops.model_changes")
    return _change(run, ModelRegistry(run.settings, run.store), version, PROMOTE, reason.strip())


def rollback(run: Run, reason: str) -> str:
    """Back to the champion before the present one; again: one further back. DataError (65) if none is known."""
    registry = ModelRegistry(run.settings, run.store)
    champion = registry.champions_version()
    if champion is None:
        raise DataError("there is no champion to go back from", "`lakehouse models promote VERSION --reason ...` makes one")
    before = champion_before(model_changes(run.store), champion)
    if before is None:
        raise DataError(
            f"no champion is known before version {champion}", "see `lakehouse models list`, then `lakehouse models promote VERSION`"
        )
    return _change(run, registry, before, ROLLBACK, reason.strip())


def _change(run: Run, registry: ModelRegistry, version: str, kind: str, reason: str) -> str:
    """At once and not at the run's end: nothing else is shown that it must wait for, and a failure is recorded with the run."""
    found = registry.find(version)
    if found.is_champion:
        return f"version {found.version} is the champion already; nothing was changed"
    if "run_date" not in found.tags:
        raise DataError(f"version {found.version} was not made by `lakehouse train`, or its MLflow run is gone", "choose another version")
    replaced = registry.promote(found.version, kind, run.run_id, reason)
    return "\n".join(
        [
            f"version {found.version} (trained on {found.tags['run_date']}) is the champion now; "
            + (f"it replaced version {replaced}" if replaced else "there was none before"),
            *([f"its gate had failed: {found.tags.get('gate_reason', '')}"] if found.tags.get("gate") == "failed" else []),
            f"lists already written keep their model_version; the next `lakehouse score`, or night, uses version {found.version}",
        ]
    )


def _standing(version: Registered) -> str:
    if version.is_champion:
        return "champion"
    return "before" if version.was_promoted else "no"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _part(header: list[str], rows: list[list[str]]) -> str:
    return as_table(header, rows) if rows else ""
