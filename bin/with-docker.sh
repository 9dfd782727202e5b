#!/usr/bin/env bash
# Runs a command with a Docker engine: the one that answers, else one of its own that is stopped and
# forgotten with the command. What earlier ones left that were killed is cleared first.
#   bin/with-docker.sh [--install] COMMAND...
# --install: with neither engine nor dockerd, and as root on Debian or Ubuntu, installs docker.io.
# Without any engine the command runs all the same; what needs one skips itself.
set -euo pipefail

may_install=false
if [ "${1:-}" = --install ]; then
  may_install=true
  shift
fi
[ $# -gt 0 ] || { echo "usage: with-docker.sh [--install] COMMAND..." >&2; exit 2; }

without() {
  echo "with-docker: no engine: $1" >&2
  exec "${command[@]}"
}

command=("$@")
socket=${DOCKER_HOST:-unix:///var/run/docker.sock}
if [ "${socket#unix://}" != "$socket" ] && [ -S "${socket#unix://}" ] &&
  curl -fsS --max-time 5 --unix-socket "${socket#unix://}" http://engine/_ping >/dev/null 2>&1; then
  export DOCKER_HOST=$socket
  exec "${command[@]}"
fi
if ! command -v dockerd >/dev/null 2>&1 && $may_install && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  apt-get update -qq >/dev/null 2>&1 || true
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker.io iptables gcc libc6-dev \
    >/dev/null 2>&1 || true
fi
command -v dockerd >/dev/null 2>&1 || without "nothing answers at $socket, and dockerd is not installed"
[ "$(id -u)" = 0 ] || without "nothing answers at $socket, and only root can start dockerd"

clear_killed_tests=$(dirname "$0")/clear-killed-tests.sh
"$clear_killed_tests"
folder=$(mktemp -d /tmp/berth-docker.XXXXXX)
"$clear_killed_tests" --owner $$ >"$folder/owner"
export DOCKER_HOST=unix://$folder/docker.sock
# without its owner it would go on, in the way of the next one
ends_with_this=
if setpriv --pdeathsig TERM true 2>/dev/null; then
  ends_with_this="setpriv --pdeathsig TERM"
fi
$ends_with_this dockerd --data-root "$folder/data" --exec-root "$folder/exec" --pidfile "$folder/pid" -H "$DOCKER_HOST" \
  >"$folder/log" 2>&1 &
engine=$!

stop_engine() {
  # dockerd leaves the bridges of its networks behind, whose addresses would hide those of the next one
  local bridges bridge
  bridges=$(docker network ls --quiet --filter driver=bridge --filter type=custom 2>/dev/null || true)
  kill "$engine" 2>/dev/null || true
  wait "$engine" 2>/dev/null || true
  for bridge in $bridges; do
    ip link delete "br-$bridge" 2>/dev/null || true
  done
  grep -o " $folder/[^ ]*" /proc/self/mounts | sort -r | xargs -r umount -l 2>/dev/null || true
  rm -rf "$folder"
}
trap stop_engine EXIT
trap 'exit 130' INT TERM

for _ in $(seq 1 150); do
  if [ -S "$folder/docker.sock" ] &&
    curl -fsS --max-time 2 --unix-socket "$folder/docker.sock" http://engine/_ping >/dev/null 2>&1; then
    status=0
    "${command[@]}" || status=$?
    exit "$status"
  fi
  kill -0 "$engine" 2>/dev/null || break
  sleep 0.2
done
tail -n 5 "$folder/log" >&2
stop_engine
trap - EXIT
unset DOCKER_HOST
without "dockerd did not come up; its last lines are above"
