"""What somebody who has to decide reads of a campaign."""

from decimal import Decimal
from typing import Any

import pytest

from lakehouse.errors import DataError
from lakehouse.gold.campaign_results import TABLE
from lakehouse.inspect.results import campaign_results as module
from lakehouse.inspect.results.campaign_results import overview, sentence
from lakehouse.inspect.text_tables import RowFormat

ROW: dict[str, Any] = {
    "measure": "revenue",
    "currency_code": "EUR",
    "is_over": False,
    "treatment_count": 1_000,
    "control_count": 120,
    "expected_control_count": 100.4,
    "uplift": Decimal("1.2"),
    "uplift_low": Decimal("0.1"),
    "uplift_high": Decimal("2.3"),
    "always_low": Decimal("-0.4"),
    "always_high": Decimal("2.8"),
    "needed_count": 1_000,
    "needed_days": 6,
}


@pytest.mark.parametrize(
    ("case", "wished", "said"),
    [
        (
            {"verdict": "undecided"},
            0.1,
            "revenue in EUR: undecided: +1.20 per member (-0.40 to +2.80). An uplift of 10% is seen with about 1,000 members, or after"
            " 6 days at this pace.",
        ),
        (
            {"verdict": "undecided"},
            0.05,
            "revenue in EUR: undecided: +1.20 per member (-0.40 to +2.80). An uplift of 5% is seen with about 4,000 members, or after"
            " 24 days at this pace.",
        ),
        (
            {"verdict": "undecided", "uplift": None, "needed_count": None, "needed_days": None},
            0.1,
            "revenue in EUR: undecided: too few members or orders yet.",
        ),
        (
            {"verdict": "uplift", "is_over": True},
            0.1,
            "revenue in EUR: the campaign earned: +1.20 per member (+0.10 to +2.30), about 1,200 in all.",
        ),
        (
            {"verdict": "none", "is_over": True, "measure": "orders", "uplift_low": Decimal("-0.1")},
            0.1,
            "orders of members who pay in EUR: no uplift: +1.2000 per member (-0.1000 to +2.3000), and 10% would have been seen.",
        ),
        (
            {"verdict": "invalid"},
            0.1,
            "revenue in EUR: invalid: 120 members are held out where 100 were planned, which chance does not do (p below 0.001);"
            " find out who is missing first.",
        ),
    ],
)
def test_a_row_is_a_sentence(case: dict[str, Any], wished: float, said: str) -> None:
    assert sentence(ROW | case, wished) == said


def test_without_a_name_each_campaign_is_told_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {
        **{"verdict": "undecided", "dimension": "all", "dimension_value": "*", "days": 0.9, "treatment_mean": 1, "control_mean": 1},
        **dict.fromkeys(("delivered_count", "opened_count", "clicked_count", "bounced_count", "control_delivered_count"), 0),
    }
    rows = [
        dict.fromkeys(TABLE.column_names) | ROW | known | {"campaign": name, **part}
        for name in ("push", "email")
        for part in ({}, {"dimension": "shop"})
    ]
    monkeypatch.setattr(module, "_known", lambda env, wished: rows)
    text = overview("local", 0.1)
    assert [line.split()[:4] for line in text.splitlines()[:3]] == [
        ["campaign", "currency", "measure", "in"],
        ["email", "EUR", "revenue", "1,000"],
        ["push", "EUR", "revenue", "1,000"],
    ]
    assert text.count("undecided: +1.20 per member") == 2 and "or after 6 days at this pace" in text
    assert "email: 0.9 days, running" in text and "push: 0.9 days, running" in text
    assert len(overview("local", 0.1, RowFormat.CSV).splitlines()) == 3
    monkeypatch.setattr(module, "_known", lambda env, wished: [])
    with pytest.raises(DataError, match="no results of any campaign"):
        overview("local", 0.1)
