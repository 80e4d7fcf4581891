"""The model registry and its experiments."""
