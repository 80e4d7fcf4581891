"""One customer: what is known, and what the lists make of it."""
