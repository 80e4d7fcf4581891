"""spark-submit launcher of `lakehouse score`: the champion's candidates and everybody's lists. Options as there: --env, --run-date."""

import sys

from lakehouse.cli import main

main(["score", *sys.argv[1:]])
