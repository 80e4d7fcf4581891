"""Rules of lists beside the scoring: what they did."""
