"""People, goods and orders of the demo shop; pure."""
