"""Whether two copies of a table hold the same rows, told by a few numbers that are taken while the rows pass by."""

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass

from pyspark.sql import Column as SparkColumn
from pyspark.sql import functions as F

from lakehouse.table import Column

SEEDS = (1, 2)
HALF = 0xFFFFFFFF
PARTS = ("first_low", "first_high", "second_low", "second_high")


@dataclass(frozen=True)
class Checksum:
    """The number of rows, and four sums over them: the halves of two 64-bit hashes of each row (xxHash64 with two seeds).

    A row's hash covers every column in its place, and whether it is null. Sums do not depend on the order in which rows come, and a
    value that moved to another row or column changes the hashes of both. Two different tables agree by chance with a probability of
    about 2^-128: every sum is exact, since 32 bits of each of up to 2^31 rows fit into 63.
    """

    rows: int = 0
    first_low: int = 0
    first_high: int = 0
    second_low: int = 0
    second_high: int = 0

    def __add__(self, other: "Checksum") -> "Checksum":
        """Of the rows of both."""
        return Checksum(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))

    def __str__(self) -> str:
        return ":".join(f"{number:x}" for number in astuple(self))

    @staticmethod
    def of(sums: Mapping[str, int | None]) -> "Checksum":
        """From what the columns of `checksum_columns` gave."""
        return Checksum(**{name: sums[name] or 0 for name in Checksum.__dataclass_fields__})


def checksum_columns(columns: Iterable[Column]) -> list[SparkColumn]:
    """Aggregates over the rows of these columns, for `Checksum.of`."""
    parts = zip(PARTS, row_hash([column.name for column in columns]), strict=True)
    return [F.count(F.lit(1)).alias("rows"), *(F.sum(part).alias(name) for name, part in parts)]


def row_hash(columns: Iterable[str], *beside: int) -> list[SparkColumn]:
    """A row's two hashes in halves, each a number below 2^32, in the order of PARTS; `beside` is hashed with every row."""
    # xxHash64 passes over nulls; read from its end, this row of values can be told apart again.
    values = [part for name in columns for part in (f"`{name}`", f"`{name}` is null")]
    hashes = [f"xxhash64({', '.join([str(seed), *map(str, beside), *values])})" for seed in SEEDS]
    return [F.expr(half) for found in hashes for half in (f"{found} & {HALF}", f"shiftrightunsigned({found}, 32)")]
