"""The nightly code on anybody's orders."""
