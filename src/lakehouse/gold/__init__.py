"""Shaped tables: what models, lists and reports read."""
