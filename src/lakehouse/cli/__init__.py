"""The `lakehouse` command: a module for each group of commands."""

from lakehouse.cli.commands import app, main

__all__ = ["app", "main"]
