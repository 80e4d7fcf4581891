"""spark-submit launcher of `lakehouse export`, with the options of that command."""

import sys

from lakehouse.cli import main

main(["export", *sys.argv[1:]])
