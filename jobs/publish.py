"""spark-submit launcher of `lakehouse publish`: what the tasks of a workflow did, shown at once. Options as there: --workflow, --env."""

import sys

from lakehouse.cli import main

main(["publish", *sys.argv[1:]])
