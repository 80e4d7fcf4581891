"""spark-submit launcher of `lakehouse ingest`, with the options of that command."""

import sys

from lakehouse.cli import main

main(["ingest", *sys.argv[1:]])
