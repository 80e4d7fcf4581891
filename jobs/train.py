"""spark-submit launcher of `lakehouse train`, with the options of that command."""

import sys

from lakehouse.cli import main

main(["train", *sys.argv[1:]])
