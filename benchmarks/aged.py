"""What a night costs on an old lake, beside the same night on a young one: python benchmarks/aged.py --help

A demo lake of two nights is copied and aged by so many nights: rows of the ledger, of checks, readings, reconciliations, incidents and
files; one small commit and file a night and table, without checkpoints; commits and small files of mirrors that change nothing in sum;
rows in quarantine. Then both lakes have the same nights: one with the next run date, and one more. The first of the old lake maintains it.
"""

import argparse
import json
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, write_deltalake
from overhead import Bench, Cost

# Of `ops` all rows of a night come again with times of earlier nights and other runs.
OF_A_RUN = ("runs", "publications", "shop_reads", "reconciliations", "quality_results", "incidents", "files", "source_columns")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--nights", type=int, default=400)
    parser.add_argument("--customers", type=int, default=2000)
    parser.add_argument("--products", type=int, default=400)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), without_training=True)
        bench.make_shop(options.customers, options.products)
        try:
            for day in (1, 2):
                bench.night(day)
            for root in ("lake", "vault"):
                shutil.copytree(Path(folder) / root, Path(folder) / f"young_{root}")
            age_lake(Path(folder) / "lake", Path(folder) / "vault", options.nights)
            old = [bench.night(day) for day in (3, 4, 5)]
            for root in ("lake", "vault"):
                shutil.rmtree(Path(folder) / root)
                (Path(folder) / f"young_{root}").rename(Path(folder) / root)
            young = [bench.night(day) for day in (3, 4, 5)]
        finally:
            bench.command("demo", "stop", "--folder", folder)
    for name, (aged, fresh) in zip(("first", "second", "third"), zip(old, young, strict=True), strict=True):
        report(name, aged, fresh)


def report(name: str, old: Cost, young: Cost) -> None:
    wall, cpu = old.wall / young.wall, old.cpu / young.cpu
    old_lake, young_lake = (f"{cost.wall:6.1f} s {cost.cpu:6.1f} CPU s" for cost in (old, young))
    print(f"{name:<7} old {old_lake}   young {young_lake}   {wall:.2f} x {cpu:.2f} x")


def age_lake(lake: Path, vault: Path, nights: int) -> None:
    for name in OF_A_RUN:
        if (path := lake / "ops" / name).exists():
            _age_records(path, nights)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda table: _age_mirror(table, nights), [*lake.glob("bronze/*"), *lake.glob("silver/*"), *vault.glob("vault/*")]))
    for name in ("bronze__woo__orders", "silver__order_lines"):
        _fill_quarantine(lake / "quarantine" / name, lake / name.replace("__", "/", 1), nights)
    for log in [*lake.glob("*/*/_delta_log"), *vault.glob("*/*/_delta_log")]:
        for checkpoint in [*log.glob("*.checkpoint.parquet"), *log.glob("_last_checkpoint")]:
            checkpoint.unlink()


def _age_records(path: Path, nights: int) -> None:
    """The newest night's rows again for each earlier night."""
    rows = DeltaTable(str(path)).to_pyarrow_table()
    times = [field.name for field in rows.schema if pa.types.is_timestamp(field.type)]
    newest = max(rows[name].combine_chunks().to_pylist()[-1] or date.min for name in times[:1])
    young = rows.filter(pc.greater_equal(rows[times[0]], pa.scalar(newest - timedelta(hours=1), rows.schema.field(times[0]).type)))
    for night in range(nights, 0, -1):
        older = young
        for name in times:
            shifted = pc.subtract(young[name], pa.scalar(timedelta(days=night), pa.duration("us")))
            older = older.set_column(older.schema.get_field_index(name), older.schema.field(name), shifted)
        for name in {"run_id", "file_name", "incident_key"} & set(older.schema.names):
            changed = pc.binary_join_element_wise(young[name], f"-{night}", "")
            older = older.set_column(older.schema.get_field_index(name), older.schema.field(name), changed.cast(pa.string()))
        write_deltalake(str(path), older, mode="append")


def _age_mirror(path: Path, nights: int) -> None:
    """Twice a night a commit: rows leave, and come back in a file of their own. Notes are those of the newest commit."""
    table = DeltaTable(str(path))
    names = table.schema().to_arrow().names
    rows = table.to_pyarrow_table()
    if not rows.num_rows or not (keys := [name for name in names if name.endswith("_id")]):
        return
    note = CommitProperties(custom_metadata={"userMetadata": str(table.history(1)[0].get("userMetadata") or "")})
    key, values = keys[0], pc.unique(rows[keys[0]]).to_pylist()
    for night in range(min(nights, len(values)) // 2):
        value = values[-1 - night]
        literal = f"'{value}'" if isinstance(value, str) else str(value)
        if value is None or "'" in literal.strip("'"):
            continue
        table.delete(f'"{key}" = {literal}', commit_properties=note)
        back = rows.filter(pc.equal(rows[key], value)).cast(pa.schema([field.remove_metadata() for field in rows.schema]))
        write_deltalake(table, back, mode="append", commit_properties=note)
        table.update_incremental()


def _fill_quarantine(path: Path, of: Path, nights: int) -> None:
    rows = DeltaTable(str(of)).to_pyarrow_table().slice(0, 20)
    rows = rows.cast(pa.schema([field.remove_metadata() for field in rows.schema]))
    for night in range(nights):
        broken = rows.append_column("reason", pa.array(["a_rule"] * rows.num_rows))
        broken = broken.append_column("run_id", pa.array([f"run-{night}"] * rows.num_rows))
        write_deltalake(str(path), broken, mode="append")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    print(json.dumps(sys.argv[1:]))
    main()
