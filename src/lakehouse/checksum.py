"""Whether two copies of a table hold the same rows, told by a few numbers that are taken while the rows pass by."""

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass

from pyspark.sql import Column as SparkColumn
from pyspark.sql import functions as F

from lakehouse.table import Column

SEEDS = (1, 2)
HALF = 0xFFFFFFFF


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
    # xxHash64 passes over nulls; read from its end, this row of values can be told apart again.
    parts = [part for column in columns for part in (F.col(f"`{column.name}`"), F.col(f"`{column.name}`").isNull())]
    first, second = (F.xxhash64(F.lit(seed), *parts) for seed in SEEDS)
    return [
        F.count(F.lit(1)).alias("rows"),
        F.sum(first.bitwiseAND(F.lit(HALF))).alias("first_low"),
        F.sum(F.shiftrightunsigned(first, 32)).alias("first_high"),
        F.sum(second.bitwiseAND(F.lit(HALF))).alias("second_low"),
        F.sum(F.shiftrightunsigned(second, 32)).alias("second_high"),
    ]
