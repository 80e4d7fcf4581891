"""spark-submit launcher of `lakehouse maintain`: fewer files, none that nobody needs. Options as there: --env, --run-date, --when-due."""

import sys

from lakehouse.cli import main

main(["maintain", *sys.argv[1:]])
