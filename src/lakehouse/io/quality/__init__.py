"""Judging tables, and the pages that show it."""
