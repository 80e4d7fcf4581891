"""spark-submit launcher of `lakehouse export`: lists to campaign files. Options as there: --env, --run-date."""

import sys

from lakehouse.cli import main

main(["export", *sys.argv[1:]])
