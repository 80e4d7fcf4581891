"""What a night does, and what an operator does besides."""
