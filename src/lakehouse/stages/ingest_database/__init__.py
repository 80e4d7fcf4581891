"""Databases that are no WooCommerce shop into bronze and vault."""
