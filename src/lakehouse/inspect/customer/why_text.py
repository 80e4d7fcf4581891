"""`lakehouse why`: the answer as tables for a terminal, or as one JSON object."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from lakehouse.inspect.customer.why import Why, why
from lakehouse.inspect.text_tables import ReportFormat, as_table, plain
from lakehouse.io.config.settings import load_settings
from lakehouse.lake import Lake

# Of the history so many products are shown, the heaviest ones; JSON has all.
HISTORY_SHOWN = 20
PLACES = ("rank", "product_id", "product", "score", "reason", "because of", "moved up by")
BOUGHT = ("product_id", "product", "orders", "weight", "days ago", "on no list, because it")


def told(env: str, customer_key: str, shop: str | None, output: ReportFormat) -> str:
    """What `why` finds. It says which errors there are."""
    found = why(Lake(load_settings(env)), customer_key, shop)
    return json.dumps(asdict(found), default=_as_json, ensure_ascii=False) if output == ReportFormat.JSON else "\n".join(_lines(found))


def _lines(found: Why) -> Iterator[str]:
    for name, value in found.customer.items():
        yield f"{name:<16}{_cell(value)}"
    yield from ("", f"history: {len(found.history)} products, the heaviest {HISTORY_SHOWN} at most")
    yield as_table(list(BOUGHT), [[_cell(value) for value in row.values()] for row in found.history[:HISTORY_SHOWN]])
    for name, places in found.lists.items():
        yield from ("", name, as_table(list(PLACES), [_place(place) for place in places]))
    if not found.lists:
        yield from ("", "no lists: who is no customer or anonymous has none, and nobody has before the first night")
    yield from ("", "taken out of this customer's lists")
    yield from (f"{number:>8} products: {reason}" for reason, number in found.taken_out.items())
    yield from ("", "places that rules took off these lists when they were made; others moved up")
    for row in found.removed:
        yield f"{row['places']:>8} of {row['list_name']}: {row['rule']}" + (f" ({_names(row['products'])})" if row["products"] else "")
    if not found.removed:
        yield "       0"
    for channel, reasons in found.by_channel.items():
        if reasons:
            yield from ("", f"left out of campaigns by {channel} beside that")
            yield from (f"{number:>8} products: {reason}" for reason, number in reasons.items())
    if found.scarce:
        yield from ("", "too little in stock: the newest pack shows the next best to some")
    for row in found.scarce:
        yield f"  {row['campaign']}: {_names([row])} is shown to {row['shown_count']} customers and not to {row['clipped_count']}"
    yield from ("", "left out of the newest pack of")
    yield from (f"  {row['campaign']} ({row['shop_code']}): {row['reason']}" for row in found.campaigns)
    if not found.campaigns:
        yield "  no campaign"


def _place(place: dict[str, Any]) -> list[str]:
    return [
        *(_cell(place[name]) for name in ("rank", "product_id", "product_name", "score", "reason_code")),
        _names(place["reasons"]),
        _cell(place["placed_by_rule"]),
    ]


def _names(products: Sequence[Mapping[str, Any]]) -> str:
    return "; ".join(_cell(each["product_name"]) or str(each["product_id"]) for each in products)


def _cell(value: object) -> str:
    shown = plain(value)
    return "" if shown is None else f"{shown:.3f}" if isinstance(shown, float) else str(shown)


def _as_json(value: object) -> object:
    shown = plain(value)
    return shown if isinstance(shown, str) else str(shown)
