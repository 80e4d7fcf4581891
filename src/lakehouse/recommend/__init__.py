"""From interactions to ranked lists."""
