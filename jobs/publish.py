"""spark-submit launcher of `lakehouse publish`, with the options of that command."""

import sys

from lakehouse.cli import main

main(["publish", *sys.argv[1:]])
