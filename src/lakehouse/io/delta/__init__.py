"""Delta tables: found, read, written, kept small."""
