"""spark-submit launcher of `lakehouse maintain`, with the options of that command."""

import sys

from lakehouse.cli import main

main(["maintain", *sys.argv[1:]])
