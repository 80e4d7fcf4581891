"""How many customers may be shown a product, so that what they are expected to buy of it is there. Plain Python over few rows.

A rate is the pieces that a customer buys of a product within TAKE_DAYS days after it was shown, in the mean. Nothing is known of it at
first, little of most products later. So it is the mean of what was counted and of `weight` customers more, who are taken to buy at the
prior rate:

    rate = (weight * prior + pieces) / (weight + customers)

This is the posterior mean of a Beta prior where nobody takes more than one piece, and of a Gamma prior where pieces are counted (Gelman et
al., Bayesian Data Analysis, 3rd edition, 2013, sections 2.4 and 2.6). It is used twice: the rate of all products together from the
prior of the campaign's file, and each product's rate from that.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from lakehouse.export.campaign import Stock

# shop_code, product_id: ids are unique within a shop.
Product = tuple[str, int]
NOTHING = Decimal(0)
# Decimals of a rate. It is never 0: the prior is not.
STEP = Decimal("0.00000001")


@dataclass(frozen=True)
class Taken:
    """What was counted of a product: how often it was shown to a customer of the sample, and the pieces that they bought afterwards."""

    shown: int
    pieces: Decimal


@dataclass(frozen=True)
class Limit:
    """At most so many customers, each of whom is expected to buy `rate` pieces."""

    customers: int
    rate: Decimal


def limits(
    available: Mapping[Product, Decimal], promised: Mapping[Product, Decimal], rate_of: Callable[[Product], Decimal]
) -> dict[Product, Limit]:
    """Of each product of `available` (pieces): floor((available - promised) / rate) customers.

    `promised`: the pieces that those are expected to buy whom the night's earlier packs show it to.
    """
    return {product: _limit(pieces - promised.get(product, NOTHING), rate_of(product)) for product, pieces in available.items()}


def rates(prior: Stock, taken: Mapping[Product, Taken]) -> Callable[[Product], Decimal]:
    """The rate of each product, after what was counted of it and of all."""
    of_all = _mean(prior.take_rate, prior.weight, sum(each.shown for each in taken.values()), sum(each.pieces for each in taken.values()))
    of_products = {product: _mean(of_all, prior.weight, each.shown, each.pieces) for product, each in taken.items()}
    return lambda product: of_products.get(product, of_all)


def _mean(prior: Decimal, weight: int, customers: int, pieces: Decimal | int) -> Decimal:
    return max(((prior * weight + pieces) / (weight + customers)).quantize(STEP), STEP)


def _limit(pieces: Decimal, rate: Decimal) -> Limit:
    return Limit(max(0, int((pieces / rate).to_integral_value(ROUND_FLOOR))), rate)
