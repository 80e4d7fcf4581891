"""A small demo shop, a lake for it, and commands run on it as its user would."""

import contextlib
import io
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import SparkSession

from lakehouse.cli import main
from lakehouse.demo.store.server import Server
from lakehouse.demo.store.shop import create_reader
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.sources.woocommerce.grants import grants, optional_grants
from lakehouse.sources.woocommerce.stores import HPOS, LEGACY
from tests.support.demo_shop import Shop, make_shop

PASSWORD = "not a secret, a test's"


@dataclass(frozen=True)
class DemoLake:
    """The shop, the folder of all roots, and the variables under which commands find them."""

    shop: Shop
    folder: Path
    environment: dict[str, str]

    def command(self, *arguments: str, **changes: str) -> tuple[int, str]:
        """Run `lakehouse …` in this process: exit code and what it wrote to stderr. `changes` are further variables."""
        with self.entered(changes), contextlib.redirect_stderr(io.StringIO()) as errors, contextlib.redirect_stdout(io.StringIO()):
            try:
                main([*arguments])
                code = 0
            except SystemExit as stop:
                code = int(stop.code or 0)
        return code, errors.getvalue()

    def output(self, *arguments: str) -> str:
        with self.entered({}), contextlib.redirect_stdout(io.StringIO()) as out:
            main([*arguments])
        return out.getvalue()

    @contextlib.contextmanager
    def entered(self, changes: dict[str, str]) -> Iterator[None]:
        before = dict(os.environ)
        os.environ.update({**self.environment, **changes})
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def pack(self, campaign: str = "email") -> Path:
        """The folder of the pack that marketing is to take."""
        place = self.folder / "export" / campaign
        return place / str(json.loads((place / "latest.json").read_text(encoding="utf-8"))["pack"])

    def store(self, spark: SparkSession) -> DeltaStore:
        return DeltaStore(spark, TableResolver(str(self.folder / "lake"), str(self.folder / "vault")))


def make_lake(server: Server, database: str, folder: Path) -> DemoLake:
    """A shop of its own, and an empty lake."""
    return lake_for(make_shop(server, database, folder / "truth"), folder)


def lake_for(shop: Shop, folder: Path) -> DemoLake:
    """An empty lake for a shop that is there."""
    there = {table for (table,) in shop.rows("SHOW TABLES")}
    store = HPOS if "wp_wc_orders" in there else LEGACY
    reader = f"{shop.database}_reader"  # one a shop: making it anew takes all other rights away
    found = grants(shop.database, "wp_", f"'{reader}'@'127.0.0.1'", store)
    rights = [grant for name, grant in found.items() if f"wp_{name}" in there]
    if "spam" in {row[0] for row in shop.rows("SHOW COLUMNS FROM wp_users")}:
        rights += optional_grants(shop.database, "wp_", f"'{reader}'@'127.0.0.1'").values()
    create_reader(shop.server, shop.database, reader, PASSWORD, rights)
    environment = {f"LAKEHOUSE_{name.upper()}_ROOT": str(folder / name) for name in ("lake", "vault", "export")}
    environment |= {
        "LAKEHOUSE_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
        "LAKEHOUSE_SHOPS__NL__URL": f"jdbc:mysql://127.0.0.1:{shop.server.port}/{shop.database}",
        "LAKEHOUSE_SHOPS__NL__USER": reader,
        "LAKEHOUSE_SHOPS__NL__PASSWORD": "env:DEMO_PASSWORD",
        "LAKEHOUSE_SHOPS__NL__PREFIX": "wp_",
        "LAKEHOUSE_SHOPS__NL__TIME_ZONE": "Europe/Amsterdam",
        "LAKEHOUSE_SHOPS__NL__LEGAL_GROUND": "existing_customers",
        "DEMO_PASSWORD": PASSWORD,
    }
    return DemoLake(shop, folder, environment)


def copy_of(lake: DemoLake, to: DemoLake) -> DemoLake:
    """The empty lake `to` with everything that the first one has: tables, packs, key and models."""
    for name in ("lake", "vault", "export"):
        shutil.copytree(lake.folder / name, to.folder / name)
    for name in ("vault.key", "mlflow.db"):
        shutil.copy(lake.folder / name, to.folder / name)
    return to


def assert_equal_tables(one: DeltaStore, other: DeltaStore, *layers: str) -> None:
    """The same tables with the same rows."""
    names = table_names(one, *layers)
    assert names == table_names(other, *layers)
    for name in names:
        rows, others = (sorted(map(str, store.arrow(name).to_pylist())) for store in (one, other))
        assert rows == others, name


def table_names(store: DeltaStore, *layers: str) -> list[str]:
    found = [f"{layer}.{path.name}" for layer in layers for path in Path(store.tables.folder(f"{layer}.x")).parent.iterdir()]
    assert len(found) > 5
    return sorted(found)
