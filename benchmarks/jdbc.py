"""What reading a shop's tables costs client and database: this project's reader beside connectorx and beside Spark's reader as it comes.

    python benchmarks/jdbc.py --rows 5000000        # a private MariaDB in a temporary folder, some GB
    python benchmarks/jdbc.py --server-port 3306    # one on this machine that lets root in without a password; tables are kept

connectorx is no dependency: `pip install --no-deps --target DIR connectorx`, then run with PYTHONPATH=DIR; without it its rows are
left out. Every contestant is a fresh process, and of its runs the one with the least client CPU counts. CPU-seconds bear a busy
machine, wall time does not.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pymysql
from pyspark.sql import SparkSession
from pyspark.sql.types import DataType

from lakehouse.demo.store.server import start, stop
from lakehouse.io.config.settings import Settings, read_conf
from lakehouse.io.config.shop_settings import ShopSettings
from lakehouse.io.mysql.database_url import jdbc_url
from lakehouse.io.mysql.jdbc import Query, stage
from lakehouse.io.mysql.key_ranges import key_ranges
from lakehouse.io.mysql.shop_database import ShopDatabase
from lakehouse.io.spark.session import spark_session
from lakehouse.stages.ingest_shop.read_shop import ROWS_A_RANGE
from lakehouse.table import DOUBLE, INTEGER, LONG, STRING, TIMESTAMP, Column

DATABASE, USER, PASSWORD = "jdbc_benchmark", "jdbc_benchmark", "of-the-benchmark"
CONNECTIONS = 2
OURS, CONNECTORX, CONNECTORX_PARQUET, DEFAULT = "ours", "connectorx", "connectorx + parquet", "spark default"
HEAPS = {OURS: "1g", DEFAULT: "8g"}
# Ids grow with a hole after every third one and a wide one after every ten thousandth, as deleted and never finished orders leave them.
ID = "seq + seq DIV 3 + 50000 * (seq DIV 10000)"

AMOUNT = "ROUND((seq * 31 % 9973 + 100) * {share}, 2)"
SIZES = "ELT(1 + seq % 4, 'S', 'M', 'L', 'XL')"
TYPES = "ELT(1 + seq % 4, 'tax', 'shipping', 'line_item', 'line_item')"


@dataclass(frozen=True)
class Shape:
    """A table of WooCommerce: columns as (name, SQL type, Spark type, SQL of its value by `seq`), the first one its key."""

    name: str
    columns: tuple[tuple[str, str, DataType, str], ...]

    @property
    def key(self) -> str:
        return self.columns[0][0]

    @property
    def names(self) -> str:
        return ", ".join(f"`{name}`" for name, *_ in self.columns)

    def make(self, table: str, rows: int) -> list[str]:
        types = ", ".join(f"`{name}` {sql} NOT NULL" for name, sql, *_ in self.columns)
        values = ", ".join(value for *_, value in self.columns)
        create = f"CREATE TABLE `{table}` ({types}, PRIMARY KEY (`{self.key}`)) ENGINE=InnoDB"
        return [create, f"INSERT INTO `{table}` SELECT {values} FROM seq_1_to_{rows}", f"ANALYZE TABLE `{table}`"]


SHAPES = (
    Shape(
        "order_product_lookup",
        (
            ("order_item_id", "bigint unsigned", LONG, ID),
            ("order_id", "bigint unsigned", LONG, "1000 + seq DIV 3"),
            ("product_id", "bigint unsigned", LONG, "1 + seq * 7919 % 4000"),
            ("variation_id", "bigint unsigned", LONG, "IF(seq % 4 = 0, 5000 + seq % 900, 0)"),
            ("customer_id", "bigint unsigned", LONG, "1 + seq * 104729 % 600000"),
            ("date_created", "datetime", TIMESTAMP, "'2019-01-01 08:00:00' + INTERVAL seq * 41 SECOND"),
            ("product_qty", "int", INTEGER, "1 + seq % 5"),
            ("product_net_revenue", "double", DOUBLE, AMOUNT.format(share="0.01")),
            ("product_gross_revenue", "double", DOUBLE, AMOUNT.format(share="0.0121")),
            ("coupon_amount", "double", DOUBLE, AMOUNT.format(share="0.001 * (seq % 9 = 0)")),
            ("tax_amount", "double", DOUBLE, AMOUNT.format(share="0.0021")),
            ("shipping_amount", "double", DOUBLE, AMOUNT.format(share="0.0005")),
            ("shipping_tax_amount", "double", DOUBLE, AMOUNT.format(share="0.0001")),
        ),
    ),
    Shape(
        "order_items",
        (
            ("order_item_id", "bigint unsigned", LONG, ID),
            ("order_item_name", "text", STRING, f"CONCAT('Organic cotton T-shirt no. ', seq * 7919 % 4000, ' – ', {SIZES})"),
            ("order_item_type", "varchar(200)", STRING, TYPES),
            ("order_id", "bigint unsigned", LONG, "1000 + seq DIV 5"),
        ),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """CPU-seconds of client (all its processes) and database, seconds by the clock, and the client's peak memory in MB."""

    client: float
    database: float
    wall: float
    memory: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--server-port", type=int)
    parser.add_argument("--contestant", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contestant:
        return run_contestant(*options.contestant)
    contestants = [OURS, DEFAULT]
    if find_spec("connectorx"):
        contestants[1:1] = [CONNECTORX, CONNECTORX_PARQUET]
    else:
        print("connectorx is not there: pip install --no-deps --target DIR connectorx; PYTHONPATH=DIR python benchmarks/jdbc.py")
    with database(options.server_port) as (port, ask):
        one_row = fill(ask, SHAPES[0], 1)
        starts = {contestant: best(contestant, SHAPES[0], one_row, 1, port, ask, options.repeat) for contestant in contestants}
        print_costs("starting, connecting, and one row read by the same code", starts, 1)
        for shape in SHAPES:
            table = fill(ask, shape, options.rows)
            costs = {contestant: best(contestant, shape, table, options.rows, port, ask, options.repeat) for contestant in contestants}
            print_costs(f"{shape.name}, {options.rows:,} rows; start included", costs, options.rows)
            print_ratios(costs, starts)


@contextmanager
def database(port: int | None) -> Iterator[tuple[int, Callable[[str], Any]]]:
    """Its port, and a function that runs a statement as root."""
    with tempfile.TemporaryDirectory() as folder:
        # All rows in memory: what is measured is reading from the database, not from its disk.
        server = None if port else start(Path(folder), options=("--innodb-buffer-pool-size=2G",))
        try:
            root = server.connect() if server else pymysql.connect(host="127.0.0.1", port=port or 0, user="root", autocommit=True)
            with root, root.cursor() as cursor:

                def ask(sql: str) -> tuple[tuple[Any, ...], ...]:
                    cursor.execute(sql)
                    return cursor.fetchall()

                ask(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
                ask(f"USE {DATABASE}")
                ask(f"CREATE USER IF NOT EXISTS {USER}@'%' IDENTIFIED BY '{PASSWORD}'")
                ask(f"GRANT SELECT ON {DATABASE}.* TO {USER}@'%'")
                yield server.port if server else port or 0, ask
        finally:
            if server:
                stop(server.folder)


def fill(ask: Callable[[str], Any], shape: Shape, rows: int) -> str:
    """The name of a table with so many rows, made unless it is there."""
    table = f"{shape.name}_{rows}"
    if not ask(f"SHOW TABLES LIKE '{table}'"):
        for statement in shape.make(table, rows):
            ask(statement)
        # Writing back what was just filled in would be counted as reading.
        ask("SET GLOBAL innodb_max_dirty_pages_pct_lwm = 0, GLOBAL innodb_max_dirty_pages_pct = 0")
        while int(ask("SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'")[0][1]) > 100:
            time.sleep(0.5)
    assert ask(f"SELECT COUNT(*) FROM `{table}`")[0][0] == rows
    return table


def best(contestant: str, shape: Shape, table: str, rows: int, port: int, ask: Callable[[str], Any], repeat: int) -> Cost:
    """Of the run with the least client CPU."""
    pid = int(Path(ask("SELECT @@pid_file")[0][0]).read_text())
    costs = []
    for _ in range(repeat):
        with tempfile.TemporaryDirectory() as folder:
            before, started = process_seconds(pid), time.monotonic()
            command = [sys.executable, __file__, "--contestant", contestant, table, str(port), folder]
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            used, wall = process_seconds(pid) - before, time.monotonic() - started
            if done.returncode:
                raise SystemExit(done.stdout)
            found = json.loads((Path(folder) / "result.json").read_text())
        if found.pop("rows") != rows:
            raise SystemExit(f"{contestant} did not read all rows of {table}")
        costs.append(Cost(database=used, wall=wall, **found))
    return min(costs, key=lambda cost: cost.client)


def run_contestant(contestant: str, table: str, port: str, folder: str) -> None:
    """Reads the table and leaves its own costs and the rows it got in result.json."""
    shape = next(shape for shape in SHAPES if table.startswith(f"{shape.name}_"))
    staged, jvm = f"{folder}/staged", None
    if contestant in HEAPS:
        spark = session(folder, HEAPS[contestant], int(port))
        jvm = spark.sparkContext._gateway.proc.pid  # type: ignore[union-attr]
        (read_ours if contestant == OURS else read_as_spark_does)(spark, shape, table, shop(int(port)), staged)
        rows = 0
    else:
        rows = read_with_connectorx(shape, table, int(port), staged if contestant == CONNECTORX_PARQUET else None)
    own = resource.getrusage(resource.RUSAGE_SELF)
    found = {
        "client": own.ru_utime + own.ru_stime + (process_seconds(jvm) if jvm else 0),
        "memory": (own.ru_maxrss + (peak_kilobytes(jvm) if jvm else 0)) / 1024,
    }
    rows = rows or sum(pq.ParquetFile(file).metadata.num_rows for file in Path(staged).rglob("*.parquet"))
    (Path(folder) / "result.json").write_text(json.dumps({**found, "rows": rows}))


def read_ours(spark: SparkSession, shape: Shape, table: str, shop: ShopSettings, staged: str) -> None:
    with ShopDatabase("nl", shop) as database:
        ranges = key_ranges(lambda sql: database.ask(sql, table), table, shape.key, ROWS_A_RANGE)
    columns = tuple(Column(name, spark_type, "") for name, _, spark_type, _ in shape.columns)
    selects = [f"SELECT {shape.names} FROM `{table}`{f' WHERE {condition}' if condition else ''}" for condition in ranges]
    stage(spark, shop, [Query(shape.name, sql, columns) for sql in selects], staged, CONNECTIONS)


def read_as_spark_does(spark: SparkSession, shape: Shape, table: str, shop: ShopSettings, staged: str) -> None:
    """No option but what it needs: one connection, and the driver keeps the whole result."""
    url = jdbc_url(shop)
    options = {"url": url, "driver": "org.mariadb.jdbc.Driver", "user": USER, "password": PASSWORD, "dbtable": table}
    spark.read.format("jdbc").options(**options).load().write.parquet(staged)


def read_with_connectorx(shape: Shape, table: str, port: int, staged: str | None) -> int:
    import connectorx

    url = f"mysql://{USER}:{PASSWORD}@127.0.0.1:{port}/{DATABASE}"
    select = f"SELECT {shape.names} FROM `{table}`"
    found = connectorx.read_sql(url, select, partition_on=shape.key, partition_num=CONNECTIONS, return_type="arrow")
    if staged:
        Path(staged).mkdir()
        pq.write_table(found, f"{staged}/all.parquet")
    return int(found.num_rows)


def session(folder: str, heap: str, port: int) -> SparkSession:
    """As `conf/local.yaml` has it, but for the heap."""
    settings = Settings(
        env="local", lake_root=f"{folder}/lake", vault_root=f"{folder}/vault", export_root=f"{folder}/export", tracking_uri=folder,
        shops={"nl": shop(port)}, spark={**read_conf("local.yaml")["spark"], "spark.driver.memory": heap},
    )  # fmt: skip
    return spark_session(settings)


def shop(port: int) -> ShopSettings:
    os.environ["JDBC_BENCHMARK_PASSWORD"] = PASSWORD
    return ShopSettings(url=f"jdbc:mysql://127.0.0.1:{port}/{DATABASE}", user=USER, password="env:JDBC_BENCHMARK_PASSWORD")


def process_seconds(pid: int) -> float:
    """CPU-seconds of a process and its ended children, user's and system's, so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def peak_kilobytes(pid: int) -> int:
    """The most that a process ever had in memory; 0 when it has ended and waits for its parent."""
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) if found else 0


def print_costs(title: str, costs: dict[str, Cost], rows: int) -> None:
    print(f"\n{title}\n{'':<22}{'client CPU s':>14}{'database CPU s':>16}{'wall s':>9}{'rows/s':>12}{'peak MB':>9}")
    for name, cost in costs.items():
        speed = f"{rows / cost.wall:,.0f}"
        print(f"{name:<22}{cost.client:>14.1f}{cost.database:>16.2f}{cost.wall:>9.1f}{speed:>12}{cost.memory:>9,.0f}", flush=True)


def print_ratios(costs: dict[str, Cost], starts: dict[str, Cost]) -> None:
    for other in costs:
        if other == OURS:
            continue
        whole = costs[OURS].client / costs[other].client
        reading = (costs[OURS].client - starts[OURS].client) / (costs[other].client - starts[other].client)
        at_database = costs[OURS].database / costs[other].database
        print(f"  ours / {other:<22} client CPU {whole:5.2f} with the start, {reading:5.2f} without; database CPU {at_database:5.2f}")


if __name__ == "__main__":
    main()
