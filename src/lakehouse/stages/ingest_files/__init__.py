"""Vendors' files into their tables."""
