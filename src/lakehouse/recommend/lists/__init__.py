"""Places of lists for a block of customers at once, in plain arrays: the best, by rules, as rows for Spark."""
