"""spark-submit launcher of `lakehouse maintain`: fewer files, shorter logs, nothing that nobody needs. Option as there: --env."""

import sys

from lakehouse.cli import main

main(["maintain", *sys.argv[1:]])
