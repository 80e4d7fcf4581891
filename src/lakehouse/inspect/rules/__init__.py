"""Rules of lists, tried without a lake."""
