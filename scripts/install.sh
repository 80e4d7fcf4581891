#!/usr/bin/env bash
# Installs what the project needs: system packages (Debian, Ubuntu), .venv with the locked versions, Spark's jars.
# Usage: scripts/install.sh [run|dev]. Safe to repeat: what is there is left alone. PYTHON=python3.12 chooses another Python.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH="$PATH:/usr/sbin:/sbin"  # mariadbd and ldconfig are not in everybody's path

lock=${1:-run}
[[ $lock == run || $lock == dev ]] || { echo "usage: scripts/install.sh [run|dev]" >&2; exit 2; }
python=${PYTHON:-python3}
did_something=

say() { did_something=yes; echo "$*"; }
fail() { printf '%s\n' "$@" >&2; exit 1; }

# --- system packages -------------------------------------------------------------------------------------------------
has_python() { [[ -x .venv/bin/python ]] || "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; }
has_venv() { [[ -x .venv/bin/python ]] || "$python" -c 'import ensurepip, venv' 2> /dev/null; }
has_java() { [[ $("${JAVA_HOME:+$JAVA_HOME/bin/}java" -version 2>&1) =~ version\ \"([0-9]+) ]] && ((BASH_REMATCH[1] >= 17)); }
has_server() { command -v mariadbd mariadb-install-db > /dev/null; }
has_client() { command -v mariadb mariadb-admin > /dev/null; }
has_postgres() { [[ $lock != dev ]] || compgen -G "/usr/lib/postgresql/*/bin/initdb" > /dev/null || command -v initdb > /dev/null; }
has_openblas() { ! command -v ldconfig > /dev/null || [[ $(ldconfig -p) == *libopenblas.so.0* ]]; }

missing() { for part in python venv java server client postgres openblas; do "has_$part" || echo "$part"; done; }

known() {  # the first of these packages that apt knows, else the first
    for package in "$@"; do [[ -n $(apt-cache show "$package" 2> /dev/null) ]] && { echo "$package"; return; }; done
    echo "$1"
}

packages() {  # of the missing parts, one a line
    for part in $(missing); do
        case $part in
            python) echo "$python" ;;
            venv) echo "$python-venv" ;;
            java) known openjdk-17-jre-headless default-jre-headless ;;
            server) known mariadb-server-core mariadb-server ;;  # core: the programs without the service
            client) echo mariadb-client ;;
            postgres) echo postgresql ;;  # for tests
            openblas) echo libopenblas0-pthread ;;
        esac
    done
}

if [[ -n $(missing) ]]; then
    as_root=()
    ((EUID == 0)) || as_root=(sudo -n)
    # RUNLEVEL=1: where a package brings a service, it is not started.
    apt=(env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get -q -y)
    install=(install --no-install-recommends)
    if ! command -v apt-get > /dev/null || { ((EUID != 0)) && ! sudo -n true 2> /dev/null; }; then
        mapfile -t names < <(packages)
        fail "Missing: ${names[*]} (names of Debian and Ubuntu), and there is no right to install them here. Please run" \
            "    sudo apt-get update && sudo apt-get ${install[*]} ${names[*]}" "and start again."
    fi
    say "Reading the lists of system packages ..."
    "${as_root[@]}" "${apt[@]}" update > /dev/null
    mapfile -t names < <(packages)
    say "Installing system packages: ${names[*]} ..."
    "${as_root[@]}" "${apt[@]}" "${install[@]}" "${names[@]}" > /dev/null
    hash -r
    still=$(missing)
    [[ -z $still ]] || fail "Still missing after installing ${names[*]}: ${still//$'\n'/, }." \
        "Needed are Python 3.11 or newer ($python; set PYTHON=... for another), Java 17 or newer (JAVA_HOME=${JAVA_HOME:-not set}), MariaDB and OpenBLAS."
fi

# --- .venv -----------------------------------------------------------------------------------------------------------
# The stamp names what .venv was made from, the folder too: the project is installed as a link to it. `dev` holds all of `run`.
stamp=.venv/.installed
made_from=$(cat setup.cfg pyproject.toml requirements/*.txt <(pwd) | sha256sum | cut -d' ' -f1)
installed=$(cat "$stamp" 2> /dev/null || true)
if [[ $installed != "$made_from $lock" && $installed != "$made_from dev" ]]; then
    rm -f "$stamp"
    if [[ ! -x .venv/bin/python ]]; then
        say "Creating .venv ..."
        "$python" -m venv --clear .venv
    fi
    say "Installing requirements/$lock.txt into .venv (some minutes the first time) ..."
    pip() { .venv/bin/python -m pip "$1" -q --disable-pip-version-check --use-pep517 "${@:2}"; }
    if ! compgen -G ".venv/lib/python3*/site-packages/pyspark" > /dev/null; then
        # Spark comes as sources. A wheel is made of them, most of a minute on one processor, while another one installs all else.
        work=$(mktemp -d)
        trap 'rm -rf "$work"' EXIT
        locks=(requirements/run.txt)
        if [[ $lock == dev ]]; then locks+=(requirements/connect.txt requirements/dev.txt); fi
        awk -v folder="$work" '/^-r/ { next } /^[^ #]/ { file = /^pyspark==/ ? "spark" : "rest" } file { print > folder "/" file ".txt" }' "${locks[@]}"
        pip wheel --no-deps --wheel-dir "$work" -r "$work/spark.txt" &
        pip install --no-deps --no-compile -r "$work/rest.txt"
        wait $!
        pip install --no-deps --no-compile "$work"/pyspark-*.whl
    fi
    pip install --no-compile -r "requirements/$lock.txt"
    say "Installing the project into .venv as a link to this folder ..."
    pip install --no-deps --no-build-isolation -e .
    # Once, and on all processors, which pip does on one. Where PYTHONDONTWRITEBYTECODE is set, as in many images, or the folder can't be
    # written by who runs a night, each process would compile what it imports: ten processor seconds a night.
    # Some libraries ship files of other versions of Python, which can't be compiled.
    { .venv/bin/python -m compileall -q -j 0 .venv/lib src > /dev/null || true; } &
fi

# --- jars ------------------------------------------------------------------------------------------------------------
resolving=$(scripts/jars.sh)
[[ -z $resolving ]] || say "$resolving"
wait
[[ -f $stamp ]] || echo "$made_from $lock" > "$stamp"

# --- archive of classes ----------------------------------------------------------------------------------------------
archived=$(cat "$stamp" jars/.stamp scripts/class_archive.py <("${JAVA_HOME:+$JAVA_HOME/bin/}java" -version 2>&1) | sha256sum)
if [[ $(cat .venv/.archived 2> /dev/null || true) != "$archived" ]]; then
    say "Archiving Spark's classes, so that sessions start quicker ..."
    .venv/bin/python scripts/class_archive.py 2> /dev/null || say "That failed. All works without it; sessions start some seconds later."
    echo "$archived" > .venv/.archived
fi

if [[ -n $did_something ]]; then echo "Installed."; else echo "Everything is installed: system packages, .venv ($lock), jars."; fi
