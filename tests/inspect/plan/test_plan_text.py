"""A plan as one text for people, and as the rows of its steps for programs."""

import json

from lakehouse.inspect.plan.plan import Plan
from lakehouse.inspect.text_tables import RowFormat

PLAN = Plan("blocks\n  nothing", [["silver.orders", "skip: nothing changed", 812, 6], ["gold.interactions", "full", None, None]], "then", 0)


def test_a_table_has_all_of_the_plan_and_leaves_nothing_beside_it() -> None:
    text, beside = PLAN.as_text(RowFormat.TABLE)
    assert beside == ""
    assert text.splitlines() == [
        "blocks",
        "  nothing",
        "",
        "steps, with their usual rows and seconds",
        "  step               tonight                rows  seconds",
        "  silver.orders      skip: nothing changed  812   6",
        "  gold.interactions  full",
        "",
        "then",
    ]


def test_in_json_the_steps_stand_alone_and_everything_else_beside_them() -> None:
    text, beside = PLAN.as_text(RowFormat.JSON)
    assert [json.loads(line) for line in text.splitlines()] == [
        {"step": "silver.orders", "tonight": "skip: nothing changed", "rows": 812, "seconds": 6},
        {"step": "gold.interactions", "tonight": "full", "rows": None, "seconds": None},
    ]
    assert beside == "blocks\n  nothing\n\nthen"
