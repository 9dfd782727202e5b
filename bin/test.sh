#!/usr/bin/env bash
# All checks and tests: the build with its unit and contract tests, then the journeys with real clients.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
"$here/mvnw" verify "$@"
if [ -x "$here/compat/run.sh" ]; then
  "$here/compat/run.sh"
fi
