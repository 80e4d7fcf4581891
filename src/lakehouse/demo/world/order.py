"""One order and its refunds, with amounts that add up. Orders are made by `orders`, or read back from the database by `stored_orders`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from lakehouse.demo.world.money import cents_of, tax_cents
from lakehouse.demo.world.words import BY_COUNTRY_CODE, Country


@dataclass(frozen=True)
class Rate:
    """A tax rate of one country; `tax_class` is empty for the standard rate."""

    id: int
    label: str
    permille: int
    tax_class: str


@dataclass(slots=True)
class Line:
    """Some of one product: quantity in thousandths, totals of the whole line without tax in micro-units."""

    name: str
    product_id: int
    variation_id: int
    quantity: int
    rate: Rate
    subtotal: int
    total: int
    size: str = ""
    product: int = -1
    is_reorder: bool = False
    is_product_deleted: bool = False
    item_id: int = 0

    @property
    def subtotal_tax(self) -> int:
        """Tax of the line before discount, in cents."""
        return tax_cents(self.subtotal, self.rate.permille)

    @property
    def tax(self) -> int:
        """Tax of the line, in cents."""
        return tax_cents(self.total, self.rate.permille)


@dataclass(slots=True)
class RefundLine:
    """A part of a line that is given back: positive quantity in thousandths, positive cents."""

    line: Line
    quantity: int
    total: int
    tax: int


@dataclass(slots=True)
class Refund:
    """Money given back. `kind`: line, amount, full, goods, deleted_product."""

    kind: str
    created: datetime
    amount: int
    lines: list[RefundLine] = field(default_factory=list)
    id: int = 0


@dataclass(slots=True)
class Order:
    """One order with its final state. Shipping, fee and taxes in cents."""

    person: int
    created: datetime
    updated: datetime
    status: str
    country: Country
    user_id: int
    email: str | None
    lines: list[Line]
    shipping: int = 0
    shipping_tax: int = 0
    shipping_method: str = "flat_rate"
    fee: int = 0
    coupon: tuple[str, int] | None = None
    payment: tuple[str, str] = ("", "")
    via: str = "checkout"
    paid: datetime | None = None
    completed: datetime | None = None
    is_anonymised: bool = False
    meta: dict[str, str] = field(default_factory=dict)
    refunds: list[Refund] = field(default_factory=list)
    id: int = 0

    @property
    def tax(self) -> int:
        """On lines only."""
        return sum(line.tax for line in self.lines)

    @property
    def total(self) -> int:
        """What the customer pays, in cents, tax and shipping included."""
        goods = cents_of(sum(line.total for line in self.lines))
        return goods + self.tax + self.shipping + self.shipping_tax + self.fee

    @property
    def discount(self) -> int:
        """What was taken off, in cents, without tax."""
        return cents_of(sum(line.subtotal - line.total for line in self.lines))

    @property
    def discount_tax(self) -> int:
        """Tax that was spared by the discount, in cents."""
        return sum(line.subtotal_tax - line.tax for line in self.lines)


def rates_of(country: Country) -> tuple[Rate, Rate]:
    """Standard and reduced."""
    first = 2 * BY_COUNTRY_CODE[country.code][0] + 1
    label = f"VAT {country.code}"
    return Rate(first, label, country.standard_rate, ""), Rate(first + 1, label, country.reduced_rate, "reduced-rate")
