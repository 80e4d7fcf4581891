"""Databases that are no WooCommerce shop: their rows in one shape, and integers for their keys."""
