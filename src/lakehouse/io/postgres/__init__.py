"""Databases on PostgreSQL."""
