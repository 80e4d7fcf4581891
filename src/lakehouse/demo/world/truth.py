"""What is true about a demo shop, beside the database: who is who, tastes, what is due, and where the simulation stands."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lakehouse.demo.world.goods import Good
from lakehouse.demo.world.order import Order
from lakehouse.demo.world.orders import PAID
from lakehouse.demo.world.variant import Charset, Store, working_database
from lakehouse.demo.world.words import AISLES, COUNTRIES
from lakehouse.demo.world.world import Plan, World


@dataclass
class State:
    """Where a shop stands: its plan, its database, its last day, and the ids given to people and products since the plan's end."""

    plan: Plan
    database: str
    prefix: str
    today: date
    users: dict[int, int] = field(default_factory=dict)
    launched: dict[int, tuple[int, int]] = field(default_factory=dict)  # product id, image id
    store: Store = Store.HPOS
    charset: Charset = Charset.UTF8MB4

    @property
    def working_database(self) -> str:
        """The database that the shop itself works on."""
        return working_database(self.database, self.store)


def write_state(folder: Path, state: State) -> None:
    """Write state.json, from which the next day goes on."""
    values = asdict(state)
    (folder / "state.json").write_text(json.dumps(values, indent=1, default=str) + "\n", encoding="utf-8")


def read_state(folder: Path) -> State:
    """The state that `write_state` left; an error that tells what to do when there is none."""
    file = folder / "state.json"
    if not file.exists():
        raise FileNotFoundError(f"{file} does not exist: create a shop first.")
    values = json.loads(file.read_text(encoding="utf-8"))
    plan = Plan(**values["plan"] | {"end": date.fromisoformat(values["plan"]["end"])})
    users = {int(person): int(user) for person, user in values["users"].items()}
    launched = {int(number): (int(ids[0]), int(ids[1])) for number, ids in values["launched"].items()}
    variant = Store(values.get("store", Store.HPOS)), Charset(values.get("charset", Charset.UTF8MB4))
    return State(plan, values["database"], values["prefix"], date.fromisoformat(values["today"]), users, launched, *variant)


def write_truth(
    folder: Path, world: World, goods: Mapping[int, Good], users: NDArray[np.int64], orders: Sequence[Order], counts: Mapping[str, int]
) -> dict[str, Any]:
    """Writes people, products, lines and due dates as Parquet and a summary as JSON; gives the summary."""
    folder.mkdir(parents=True, exist_ok=True)
    people_frame(world, users).to_parquet(folder / "people.parquet", index=False)
    products_frame(world, goods).to_parquet(folder / "products.parquet", index=False)
    lines = lines_frame(orders)
    lines.to_parquet(folder / "lines.parquet", index=False)
    due_frame(world, goods, world.plan.days - 1).to_parquet(folder / "due.parquet", index=False)
    summary = _summary(world, lines, orders, counts)
    (folder / "summary.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    return summary


def people_frame(world: World, users: NDArray[np.int64]) -> pd.DataFrame:
    """One row per person, also those who join later. `user_id` is 0 without an account by the end of the plan."""
    people, plan = world.people, world.plan
    return pd.DataFrame(
        {
            "person": np.arange(len(people)), "kind": people.kind, "user_id": users, "email": people.email,
            "is_guest": [not kind.endswith("account") for kind in people.kind], "is_valid_email": people.is_valid,
            "is_disposable": people.is_disposable,
            "is_anonymised": [kind == "anonymised" for kind in people.kind], "has_consent": people.has_consent,
            "country": [COUNTRIES[index].code for index in people.country],
            "currency": [COUNTRIES[index].currency for index in people.country],
            "gap_days": people.gap_days, "basket_mean": people.basket_mean,
            "joined_date": [plan.first_day + timedelta(days=int(day)) for day in people.joined_day], "taste": people.taste.tolist(),
        }
    )  # fmt: skip


def products_frame(world: World, goods: Mapping[int, Good]) -> pd.DataFrame:
    """One row per product, also those launched later; `product_id` is 0 for these."""
    catalogue = world.catalogue
    return pd.DataFrame(
        {
            "product": np.arange(len(catalogue)),
            "product_id": [goods[number].product_id if number in goods else 0 for number in range(len(catalogue))],
            "name": [product.name for product in catalogue.products], "status": [product.status for product in catalogue.products],
            "category": [AISLES[product.aisle].name for product in catalogue.products],
            "is_variable": [product.is_variable for product in catalogue.products],
            "is_hidden": [product.is_hidden for product in catalogue.products],
            "stock_status": [product.stock_status for product in catalogue.products],
            "is_weighed": [product.is_weighed for product in catalogue.products], "popularity": catalogue.popularity,
            "rhythm_days": catalogue.rhythm_days,
            "launch_day": catalogue.launch_day, "gone_day": catalogue.gone_day, "factors": catalogue.factors.tolist(),
        }
    )  # fmt: skip


def lines_frame(orders: Sequence[Order]) -> pd.DataFrame:
    """One row per product line of an order: whose it really is, and whether the person had bought the product before."""
    columns = ["order_id", "order_item_id", "person", "product_id", "is_reorder", "status", "created"]
    rows = [
        (order.id, line.item_id, order.person, line.product_id, line.is_reorder, order.status, order.created)
        for order in orders
        for line in order.lines
    ]
    return pd.DataFrame(rows, columns=columns)


def due_frame(world: World, goods: Mapping[int, Good], until_day: int) -> pd.DataFrame:
    """Per person and product in a basket by that day: when it was last bought, and when the next one is due."""
    baskets = world.baskets
    orders = int(np.searchsorted(baskets.day, until_day, side="right"))
    of_line = np.repeat(np.arange(orders), np.diff(baskets.first_line[: orders + 1]))
    product = baskets.line_product[: len(of_line)]
    bought = pd.DataFrame({"person": baskets.person[of_line], "product": product, "day": baskets.day[of_line]})
    last = bought[bought["product"].isin(list(goods))].groupby(["person", "product"])["day"].max().reset_index()
    first_day = pd.Timestamp(world.plan.first_day)
    last["product_id"] = last["product"].map({number: good.product_id for number, good in goods.items()})
    last["last_date"] = (first_day + pd.to_timedelta(last["day"], unit="D")).dt.date
    last["rhythm_days"] = world.catalogue.rhythm_days[last["product"].to_numpy()]
    last["due_date"] = (first_day + pd.to_timedelta((last["day"] + last["rhythm_days"]).round(), unit="D")).dt.date
    return last.drop(columns="day")


def _summary(world: World, lines: pd.DataFrame, orders: Sequence[Order], counts: Mapping[str, int]) -> dict[str, Any]:
    kinds = pd.Series([refund.kind for order in orders for refund in order.refunds], dtype=object).value_counts()
    return {
        "orders": len(orders),
        "lines": len(lines),
        "reorder_share": round(float(lines["is_reorder"].mean()), 4),
        "sale_share": round(float(np.mean([order.status in PAID for order in orders])), 4),
        "orders_by_status": {str(key): int(value) for key, value in pd.Series([order.status for order in orders]).value_counts().items()},
        "refunds_by_kind": {str(key): int(value) for key, value in kinds.items()},
        "people": int((world.people.joined_day < world.plan.days).sum()),
        "rows": dict(counts),
    }
