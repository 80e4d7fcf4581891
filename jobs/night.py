"""spark-submit launcher of `lakehouse night`: the whole night as one run. Options as there: --env, --run-date."""

import sys

from lakehouse.cli import main

main(["night", *sys.argv[1:]])
