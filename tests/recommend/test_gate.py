"""The gate: who may become the champion."""

import pytest

from lakehouse.recommend.gate import decide


def judged(ndcg: float, customers: int = 100) -> dict[str, float]:
    return {"customers": customers, "ndcg": ndcg, "recall": 0.0, "hit_rate": 0.0}


@pytest.mark.parametrize(
    ("ours", "popularity", "champion", "passed"),
    [
        (0.20, 0.10, None, True),
        (0.10, 0.10, None, False),
        (0.09, 0.10, None, False),
        (0.20, 0.10, 0.19, True),
        (0.20, 0.10, 0.20, True),
        (0.199, 0.10, 0.20, True),  # 0.5 % below: within the tolerance of 1 %
        (0.197, 0.10, 0.20, False),  # 1.5 % below
        (0.20, 0.21, 0.10, False),  # better than the champion is not enough
        (0.0, 0.0, None, False),
    ],
)
def test_the_challenger_beats_popularity_and_is_not_clearly_below_the_champion(
    ours: float, popularity: float, champion: float | None, passed: bool
) -> None:
    verdict = decide(judged(ours), judged(popularity), None if champion is None else judged(champion), 20)
    assert verdict.passed is passed


def test_too_few_customers_decide_nothing_and_just_enough_do() -> None:
    verdict = decide(judged(0.9, 19), judged(0.1, 19), None, 20)
    assert not verdict.passed
    assert "19" in verdict.reason
    assert "20" in verdict.reason
    assert decide(judged(0.9, 20), judged(0.1, 20), None, 20).passed


def test_the_reason_names_the_figures() -> None:
    assert (
        decide(judged(0.2), judged(0.1), judged(0.15), 20).reason == "ndcg 0.2000 beats popularity 0.1000, champion's configuration 0.1500"
    )
    assert "0.3000" in decide(judged(0.2), judged(0.1), judged(0.3), 20).reason
    assert "popularity 0.2500" in decide(judged(0.2), judged(0.25), None, 20).reason
