"""What a night would do, and what stands in its way."""
