"""spark-submit launcher of `lakehouse train`: interactions to a registered model. Options as there: --env, --run-date."""

import sys

from lakehouse.cli import main

main(["train", *sys.argv[1:]])
