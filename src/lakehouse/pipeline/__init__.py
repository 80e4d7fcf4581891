"""How a table of the flow is brought up to date."""
