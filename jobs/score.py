"""spark-submit launcher of `lakehouse score`: everybody's lists, by the champion. Options as there: --env, --run-date."""

import sys

from lakehouse.cli import main

main(["score", *sys.argv[1:]])
