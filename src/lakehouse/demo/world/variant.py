"""Which kind of shop a demo shop is: where its orders are kept, and how its text is declared."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pymysql.cursors import Cursor


class Store(StrEnum):
    """`hpos`: WooCommerce's own order tables. `legacy`: posts, as before 8.2. `migrated`: own tables, beside them posts that went stale."""

    HPOS = "hpos"
    LEGACY = "legacy"
    MIGRATED = "migrated"


class Charset(StrEnum):
    """`latin1`: tables of an old WordPress, whose text is declared latin1 while its bytes are UTF-8."""

    UTF8MB4 = "utf8mb4"
    LATIN1 = "latin1"


def speak(cursor: Cursor, charset: str) -> None:
    """Say that the connection's text is in this character set. Its bytes stay UTF-8: in latin1 columns they are kept as they are."""
    cursor.execute(f"SET NAMES {Charset(charset)}")


def working_database(database: str, store: str) -> str:
    """Where the simulation keeps the shop in own order tables: beside a legacy shop, else the shop itself."""
    return f"{database}_master" if Store(store) is Store.LEGACY else database
