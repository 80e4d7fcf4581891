"""A product that is in stock for some is shown to as many as can be expected to leave enough of it."""
