"""spark-submit launcher of `lakehouse night`, with the options of that command."""

import sys

from lakehouse.cli import main

main(["night", *sys.argv[1:]])
