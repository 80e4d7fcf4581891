"""What tests share: one Spark session with few partitions, an empty lake each, and where the given data is."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import boto3
import pytest
from moto.server import ThreadedMotoServer
from pyspark.sql import SparkSession, is_remote

from lakehouse.demo.store.server import Server, start, stop
from lakehouse.io.config.settings import Settings
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.io.spark.connect_session import release
from lakehouse.io.spark.session import spark_session
from tests.support.connect_server import connect_server
from tests.support.demo_lake import DemoLake, make_lake
from tests.support.postgres import PostgresServer, start_postgres
from tests.support.s3_server import s3_server

# A setting of the person who runs the tests must not reach them.
for _variable in [name for name in os.environ if name.startswith("LAKEHOUSE_") and name != "LAKEHOUSE_TEST_DATA"]:
    del os.environ[_variable]

SPARK = {
    "spark.master": "local[2]",
    "spark.driver.memory": "3g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    # Small heaps: parallel collectors cost the two cores more than they give back.
    "spark.driver.extraJavaOptions": "-Duser.timezone=UTC -XX:+UseSerialGC",
    # Of this heap a page would have 64 MB, and each task that sorts or aggregates begins with one of zeros.
    "spark.buffer.pageSize": "1m",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    # A tenth of a second for each query's generated code adds up; spark-submit and notebook tests run with it.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    # Rows given by a test are computed as those of a table are, not by the optimizer: an error then comes where it would in a night.
    "spark.sql.optimizer.excludedRules": "org.apache.spark.sql.catalyst.optimizer.ConvertToLocalRelation",
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.databricks.delta.snapshotPartitions": "1",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--connect", action="store_true", help="ask a server of Spark Connect, which the tests start, in place of a JVM of theirs"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the demo lake come first: they stay with the process that makes it, since another one takes over what would come last."""
    items.sort(key=lambda item: "demo_lake" not in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def remote(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str | None]:
    """The address of the tests' server of Spark Connect, whose all sessions of this process then are; None without --connect."""
    if not request.config.getoption("--connect"):
        yield None
        return
    with connect_server(tmp_path_factory.mktemp("connect"), SPARK) as address:
        os.environ["SPARK_REMOTE"] = address
        yield address
        if (session := SparkSession.getActiveSession()) is not None:
            release(session)
        del os.environ["SPARK_REMOTE"]


@pytest.fixture(scope="session")
def spark(remote: str | None) -> SparkSession:
    folder = tempfile.mkdtemp()
    settings = Settings(
        env="local",
        lake_root=f"{folder}/lake",
        vault_root=f"{folder}/vault",
        export_root=f"{folder}/export",
        tracking_uri=f"sqlite:///{folder}/mlflow.db",
        shops={"nl": {"url": "jdbc:mysql://127.0.0.1:1/none", "user": "nobody", "password": "env:NONE"}},  # type: ignore[dict-item]
        # Tables of a catalog are there, and other processes of this run of tests have some of the same names.
        spark={**SPARK, "spark.sql.warehouse.dir": f"{folder}/warehouse"},
    )
    return spark_session(settings)


@pytest.fixture(autouse=True, scope="module")
def forgotten_tables() -> Iterator[None]:
    """Delta keeps the state of every table that it has seen: some hundred lakes of tests fill the heap."""
    yield
    if not is_remote() and (session := SparkSession.getActiveSession()) is not None:
        session.catalog.clearCache()
        session._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()  # type: ignore[union-attr]


@pytest.fixture
def store(spark: SparkSession, tmp_path: Path) -> DeltaStore:
    """An empty lake."""
    return DeltaStore(spark, TableResolver(str(tmp_path / "lake"), str(tmp_path / "vault")))


@pytest.fixture(scope="session")
def test_data() -> Iterator[Path]:
    """The folder with real shops' data; tests that need it are skipped where LAKEHOUSE_TEST_DATA does not name one."""
    named = os.environ.get("LAKEHOUSE_TEST_DATA")
    if not named:
        pytest.skip("LAKEHOUSE_TEST_DATA names no folder")
    yield Path(named)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A private MariaDB on loopback for all tests."""
    folder = tmp_path_factory.mktemp("mariadb")
    yield start(folder)
    stop(folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A private PostgreSQL on loopback for all tests."""
    # Not among pytest's folders: those are closed to the user that the server runs as.
    with tempfile.TemporaryDirectory() as folder:
        running = start_postgres(Path(folder))
        yield running
        running.stop()


@pytest.fixture(scope="session")
def demo_lake(server: Server, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> DemoLake:
    """A small demo shop after one night. Tests that change it use a lake of their own."""
    lake = make_lake(server, "demo", tmp_path_factory.mktemp("demo_lake"))
    code, log = lake.command("night", "--run-date", "2026-11-16")
    assert code == 0, log
    return lake


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    """A server that speaks S3, in a process of its own; each test makes its own buckets."""
    with s3_server() as address:
        yield address


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of boto3 for an empty bucket `shop`, on a server that speaks S3 on this machine; the environment points there."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    address = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    urlopen(Request(f"{address}/moto-api/reset", method="POST"))  # its buckets outlive a server
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)
    for name, value in (("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_DEFAULT_REGION", "eu-west-1")):
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="shop", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    yield client
    server.stop()
