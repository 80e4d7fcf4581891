"""Files: what vendors send, what marketing gets, what lies beside the tables."""
