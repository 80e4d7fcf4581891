"""Columns that name a customer, a product and a pair of them in many tables: ids are unique within a shop."""

CUSTOMER = ["shop_code", "customer_key"]
PRODUCT = ["shop_code", "product_id"]
PAIR = [*CUSTOMER, "product_id"]
