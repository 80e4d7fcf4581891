"""Rules of the shop as data: what they mean, which products they are about, and what they make of a customer's list."""
