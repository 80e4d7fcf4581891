#!/usr/bin/env bash
# Resolves the coordinates of a list into a folder by Spark's own resolver; does nothing when the folder is already what the list asks for.
# Usage: scripts/jars.sh [LIST [FOLDER]]: jars.txt into jars/; `make s3-jars` makes it jars-s3.txt into jars-s3/.
# It looks in ~/.m2 and Maven Central. Another repository: DEFAULT_ARTIFACT_REPOSITORY=https://...; Ivy settings of your own:
# spark.jars.ivySettings in $SPARK_CONF_DIR/spark-defaults.conf; a proxy: SPARK_SUBMIT_OPTS="-Dhttps.proxyHost=... -Dhttps.proxyPort=...".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
list=${1:-jars.txt} folder=${2:-jars}

# What the folder was made from, and what is in it: a changed lock, a deleted or a foreign jar makes it anew.
state() { cat "$list" <(grep -o '^pyspark==[0-9.]*' requirements/run.txt) | sha256sum; ls "$1"; }
[[ -f $folder/.stamp && $(state "$folder") == "$(< "$folder/.stamp")" ]] && exit 0

echo "Resolving $list into $folder/ ..."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
SPARK_HOME=$(echo "$PWD"/.venv/lib/python3*/site-packages/pyspark)
export SPARK_HOME PYSPARK_PYTHON="$PWD/.venv/bin/python"
touch "$work/nothing.py"
"$SPARK_HOME/bin/spark-submit" --master 'local[1]' --conf spark.jars.ivy="$work" \
    --packages "$(grep -v '^#' "$list" | paste -sd,)" "$work/nothing.py" > "$work/log" 2>&1 ||
    { cat "$work/log" >&2; echo "Could not resolve $list: see above, and scripts/jars.sh for other repositories and proxies." >&2; exit 1; }

# Classes that Spark has itself are taken from Spark anyway, so those jars (two thirds of the megabytes) would only be carried around.
for jar in "$work"/jars/*.jar; do
    artifact=${jar##*/}            # group_artifact-version.jar
    artifact=${artifact#*_}
    artifact=${artifact%%-[0-9]*}
    compgen -G "$SPARK_HOME/jars/$artifact-[0-9]*.jar" > /dev/null && rm "$jar"
    [[ $artifact == bundle ]] && .venv/bin/python scripts/aws_bundle.py "$jar"
done
rm -rf "$folder"
mkdir "$folder"
cp "$work"/jars/*.jar "$folder/"
state "$folder" > "$folder/.stamp"
