"""What can be learned from a campaign that some were held out of: pure functions of numbers, without tables and without Spark."""
