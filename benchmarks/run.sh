#!/usr/bin/env bash
# Measures Berth and a peer beside it: builds, makes what is needed under benchmarks/.work, and writes
# benchmarks/results/latest.md. See benchmarks/README.md.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
. "$here/bin/find-jdk.sh"
. "$here/bin/build-if-stale.sh"
venv=$here/benchmarks/.work/venv

limit=1800
for option in "$@"; do
  [ "$option" = --quick ] && limit=300
done

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

if ! command -v wrk >/dev/null 2>&1; then
  echo "benchmarks: installing wrk" >&2
  as_root apt-get install -y -q wrk >/dev/null || {
    echo "benchmarks: needs wrk (https://github.com/wg/wrk) on PATH" >&2
    exit 1
  }
fi

if ! cmp -s "$here/benchmarks/peer/requirements.txt" "$venv/requirements.txt"; then
  echo "benchmarks: making $venv" >&2
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q --disable-pip-version-check -r "$here/benchmarks/peer/requirements.txt"
  cp "$here/benchmarks/peer/requirements.txt" "$venv/requirements.txt"
fi

berth_find_jdk
berth_build_if_stale
# FillModels against the very libraries that the server runs with
"$JAVA_HOME/bin/javac" -d "$here/benchmarks/.work/classes" -cp "$here/server/target/lib/*" \
  "$here"/benchmarks/src/main/java/dev/berth/benchmarks/*.java

export BERTH_JAR BERTH_JVM_FLAGS BERTH_CACHE=$berth_cache
cd "$here/benchmarks"
# Ends its servers itself when it is told to stop; PYTHONDONTWRITEBYTECODE leaves no caches behind.
PYTHONDONTWRITEBYTECODE=1 exec \
  "$here/bin/with-docker.sh" timeout --foreground -k 30 "$limit" "$venv/bin/python" -m bench "$@"
