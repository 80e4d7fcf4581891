#!/usr/bin/env bash
# Writes requirements/*.txt anew: one version of every package for Python 3.11, 3.12 and 3.13 on Linux, within the ranges of setup.cfg, with
# the SHA-256 of each of its files. What is locked stays, what setup.cfg asks for anew is added. `scripts/lock.sh --upgrade` takes the newest
# versions, `scripts/lock.sh --upgrade-package NAME` that of one package. Then run `make test`; Delta's coordinate in jars.txt must have the
# version of delta-spark. uv resolves for Pythons that need not be here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# Name of a lock, and the extras of setup.cfg that it has. It holds what is not in those before it.
locks=("run" "connect connect" "dev connect dev notebooks")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install -q uv
echo setuptools > "$work/links_the_project.in"
touch "$work/before"

# Of two locks: the packages of the second one (a line, and its hashes below it) that the first one has not.
beyond() { awk -F '==' 'FILENAME == ARGV[1] { seen[$1] = 1; next } /^[a-z0-9]/ { is_new = !($1 in seen) } is_new' "$@"; }

for lock in "${locks[@]}"; do
    read -ra words <<< "$lock"
    name=${words[0]} extras=()
    for extra in "${words[@]:1}"; do extras+=(--extra "$extra"); done
    # What stands in a file that uv writes to stays, unless it is told to upgrade.
    cat "$work/before" <(sed '/^#\|^-r/d' "requirements/$name.txt") > "$work/$name"
    "$work/venv/bin/uv" pip compile setup.cfg "$work/links_the_project.in" --quiet --universal --python-version 3.11 --generate-hashes \
        --no-header --no-annotate -c <(grep -o '^[a-z0-9][^ ]*' "$work/before") "${extras[@]}" -o "$work/$name" "$@"
    # The marker that all of them have says what pyproject.toml says.
    sed -i "s/ ; python_full_version < '3.14' and sys_platform == 'linux' / /" "$work/$name"
    { sed -n '/^#\|^-r/p' "requirements/$name.txt"; beyond "$work/before" "$work/$name"; } > "$work/new"
    cat "$work/new" > "requirements/$name.txt"
    cp "$work/$name" "$work/before"
done
