"""The mirror of the sources."""
