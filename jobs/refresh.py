"""spark-submit launcher of `lakehouse refresh`: bronze to silver and gold. Options as there: --env, --run-date."""

import sys

from lakehouse.cli import main

main(["refresh", *sys.argv[1:]])
