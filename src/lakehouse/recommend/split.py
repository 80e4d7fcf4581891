"""Past and future at one date for everybody: what is known before the cut, and what was bought in the window after it."""

from datetime import date, timedelta
from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.gold import interactions
from lakehouse.gold.interactions import net_quantities
from lakehouse.silver.customer_identities import with_customer_key

PAIR = ["shop_code", "customer_key", "product_id"]


class Sales(NamedTuple):
    """The tables that interactions and truth are made from."""

    orders: DataFrame
    order_lines: DataFrame
    refund_lines: DataFrame
    customer_identities: DataFrame


def cut_date(run_date: date, window_days: int) -> date:
    """The last day of the training data: the window is the `window_days` days after it, up to the run date."""
    return run_date - timedelta(days=window_days)


def known_at(sales: Sales, cut: date, half_life_days: float) -> DataFrame:
    """Interactions as they would have been on the evening of the cut, weights included, without what came later: orders or refunds of them.

    A refund has no line date of its own, so lines of refunds of earlier orders made after the cut do count; they take
    pairs away and can't add any.
    """
    return interactions.build(*sales, run_date=cut, half_life_days=half_life_days)


def bought_after(sales: Sales, cut: date, until: date, known: DataFrame) -> DataFrame:
    """(shop_code, customer_key, product_id): the truth of the window.

    Judged are customers with an order before the cut and one after it; products that were sold before the cut.
    """
    window = sales.orders.where(F.col("is_sale") & (F.col("order_date") > F.lit(cut)) & (F.col("order_date") <= F.lit(until)))
    bought = net_quantities(with_customer_key(window, sales.customer_identities), sales.order_lines, sales.refund_lines)
    products = known.select("shop_code", "product_id").distinct()
    customers = known.select("shop_code", "customer_key").distinct()
    pairs = bought.where("net_quantity > 0 and product_id > 0").select(*PAIR).distinct()
    return pairs.join(products, PAIR[::2], "left_semi").join(customers, PAIR[:2], "left_semi")
