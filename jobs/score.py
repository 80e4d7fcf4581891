"""spark-submit launcher of `lakehouse score`, with the options of that command."""

import sys

from lakehouse.cli import main

main(["score", *sys.argv[1:]])
