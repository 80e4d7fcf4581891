"""Database rows as (table, values in the order of the table's columns), and the numbers they are given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias
from urllib.parse import quote

from lakehouse.demo.world.world import local_time

Value: TypeAlias = str | int | datetime | None
Row: TypeAlias = tuple[str, tuple[Value, ...]]

SITE = "https://shop.example"
ZERO_DATE = "0000-00-00 00:00:00"


@dataclass
class Ids:
    """The next automatic id of each table."""

    next_ids: dict[str, int] = field(default_factory=dict)

    def take(self, table: str) -> int:
        """The next free id of a table; ids count from 1."""
        taken = self.next_ids.get(table, 1)
        self.next_ids[table] = taken + 1
        return taken


def meta_rows(ids: Ids, table: str, owner: int, pairs: dict[str, Value]) -> Iterator[Row]:
    """One row per key for postmeta, usermeta, itemmeta and their like."""
    for key, value in pairs.items():
        yield table, (ids.take(table), owner, key, value)


def post_row(
    post_id: int, type_: str, title: str, created: datetime, status: str = "publish", *, modified: datetime | None = None,
    parent: int = 0,
    author: int = 1, content: str = "", excerpt: str = "", mime: str = "", has_gmt: bool = True,
) -> Row:  # fmt: skip
    """A row of posts; a draft never published has no UTC date."""
    modified = modified or created
    slug = slug_of(title) if type_ != "shop_order_placehold" else ""
    return "posts", (
        post_id, author, local_time(created), created if has_gmt else ZERO_DATE, content, title, excerpt, status, "closed", "closed", "",
        slug, "", "",
        local_time(modified), modified, "", parent, f"{SITE}/?post_type={type_}&p={post_id}", 0, type_, mime, 0,
    )  # fmt: skip


def slug_of(title: str) -> str:
    """Lower case, dashes, other alphabets percent-encoded, cut as WordPress does."""
    words = "".join(letter if letter.isalnum() else " " for letter in title.replace("&amp;", " ").replace("&#8217;", "").lower()).split()
    return quote("-".join(words)).lower()[:200].rsplit("%", 1)[0] if len(quote("-".join(words))) > 200 else quote("-".join(words)).lower()


def php_string(text: str) -> str:
    """A text as PHP serialises it: with its length in bytes."""
    return f's:{len(text.encode())}:"{text}";'
