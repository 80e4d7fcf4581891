"""Reading a vendor's file beside Python's csv and bare pyarrow: python benchmarks/feeds.py --help

The file is made up: app_orders as the contract has it, without an error. CPU seconds of one core, and the most memory ever held.
"""

import argparse
import csv
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv

from lakehouse.bronze.feed_file import Origin, read_file
from lakehouse.sources.mobile_app import ORDERS

HEADER = ",".join(field.headers[0] for field in ORDERS.fields) + "\r\n"
LINES = "".join(
    f"{7_000_000 + i},u{i * 37 % 99_991},{i * 3},paid,EUR,2026-11-17T21:{i % 60:02}:00Z,2026-11-17T21:{i % 60:02}:41Z,"
    f"{i % 300}.{i % 100:02},1.05,4.95,0.00,NL,2026-11-18T05:{i % 60:02}:12Z\r\n"
    for i in range(10_000)
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--ours-alone", action="store_true", help="for the memory that a large file takes")
    options = parser.parse_args()
    pa.set_cpu_count(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "app_orders_20261117.csv"
        with path.open("w", newline="") as file:
            file.write(HEADER)
            while file.tell() < options.megabytes * 1e6:
                file.write(LINES)
        readers: dict[str, Callable[[Path], int]] = {"ours: typed, checked, written as Parquet": lambda path: ours(path, Path(folder))}
        if not options.ours_alone:
            readers |= {"pyarrow: text columns": bare_pyarrow, "csv: rows": csv_rows, "csv: text columns": csv_columns}
        for name, reader in readers.items():
            started = time.process_time()
            rows = reader(path)
            seconds = time.process_time() - started
            print(f"{name:<42} {rows:>12,} rows {seconds:8.1f} CPU s {path.stat().st_size / 1e6 / seconds:8.1f} MB/s")
            if reader is readers["ours: typed, checked, written as Parquet"]:
                print(f"{'most memory held':<42} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:,.0f} MB")


def ours(path: Path, folder: Path) -> int:
    with path.open("rb") as file:
        return read_file(
            file, ORDERS, Origin(date(2026, 11, 17), path.name, datetime(2026, 11, 18, tzinfo=UTC)), folder / "staged"
        ).rows_read


def bare_pyarrow(path: Path) -> int:
    names = HEADER.strip().split(",")
    with pacsv.open_csv(
        path,
        pacsv.ReadOptions(use_threads=False),
        pacsv.ParseOptions(newlines_in_values=True),
        pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
    ) as reader:
        return sum(batch.num_rows for batch in reader)


def csv_rows(path: Path) -> int:
    with open(path, encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def csv_columns(path: Path) -> int:
    """With the line of each row, as quarantine needs it."""
    rows = 0
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        next(reader)
        numbered = ((reader.line_num, row) for row in reader)
        while part := list(islice(numbered, 20_000)):
            columns = [pa.array(values, pa.string()) for values in zip(*(row for _, row in part), strict=True)]
            rows += len(columns[0])
    return rows


if __name__ == "__main__":
    main()
