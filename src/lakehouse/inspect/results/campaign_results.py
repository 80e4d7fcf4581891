"""What a campaign added, as a table and in sentences: `lakehouse campaigns results`."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import ceil
from typing import Any

from lakehouse.errors import ConfigError, DataError
from lakehouse.experiment.words import MISMATCH, WISHED_SHARE
from lakehouse.gold.campaign_orders import WINDOW_DAYS
from lakehouse.gold.campaign_results import DIMENSIONS, TABLE
from lakehouse.gold.campaign_sums import REVENUE
from lakehouse.inspect.text_tables import RowFormat, as_rows, as_table
from lakehouse.io.config.settings import load_settings
from lakehouse.lake import Lake

Row = Mapping[str, Any]
HEADER = (
    *("part", "currency", "measure", "in packs", "held out", "per member", "held out's", "uplift", "from", "to", "verdict"),
    *("members needed", "days"),
)
WHEN = "results come with the night after its first pack, for campaigns with a hold-out; docs/campaign-results.md"


def results(env: str, name: str, wished: float, output: RowFormat = RowFormat.TABLE) -> str:
    """Of one campaign every row; as csv or json the rows of gold.campaign_results as they stand.

    `wished`: the uplift that one would like to see, as a share of what the hold-out buys. DataError (65) if nothing is known of it.
    """
    rows = [row for row in _known(env, wished) if row["campaign"] == name]
    if not rows:
        raise DataError(f"there are no results of a campaign {name}", WHEN)
    rows.sort(key=lambda row: (row["measure"] != REVENUE, row["currency_code"], DIMENSIONS.index(row["dimension"]), row["dimension_value"]))
    if output != RowFormat.TABLE:
        return _as_they_stand(rows, output)
    whole = [row for row in rows if row["dimension"] == DIMENSIONS[0]]
    table = as_table(list(HEADER), [_cells(row, wished) for row in rows])
    return "\n\n".join([_reach(whole[0]), table, "\n".join(sentence(row, wished) for row in whole)])


def overview(env: str, wished: float, output: RowFormat = RowFormat.TABLE) -> str:
    """Of all campaigns the rows of all members; else as `results`."""
    rows = [row for row in _known(env, wished) if row["dimension"] == DIMENSIONS[0]]
    if not rows:
        raise DataError("there are no results of any campaign", WHEN)
    rows.sort(key=lambda row: (row["campaign"], row["measure"] != REVENUE, row["currency_code"]))
    if output != RowFormat.TABLE:
        return _as_they_stand(rows, output)
    table = as_table(["campaign", *HEADER[1:]], [[row["campaign"], *_cells(row, wished)[1:]] for row in rows])
    of_each = {row["campaign"]: [other for other in rows if other["campaign"] == row["campaign"]] for row in rows}
    told = ("\n".join([_reach(those[0]), *(sentence(row, wished) for row in those)]) for those in of_each.values())
    return "\n\n".join([table, *told])


def sentence(row: Row, wished: float) -> str:
    """What a row says, for somebody who has to decide."""
    what = f"revenue in {row['currency_code']}" if row["measure"] == REVENUE else f"orders of members who pay in {row['currency_code']}"
    said, low, high = row["verdict"], *_interval(row)
    digits = 2 if row["measure"] == REVENUE else 4
    found = "" if row["uplift"] is None else f"{row['uplift']:+.{digits}f} per member ({low:+.{digits}f} to {high:+.{digits}f})"
    in_all = "" if row["uplift"] is None else f", about {_about(row['uplift'] * row['treatment_count'])} in all"
    needed, days = _needed(row, wished), _days(row, wished)
    pace = "" if needed is None else f" An uplift of {wished:.0%} is seen with about {_about(needed)} members"
    pace += "" if days is None or not pace else f", or after {days:,} days at this pace"
    told = {
        "uplift": f"the campaign earned: {found}{in_all}",
        "loss": f"the campaign cost sales: {found}{in_all}",
        "none": f"no uplift: {found}, and {wished:.0%} would have been seen",
        "undecided": f"undecided: {found or 'too few members or orders yet'}.{pace}",
        "invalid": f"invalid: {row['control_count']:,} members are held out where {row['expected_control_count']:,.0f} were planned,"
        f" which chance does not do (p below {MISMATCH}); find out who is missing first",
    }[said]
    return f"{what}: {told.rstrip('.')}."


def _known(env: str, wished: float) -> list[Row]:
    """All rows that are published."""
    if not 0 < wished <= 10:
        raise ConfigError(f"an uplift of {wished} can't be looked for", "give a share such as 0.1, which is 10 %")
    lake = Lake(load_settings(env))
    if TABLE.name not in lake.published:
        return []
    found: list[Row] = lake.store.arrow(TABLE.name, TABLE.column_names, version=lake.version(TABLE.name)).to_pylist()
    return found


def _as_they_stand(rows: Sequence[Row], output: RowFormat) -> str:
    return as_rows(TABLE.column_names, [[row[column] for column in TABLE.column_names] for row in rows], output)


def _reach(row: Row) -> str:
    heard = ", ".join(f"{row[f'{name}_count']:,} {name}" for name in ("delivered", "opened", "clicked", "bounced"))
    state = "over" if row["is_over"] else f"running: orders count for {WINDOW_DAYS} days after each member's assignment"
    lines = [f"{row['campaign']}: {row['days']:g} days, {state}", f"members in the packs of whom the mail tool said: {heard}"]
    if row["control_delivered_count"]:
        lines.append(f"warning: {row['control_delivered_count']:,} members who are held out got a mail of this campaign")
    return "\n".join(lines)


def _cells(row: Row, wished: float) -> list[str]:
    low, high = _interval(row)
    part = "all" if row["dimension"] == DIMENSIONS[0] else f"{row['dimension']} {row['dimension_value']}"
    numbers = (row["treatment_mean"], row["control_mean"], row["uplift"], low, high)
    needed, days = _needed(row, wished), _days(row, wished)
    return [
        *(part, row["currency_code"], row["measure"], f"{row['treatment_count']:,}", f"{row['control_count']:,}"),
        *("" if number is None else f"{number:.4f}" for number in numbers),
        row["verdict"],
        *("" if number is None else f"{number:,}" for number in (needed, days)),
    ]


def _interval(row: Row) -> Sequence[Decimal | None]:
    """The one that the verdict is by: that of a single look when all is over, before it that of every look."""
    return (row["uplift_low"], row["uplift_high"]) if row["is_over"] else (row["always_low"], row["always_high"])


def _needed(row: Row, wished: float) -> int | None:
    """Half the effect takes four times the members."""
    return None if row["needed_count"] is None else ceil(row["needed_count"] * (WISHED_SHARE / wished) ** 2)


def _days(row: Row, wished: float) -> int | None:
    return None if row["needed_days"] is None else ceil(row["needed_days"] * (WISHED_SHARE / wished) ** 2)


def _about(number: float | Decimal) -> str:
    """Two digits: more are not known."""
    return f"{float(f'{number:.2g}'):,.0f}"
