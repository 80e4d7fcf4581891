"""The ledger's tables: what happened, to what, and why."""
