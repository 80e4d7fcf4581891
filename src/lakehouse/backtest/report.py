"""What a backtest found, as JSON, as a table for the screen, and for the tracking server."""

from collections.abc import Mapping
from dataclasses import asdict

from lakehouse.inspect.text_tables import as_table
from lakehouse.recommend import metrics
from lakehouse.recommend.evaluation.judge import Judged
from lakehouse.recommend.model import Learned
from lakehouse.recommend.scorer import LISTS

SHOWN = ("customers", "recall", "ndcg", "precision", "map", "hit_rate", "repeat_recall", "explore_recall")


def report_of(judged: Judged, learned: Learned) -> dict[str, dict[str, object]]:
    """By method: each metric with its interval, what all lists together show, and NDCG by country and by number of orders."""
    found: dict[str, dict[str, object]] = {}
    for name, summary in judged.summary().items():
        means = {metric: asdict(value) for metric, value in summary.items()}
        found[name] = {"customers": means["recall"]["customers"], **means, **asdict(judged.exposure(name, learned))}
        if name in LISTS:
            found[name] |= {"by_country": metrics.by_group(judged.of(name), learned.countries, "country_code")}
            found[name] |= {"by_orders": metrics.by_group(judged.of(name), learned.bands(), "orders")}
    return found


def table(report: Mapping[str, Mapping[str, object]]) -> str:
    """Methods × metrics at 10 places, for the screen."""
    rows = [[name, *(_number(found.get(metric)) for metric in SHOWN)] for name, found in report.items()]
    return as_table(["", *SHOWN], rows)


def flat_means(report: Mapping[str, Mapping[str, object]]) -> dict[str, float]:
    """`mixed.ndcg` … for a tracking server."""
    return {
        f"{name}.{metric}": value["mean"]
        for name, found in report.items()
        for metric, value in found.items()
        if isinstance(value, dict) and "mean" in value
    }


def _number(value: object) -> str:
    if isinstance(value, dict):
        return f"{value['mean']:.4f}"
    return f"{value:.0f}" if isinstance(value, float | int) else ""
