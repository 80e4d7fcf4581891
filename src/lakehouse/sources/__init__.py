"""Where data comes from: declarations only, nothing is read here."""
