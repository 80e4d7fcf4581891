#!/usr/bin/env bash
# Writes requirements/*.txt anew: the newest versions within the ranges of setup.cfg, from a fresh environment. Then run `make test`;
# Delta's coordinate in jars.txt must have the version of delta-spark. `scripts/lock.sh -c requirements/dev.txt` keeps what is locked.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
frozen() { "$work/venv/bin/python" -m pip freeze --all --exclude pip --exclude lakehouse | sort -f; }

"$work/venv/bin/python" -m pip install -q -U "$@" setuptools .
frozen > "$work/run"
"$work/venv/bin/python" -m pip install -q "$@" '.[dev,notebooks]'
frozen > "$work/dev"
sed -n '/^#/p' requirements/run.txt | cat - "$work/run" > "$work/run.txt"
{ sed -n '/^#\|^-r/p' requirements/dev.txt; grep -vxFf "$work/run" "$work/dev"; } > "$work/dev.txt"
cp "$work/run.txt" "$work/dev.txt" requirements/
