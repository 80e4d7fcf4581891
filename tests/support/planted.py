"""One good row of any table, and for each of its checks of rows a row that breaks this check and no other."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pyspark.sql.types import ArrayType, BooleanType, DataType, DateType, DoubleType, StringType, TimestampType

from lakehouse.table import Column, Table

# What a good row needs beside a first value of each type.
GOOD: Mapping[str, Mapping[str, Any]] = {
    "silver.orders": {"currency_code": "EUR", "is_misdated": False},
    "silver.refunds": {"total_amount": -1, "refund_id": 2, "currency_code": "EUR", "has_other_currency": False, "is_misdated": False},
    "silver.refund_lines": {"quantity": -1},
    "silver.wholesale_offers": {"currency_code": "EUR"},
    "silver.products": {"has_foreign_image": False},
    "silver.customers": {"is_anonymous": False, "is_customer": True},
    "gold.daily_sales": {"refund_amount": -1},
    "gold.campaign_results": {"control_delivered_count": 0},
}
# check → what makes a good row break it.
PLANTED: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "silver.orders": {
        "status_is_known": {"status": ""},
        "currency_is_a_code": {"currency_code": "euro"},
        "created_at_is_known": {"created_at": None},
        "total_is_known": {"total_amount": None},
        "channel_code_is_accepted": {"channel_code": "phone"},
        "no_sale_reason_is_accepted": {"no_sale_reason": "weather"},
        "shop_is_in_the_settings": {"order_date": None},
    },
    "silver.order_lines": {
        "quantity_is_a_number": {"quantity": None},
        "net_amount_is_a_number": {"net_amount": None},
        "order_id_is_one_of_orders": {"order_id": 99},
    },
    "silver.refunds": {
        "order_is_known": {"refund_id": 1},
        "order_id_is_one_of_orders": {"order_id": 99},
        "currency_is_a_code": {"currency_code": "EUR\n"},
        "refunded_at_is_known": {"refunded_at": None},
        "total_is_not_positive": {"total_amount": 1},
        "shop_is_in_the_settings": {"refund_date": None},
    },
    "silver.refund_lines": {
        "quantity_is_a_number": {"quantity": None},
        "net_amount_is_a_number": {"net_amount": None},
        "refund_id_is_one_of_refunds": {"refund_id": 99},
    },
    "silver.products": {
        "status_is_known": {"status": None},
        "price_is_not_negative": {"price_amount": -1},
        "what_is_sellable_has_a_name": {"product_name": " "},
    },
    "silver.product_codes": {
        "code_type_is_accepted": {"code_type": "isbn"},
        "code_is_not_empty": {"code": ""},
        "product_count_is_positive": {"product_count": 0},
    },
    "bronze.campaign_members": {"arm_is_accepted": {"arm": "both"}},
    "bronze.campaign_products": {"no_more_are_shown_it_than_may_be": {"shown_count": 2}},
    "bronze.consent_statements": {"source_is_accepted": {"source": "letter"}},
    "silver.consents": {
        "channel_is_accepted": {"channel": "post"},
        "source_is_accepted": {"source": "letter"},
        "state_is_accepted": {"state": "maybe"},
    },
    "silver.customer_identities": {"identity_type_is_accepted": {"identity_type": "phone"}},
    "silver.customers": {
        "email_status_is_accepted": {"email_status": "new"},
        "consent_is_accepted": {"consent": "maybe"},
        "legal_ground_is_accepted": {"legal_ground": "guess"},
        "email_status_is_known": {"email_status": None},
        "who_is_anonymous_has_no_address": {"is_anonymous": True},
        "customer_key_is_one_of_customer_identities": {"customer_key": "nobody"},
    },
    "silver.app_orders": {"status_is_accepted": {"status": "lost"}},
    "silver.app_order_lines": {"product_match_is_accepted": {"product_match": "name"}, "order_id_is_one_of_app_orders": {"order_id": 99}},
    "silver.wholesale_offers": {
        "wholesaler_code_is_accepted": {"wholesaler_code": "wholesaler_d"},
        "product_match_is_accepted": {"product_match": "name"},
        "units_per_case_is_positive": {"units_per_case": 0},
        "unit_price_is_not_negative": {"unit_price_amount": -1},
        "valid_to_is_not_before_valid_from": {"valid_from": date(2026, 11, 2), "valid_to": date(2026, 11, 1)},
        "currency_is_a_code": {"currency_code": "eur"},
        "discounts_are_at_most_all": {"tiers": [(Decimal(1), Decimal(101))]},
    },
    "gold.interactions": {
        "order_count_is_positive": {"order_count": 0, "weight": 0.0},
        "net_quantity_is_positive": {"net_quantity": 0},
        "recency_is_not_negative": {"recency_days": float("nan")},
        "weight_is_at_most_one_an_order": {"weight": 1.5},
        "first_order_is_not_after_the_last": {"first_ordered_at": datetime(2026, 11, 2, tzinfo=UTC)},
        "customer_key_is_one_of_customers": {"customer_key": "nobody"},
    },
    "gold.product_popularity": {
        "recent_orders_are_part_of_all": {"recent_order_count": 2},
        "each_recent_customer_has_an_order": {"recent_customer_count": 2},
    },
    "gold.daily_sales": {
        "each_customer_has_a_transaction": {"customer_count": 2},
        "refund_amount_is_not_positive": {"refund_amount": 1},
    },
    "gold.install_base": {
        "platform_is_accepted": {"platform": "web"},
        "confidence_is_accepted": {"confidence": "sure"},
        "what_is_installed_is_part_of_all": {"installed_count": 2},
        "coverage_is_a_share": {"coverage_share": 1.5},
    },
    "gold.customer_facts": {
        "email_status_is_accepted": {"email_status": "new"},
        "consent_is_accepted": {"consent": "maybe"},
        "who_ordered_did_so_once": {"order_count": 0},
    },
    "gold.campaign_results": {
        "dimension_is_accepted": {"dimension": "age"},
        "measure_is_accepted": {"measure": "clicks"},
        "verdict_is_accepted": {"verdict": "maybe"},
        "a_buyer_is_a_member": {"control_buyer_count": 2},
        "an_interval_has_its_uplift_inside": {"uplift": 2},
        "the_interval_of_every_look_is_the_wider_one": {"always_low": 2},
    },
    "recommendations.customer_products": {
        "rank_counts_from_1": {"rank": 0},
        "list_name_is_accepted": {"list_name": "again"},
        "candidate_source_is_accepted": {"candidate_source": "luck"},
        "reason_code_is_accepted": {"reason_code": "luck"},
        "product_is_known": {"product_id": None},
        "score_is_a_number": {"score": float("-inf")},
        "customer_key_is_one_of_customers": {"customer_key": "nobody"},
        "product_id_is_one_of_products": {"product_id": 99},
    },
}


def good_row(table: Table) -> dict[str, Any]:
    return {**{column.name: _value(column) for column in table.columns}, **GOOD.get(table.name, {})}


def defects(table: Table) -> dict[str, dict[str, Any]]:
    """Check → the row that breaks it: one for each part of the key that is missing, and what is planted by hand."""
    good = good_row(table)
    keys: dict[str, Mapping[str, Any]] = {f"{name}_is_known": {name: None} for name in table.key}
    return {check: {**good, **change} for check, change in {**keys, **PLANTED.get(table.name, {})}.items()}


def _value(column: Column) -> Any:
    if column.accepted:
        return column.accepted[0]
    kinds: dict[type[DataType], Any] = {
        StringType: "x",
        BooleanType: True,
        DoubleType: 0.5,
        DateType: date(2026, 11, 1),
        TimestampType: datetime(2026, 11, 1, tzinfo=UTC),
        ArrayType: [],
    }
    return kinds.get(type(column.type), 1)
