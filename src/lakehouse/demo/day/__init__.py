"""A day of trade on a demo shop."""
