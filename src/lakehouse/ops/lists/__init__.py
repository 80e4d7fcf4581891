"""Records about lists of recommendations."""
