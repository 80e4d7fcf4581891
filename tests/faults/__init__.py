"""Nights that are disturbed on purpose, and whether a plain re-run mends them: `make faults`."""
