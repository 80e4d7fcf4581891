"""The judge of disturbed nights sees what it should: each thing that can go wrong has its words."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.faults.compare import differences
from tests.faults.plan import trials
from tests.faults.site import Start

START = datetime(2026, 11, 17, tzinfo=UTC)
Rows = list[dict[str, Any]]


def table(work: Path, name: str, rows: Rows, by_spark: bool = False) -> None:
    """One commit more. `by_spark`: instants as Spark writes them."""
    folder = work / "lake" / name.replace(".", "/")
    (folder / "_delta_log").mkdir(parents=True, exist_ok=True)
    number = len(list((folder / "_delta_log").glob("*.json")))
    pq.write_table(pa.Table.from_pylist(rows), folder / f"{number}.parquet", use_deprecated_int96_timestamps=by_spark)
    types = {name: "timestamp" if isinstance(value, datetime) else "string" for name, value in rows[0].items()}
    schema = json.dumps({"fields": [{"name": name, "type": type_} for name, type_ in types.items()]})
    actions = [
        {"metaData": {"id": name, "schemaString": schema}},
        {"add": {"path": f"{number}.parquet", "partitionValues": {}}},
    ]
    (folder / "_delta_log" / f"{number:020}.json").write_text("\n".join(map(json.dumps, actions)))


def run(run_id: str, *states: tuple[str, str], rejected: int = 0) -> Rows:
    common = {"run_id": run_id, "table_version": 0, "rows_rejected": rejected, "seconds": 0.1}
    return [{**common, "step": step, "status": status, "ended_at": START + timedelta(minutes=n)} for n, (step, status) in enumerate(states)]


def published(run_id: str, *tables: tuple[str, int]) -> Rows:
    return [
        {"run_id": run_id, "table_name": name, "table_id": name, "table_version": version, "published_at": START}
        for name, version in tables
    ]


GOLD: Rows = [{"product_id": 1, "run_id": "a"}, {"product_id": 2, "run_id": "a"}]
GOOD = (("", "started"), ("silver.orders", "succeeded"), ("", "succeeded"))


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    work = tmp_path / "reference"
    table(work, "gold.products", GOLD)
    table(work, "ops.runs", run("a", *GOOD))
    table(work, "ops.publications", published("a", ("gold.products", 0)))
    for file, text in (
        ("export/email/2026-11-17/a/manifest.json", '{"rows": 1, "run_id": "a"}'),
        ("export/email/2026-11-17/a/_SUCCESS", ""),
        ("export/email/latest.json", '{"pack": "2026-11-17/a"}'),
        ("outbox/s/f.reply.md", "wrong"),
        ("vault/files/f/1", "x"),
    ):
        (work / file).parent.mkdir(parents=True, exist_ok=True)
        (work / file).write_text(text)
    (work / "mlflow").mkdir()
    with sqlite3.connect(work / "mlflow" / "mlflow.db") as database:
        database.execute("create table registered_model_aliases (name, alias, version)")
        database.execute("create table model_versions (name, version, status, run_id)")
        database.execute("create table tags (key, value)")
        database.execute("create table runs (run_uuid, status)")
    return work


def test_an_instant_is_the_same_whoever_wrote_it(reference: Path, tmp_path: Path) -> None:
    work = shutil.copytree(reference, tmp_path / "work")
    rows: Rows = [{"sold_at": START}]
    table(reference, "gold.sales", rows)
    table(work, "gold.sales", rows, by_spark=True)
    for lake in (reference, work):
        table(lake, "ops.publications", published("a", ("gold.sales", 0)))
    assert differences(work, reference) == []
    table(work, "gold.sales", [{"sold_at": START + timedelta(hours=1)}], by_spark=True)
    assert differences(work, reference) != []


def test_another_run_id_another_time_and_another_order_of_rows_are_no_difference(reference: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    shutil.copytree(reference, work)
    shutil.rmtree(work / "lake" / "gold")
    table(work, "gold.products", [{"product_id": 2, "run_id": "b"}, {"product_id": 1, "run_id": "b"}])
    shutil.move(work / "export/email/2026-11-17/a", work / "export/email/2026-11-17/b")
    (work / "export/email/2026-11-17/b/manifest.json").write_text('{"rows": 1, "run_id": "b"}')
    (work / "export/email/latest.json").write_text('{"pack": "2026-11-17/b"}')
    assert differences(work, reference) == []


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda work: table(work, "gold.products", [{"product_id": 2}]), "gold.products: 1 rows that the reference has not"),
        (lambda work: table(work, "gold.products", [{"product_id": 3}]), "gold.products: readers don't see its latest version"),
        (lambda work: table(work, "gold.more", GOLD), "gold.more: not in the reference"),
        (lambda work: shutil.rmtree(work / "lake" / "gold"), "gold.products: only in the reference"),
        (lambda work: table(work, "ops.runs", run("b", ("", "started"))), "ops.runs: 2 runs began once or more, 1 ends"),
        (lambda work: table(work, "ops.runs", run("a", ("", "failed"))), "ops.runs: 1 runs began once or more, 2 ends"),
        (lambda work: table(work, "ops.runs", run("a", *GOOD[1:2])), "ops.runs: 1 keys (run_id, step, status, table_version, seconds)"),
        (lambda work: table(work, "ops.runs", run("a", ("silver.x", "succeeded"), rejected=2)), "quarantine: 0 rows, the ledger counted"),
        (lambda work: table(work, "quarantine.silver__x", GOLD), "quarantine: 2 rows, the ledger counted 0: silver.x"),
        (lambda work: table(work, "ops.publications", published("a", ("gold.products", 0))), "ops.publications: 1 keys"),
        (lambda work: (work / "outbox/s/f.reply.md").write_text("right"), "outbox/s/f.reply.md: other bytes"),
        (lambda work: (work / "vault/files/f/1").unlink(), "vault/files/f/1: only one of the two has it"),
        (lambda work: manifest(work).write_text('{"rows": 2}'), "export/email/2026-11-17/manifest.json: differs in rows"),
        (lambda work: (work / "export/email/.d.unfinished").mkdir(), "export/email/.d.unfinished is left"),
        (lambda work: (work / "vault/_staging").mkdir(), "vault/_staging is left"),
        (lambda work: sql(work, "insert into registered_model_aliases values ('m', 'champion', 2)"), "registry: champions without a run"),
        (lambda work: sql(work, "insert into runs values ('r', 'RUNNING')"), "registry: runs that never ended: [(1,)], in the"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_difference_is_told(reference: Path, tmp_path: Path, damage: Callable[[Path], object], words: str) -> None:
    work = tmp_path / "work"
    shutil.copytree(reference, work)
    damage(work)
    found = differences(work, reference)
    assert [line for line in found if line.startswith(words)], found


def manifest(work: Path) -> Path:
    return work / "export/email/2026-11-17/a/manifest.json"


def sql(work: Path, statement: str) -> None:
    with sqlite3.connect(work / "mlflow" / "mlflow.db") as database:
        database.execute(statement)


WROTE = dict.fromkeys(("lake", "vault", "export", "mlflow", "tmp"), 99)
FACTS: dict[Start, dict[str, Any]] = {
    start: {"seconds": 60, "borders": ["commit"] * 3, "lines": ["line"] * 5, "wrote": WROTE} for start in ("first", "second")
}  # fmt: skip


def test_a_seed_decides_the_trials_and_more_trials_begin_with_the_same_ones() -> None:
    some, more = list(islice(trials(1, FACTS), 20)), list(islice(trials(1, FACTS), 40))
    assert more[:20] == some
    assert [trial.where for trial in islice(trials(2, FACTS), 20)] != [trial.where for trial in some]


def test_every_border_comes_once_before_any_comes_twice() -> None:
    kills = list(islice(trials(1, FACTS, ["border"]), 24))
    every = {(start, f"{place}:{number}") for start in FACTS for place in ("before", "after") for number in range(3)}
    assert {(trial.start, trial.where) for trial in kills[:12]} == {(trial.start, trial.where) for trial in kills[12:]} == every
