"""A shop's database and its replica."""
