"""How many customers may be shown a product: by hand."""

from datetime import UTC, date, datetime
from decimal import Decimal

from lakehouse.export.campaign import Stock
from lakehouse.export.stock.limits import Limit, Taken, limits, rates
from lakehouse.export.stock.shown_products import learned_packs, promised, records
from lakehouse.ops.packs import PackRecord

TEA, MILK, RICE = ("nl", 1), ("nl", 2), ("nl", 3)
PRIOR = Stock(take_rate=Decimal("0.02"), weight=1000)
AT = datetime(2026, 11, 1, 3, tzinfo=UTC)


def test_as_many_are_shown_a_product_as_are_expected_to_buy_what_is_there() -> None:
    found = limits({TEA: Decimal(7), MILK: Decimal("0.5"), RICE: Decimal(0)}, {}, rates(PRIOR, {}))
    assert {product: limit.customers for product, limit in found.items()} == {TEA: 350, MILK: 25, RICE: 0}
    # 57 / 0.57 is 99.99… in binary numbers.
    assert limits({TEA: Decimal(57)}, {}, lambda product: Decimal("0.57"))[TEA].customers == 100


def test_what_earlier_packs_of_the_night_promised_is_not_promised_again() -> None:
    rows = [
        {"shop_code": "nl", "product_id": 1, "promised_quantity": Decimal("4.5")},
        {"shop_code": "nl", "product_id": 1, "promised_quantity": Decimal("1.5")},
        {"shop_code": "nl", "product_id": 2, "promised_quantity": Decimal(3)},
    ]
    found = limits({TEA: Decimal(7), MILK: Decimal(2)}, promised(rows), rates(PRIOR, {}))
    assert {product: limit.customers for product, limit in found.items()} == {TEA: 50, MILK: 0}


def test_a_rate_moves_from_the_prior_to_what_was_counted() -> None:
    assert rates(PRIOR, {})(TEA) == Decimal("0.02")
    rate = rates(PRIOR, {TEA: Taken(3000, Decimal(300)), MILK: Taken(1000, Decimal(0))})
    # All products: (1000 * 0.02 + 300) / (1000 + 4000) = 0.064. Tea: (64 + 300) / 4000, milk: 64 / 2000. Of rice nothing was counted.
    assert [rate(product) for product in (TEA, MILK, RICE)] == [Decimal("0.091"), Decimal("0.032"), Decimal("0.064")]


def test_a_row_is_kept_of_each_product_with_the_pieces_that_it_promises() -> None:
    counts = [
        {"shop_code": "nl", "product_id": 2, "shown_count": 3, "clipped_count": 1, "sample_keys": ["a"]},
        {"shop_code": "nl", "product_id": 1, "shown_count": 0, "clipped_count": 2, "sample_keys": []},
    ]
    first, second = records(counts, {TEA: Limit(0, Decimal("0.02")), MILK: Limit(3, Decimal("0.3"))}, {"campaign": "email"})
    assert (first["product_id"], first["customer_limit"], first["promised_quantity"]) == (1, 0, Decimal(0))
    assert (second["campaign"], second["customer_limit"], second["promised_quantity"]) == ("email", 3, Decimal("0.9"))


def test_the_newest_pack_of_each_date_is_learned_from_when_its_week_is_over() -> None:
    said = {"event": "made", "expires_at": AT, "place": "", "profile": "", "customers": 1, "recipients": 1, "rows": 1, "suppressed": "{}"}

    def pack(day: int, run_id: str, hour: int = 3, campaign: str = "autumn") -> PackRecord:
        at = datetime(2026, 11, day, hour, tzinfo=UTC)
        return PackRecord(campaign=campaign, run_date=at.date(), run_id=run_id, recorded_at=at, **said)  # type: ignore[arg-type]

    packs = [
        pack(2, "late", 9),
        pack(2, "early"),
        pack(3, "other", campaign="winter"),
        pack(10, "last"),
        pack(11, "too young"),
        pack(2, "s", campaign="spring"),
    ]
    assert learned_packs({"autumn", "spring"}, packs, date(2026, 11, 18)) == [
        ("autumn", "2026-11-02", "late"),
        ("autumn", "2026-11-10", "last"),
        ("spring", "2026-11-02", "s"),
    ]
    assert learned_packs({"autumn", "spring"}, packs, date(2026, 12, 8)) == [
        ("autumn", "2026-11-10", "last"),
        ("autumn", "2026-11-11", "too young"),
    ]
