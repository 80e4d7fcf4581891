"""The rows of a pack's files, in the columns of its profile."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from lakehouse.export.profile import ITEM, Cell, Items, Profile, Slots, as_field
from lakehouse.export.values import FREE_TEXTS, Pack, Product, Recipient, cut, of_person, of_product
from lakehouse.io.packs.pack_files import Row, is_formula

# A name and its value, for a recipient and, where a row is about one, a product in its slot.
Named = tuple[str, Callable[[Recipient, Product, int], str | None]]
NO_PRODUCT: Product = {}
NO_SLOT = 0


def rows(pack: Pack, recipients: Iterable[Recipient]) -> Iterator[Row]:
    """One row, or as many as the recipient has devices or products. Of `product`, one for each product that somebody is shown.

    CSV: cells in the order of `profile.header`. JSONL: objects.
    """
    profile = pack.profile
    of_row = [(column, _named(pack, column)) for column in profile.columns]
    for who, item, slot in _about(profile, recipients):
        named: list[tuple[str, Any]] = [
            each
            for column, cells in of_row
            for each in (
                _side_by_side(who, cells, pack.campaign.slots)
                if isinstance(column, Slots)
                else [(column.name, _listed(profile, who, cells))]
                if isinstance(column, Items)
                else [(name, value(who, item, slot)) for name, value in cells]
            )
        ]
        yield as_row(profile, named)


def as_row(profile: Profile, named: Iterable[tuple[str, Any]]) -> Row:
    """Cells or an object, as the profile has it, with what stands for nothing. A dot in a name begins an object within the object."""
    if profile.format == "csv":
        return [profile.null_text if value is None else value for _, value in named]
    return _object(profile, named)


def _about(profile: Profile, recipients: Iterable[Recipient]) -> Iterator[tuple[Recipient, Product, int]]:
    """What each row is about."""
    if profile.rows == "product":
        shown = {(who["list_shop"], item["product_id"]): (who, item) for who in recipients for item in who["items"]}
        yield from ((who, item, NO_SLOT) for _, (who, item) in sorted(shown.items()))
        return
    for who in recipients:
        if profile.rows == "item":
            yield from ((who, item, slot) for slot, item in enumerate(who["items"], 1))
        elif profile.rows == "device":
            yield from (({**who, "push_token": token}, NO_PRODUCT, NO_SLOT) for token in who["push_tokens"])
        else:
            yield who, NO_PRODUCT, NO_SLOT


def _named(pack: Pack, column: str | Cell | Slots | Items) -> list[Named]:
    fields = list(column.fields()) if isinstance(column, Slots | Items) else [as_field(column)]
    return [(field.name, _value(pack, field)) for field in fields]


def _value(pack: Pack, field: Cell) -> Callable[[Recipient, Product, int], str | None]:
    if field.value is None:
        return lambda who, item, slot: field.text
    name, limit = field.value, pack.profile.max_text_bytes if field.value in FREE_TEXTS else None
    # What is put in front of a formula counts too.
    guarded = 1 if pack.profile.format == "csv" else 0

    def within(text: str | None) -> str | None:
        return cut(text, limit and limit - (guarded and is_formula(text or "")))

    if name in ITEM:
        of_item = of_product(pack, name)
        return lambda who, item, slot: within(of_item(who, item, slot))
    of_who = of_person(pack, name)
    return lambda who, item, slot: within(of_who(who))


def _side_by_side(who: Recipient, cells: list[Named], slots: int) -> Iterator[tuple[str, str | None]]:
    items = who["items"]
    for slot in range(1, slots + 1):
        for name, value in cells:
            yield name.format(slot=slot), value(who, items[slot - 1], slot) if slot <= len(items) else None


def _listed(profile: Profile, who: Recipient, cells: list[Named]) -> list[dict[str, Any]]:
    return [_object(profile, [(name, value(who, item, slot)) for name, value in cells]) for slot, item in enumerate(who["items"], 1)]


def _object(profile: Profile, named: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in named:
        if value is None and profile.nulls == "omit":
            continue
        *path, last = name.split(".")
        inner = found
        for part in path:
            inner = inner.setdefault(part, {})
        inner[last] = "" if value is None and profile.nulls == "empty" else value
    return found
