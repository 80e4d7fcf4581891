"""spark-submit launcher of `lakehouse refresh`, with the options of that command."""

import sys

from lakehouse.cli import main

main(["refresh", *sys.argv[1:]])
