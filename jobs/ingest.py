"""spark-submit launcher of `lakehouse ingest`: shop databases to bronze and vault. Options as there: --env, --run-date."""

import sys

from lakehouse.cli import main

main(["ingest", *sys.argv[1:]])
