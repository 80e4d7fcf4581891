"""The calls of AWS that each stage makes, told by the declarations: which tables it reads and writes, and where they are."""

from collections.abc import Iterable, Iterator

from lakehouse.bronze.feed_quarantine import quarantine_table
from lakehouse.export.declared_campaigns import read_campaigns
from lakehouse.flow import APPENDED, CRM, SALES, STEPS
from lakehouse.ops.quarantine import quarantine_of
from lakehouse.pipeline.declared import OPS, READING, declared
from lakehouse.sources.databases.entities import ENTITIES
from lakehouse.sources.feeds import FEEDS
from lakehouse.sources.woocommerce import TABLES as WOOCOMMERCE
from lakehouse.stages import train
from lakehouse.stages.export_packs.frames import tables_of
from tests.support.policies import JOBS_LOG, REGION, Call, bucket, key, secret

S3 = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
SECRETS = {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}
FEED_QUARANTINE = quarantine_table("<feed>").name


def reads(root: str, path: str, to_list: str | None = None) -> Iterator[Call]:
    """A folder below a bucket's root: listed, and an object of it."""
    yield Call("s3:ListBucket", bucket(root), {"s3:prefix": to_list or f"{path}/"})
    yield Call("s3:GetObject", f"{bucket(root)}/{path}/part-00000.parquet")
    yield Call("kms:Decrypt", key(root), S3)


def writes(root: str, path: str) -> Iterator[Call]:
    yield from reads(root, path)
    for action in ("PutObject", "AbortMultipartUpload", "DeleteObject"):
        yield Call(f"s3:{action}", f"{bucket(root)}/{path}/part-00000.parquet")
    yield Call("kms:GenerateDataKey", key(root), S3)


def place(name: str) -> tuple[str, str]:
    """Bucket and path of a table, as the resolver finds them: personal ones, and what is set apart of them, are under the vault's root."""
    layer, table = name.split(".")
    root = "vault" if layer == "vault" or table.startswith("vault__") else "lake"
    return root, f"{root}/{layer}/{table}"


def reading(names: Iterable[str]) -> Iterator[Call]:
    for name in names:
        yield from reads(*place(name))


def writing(names: Iterable[str]) -> Iterator[Call]:
    for name in names:
        yield from writes(*place(name))


def every_run() -> Iterator[Call]:
    """What a run does whatever its stages are: the lock, release, key, ledger, the audit's pages, its log, and staging is emptied."""
    yield from lock()
    yield from reads("artifacts", "releases/0.1.0")
    yield Call("secretsmanager:GetSecretValue", secret("pseudonym-key"))
    yield Call("kms:Decrypt", key("secrets"), SECRETS)
    yield from writing(table.name for table in OPS if table.name != FEED_QUARANTINE)
    # What a run that broke off left in quarantine is taken away.
    yield from writing([quarantine_of("silver.orders")])
    yield from writes("lake", "lake/_data_docs/validations")
    yield Call("s3:ListBucket", bucket("vault"), {"s3:prefix": "vault/_staging/"})
    yield Call("s3:DeleteObject", f"{bucket('vault')}/vault/_staging/20261118T023000-ab12cd/nl/orders.parquet")
    yield from (Call(f"logs:{name}", f"{JOBS_LOG}:log-stream:night") for name in ("CreateLogStream", "DescribeLogStreams", "PutLogEvents"))
    yield Call("logs:DescribeLogGroups", f"{JOBS_LOG}")


def lock() -> Iterator[Call]:
    """Taken, renewed and given back: the object is written and read, never deleted. Only who may list is told that it is not there."""
    yield Call("s3:PutObject", f"{bucket('lake')}/lake/.lock")
    yield Call("s3:GetObject", f"{bucket('lake')}/lake/.lock")
    yield Call("s3:ListBucket", bucket("lake"), {"s3:prefix": "lake/.lock"})
    yield Call("kms:GenerateDataKey", key("lake"), S3)


def ingest() -> Iterator[Call]:
    mirrors = [table.name for source in (*WOOCOMMERCE, *ENTITIES) for table in (source.bronze, source.vault) if table]
    landed = [table.name for feed in FEEDS for table in feed.tables]
    yield from writing([*mirrors, *landed, *map(quarantine_of, mirrors), *(table.name for table in READING)])
    yield from writing(quarantine_table(feed.name).name for feed in FEEDS)
    yield from writes("vault", "vault/_staging/20261118T023000-ab12cd/nl")
    yield from writes("vault", "vault/files/app_orders")
    yield from reads("drop", "drop/mobile_app", to_list="drop/")
    yield from writes("outbox", "outbox/mobile_app")
    yield from (Call("secretsmanager:GetSecretValue", secret(name)) for name in ("shop-nl-password", "database-erp-password"))


def transform() -> Iterator[Call]:
    """Refresh and score."""
    yield from reading(table.name for step in STEPS for table in step.inputs)
    yield from writing(name for step in STEPS for name in (step.name, quarantine_of(step.name)))
    yield from reads("models", "models/1/artifacts")


def training() -> Iterator[Call]:
    yield from reading(table.name for table in (*SALES, train.interactions.TABLE, train.products.TABLE))
    yield from writes("models", "models/1/artifacts")


def export() -> Iterator[Call]:
    yield from writing(table.name for table in APPENDED)
    yield from reading(table.name for table in CRM.inputs)
    yield from writing([CRM.name, quarantine_of(CRM.name)])
    for campaign in read_campaigns().campaigns.values():
        yield from reading(table.name for table in tables_of(campaign))
        yield from writes("export", f"campaigns/{campaign.name}/2026-11-18")


def maintain() -> Iterator[Call]:
    yield from writing(name for name in declared() if name != FEED_QUARANTINE)


STAGES = {"ingest": ingest, "transform": transform, "train": training, "export": export, "maintain": maintain}
