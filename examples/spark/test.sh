#!/usr/bin/env bash
# Runs the filter on a Spark cluster of this machine: bash examples/spark/test.sh [--lines 200000] [--model FOLDER]
# Needs Node, Python 3.11 and the built package; installs PySpark into a folder of its own, and Java if there is none (Debian).
set -euo pipefail
cd "$(dirname "$0")"

has_java() { java -version 2>&1 | grep -qE 'version "(1[7-9]|2[0-9])'; }
if ! has_java; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless
  has_java
fi
# Another version in JAVA_HOME would be taken before the one that was found.
export JAVA_HOME="$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")"

if ! cmp -s requirements.txt .venv/complete; then
  rm -rf .venv
  python3 -m venv .venv
  .venv/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt
  cp requirements.txt .venv/complete
fi
exec .venv/bin/python test_cluster.py --node "${NODE:-node}" "$@"
