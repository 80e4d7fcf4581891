"""Clean entities: one module per table, its declaration and the pure function that builds it."""
