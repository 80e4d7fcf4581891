"""The demo shop as WooCommerce's rows in a database."""
