#!/bin/sh
# A night for cron: `night.sh [options of lakehouse night]`. What time may mend is tried again three times; an exit code that stays is its own.
set -u
cd "$(dirname "$0")/../.." || exit 2
# The day on which it began, also for a try after midnight.
run_date=$(date -u +%F)
for seconds in 0 600 1800 3600; do
    sleep "$seconds"
    .venv/bin/lakehouse night --run-date "$run_date" "$@"
    code=$?
    # 69: the database is away. 75: another run is at work.
    case $code in 69 | 75) ;; *) exit "$code" ;; esac
done
exit "$code"
