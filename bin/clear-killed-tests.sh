#!/usr/bin/env bash
# Clears what test runs that were killed have left on this machine: their Docker engines' processes,
# mounts, bridges with addresses and firewall rules; PostgreSQL servers; small disks; folders. A bridge
# that stays hides the same addresses of the next engine, whose containers then reach nobody.
#
# Folders are those of FOLDERS below. In each, 'owner' says which process looks after it: its id, when
# it started (field 22 of /proc/ID/stat), and its PID namespace. While that runs, and where there is
# no 'owner', all of it is left alone. Only root can clear, and only Linux has anything to.
#   bin/clear-killed-tests.sh
#   bin/clear-killed-tests.sh --owner ID   prints what 'owner' says of a process
set -u

[ "$(id -u)" = 0 ] && [ "$(uname)" = Linux ] || exit 0
FOLDERS=(/tmp/berth-docker.* /tmp/berth-engine* /tmp/berth-podman* /tmp/berth-postgres-* /tmp/berth-test.*)
readonly PATIENCE_SECONDS=30 # an engine gives its containers 10 s

say() { echo "clear-killed-tests: $*" >&2; }

started() { # ID -> when, in ticks since the machine did
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # shellcheck disable=SC2086 # fields are words, after the name in brackets
  set -- ${stat##*) }
  echo "${20}"
}

is_owned() { # FOLDER -> 0 while the process that made it runs
  local id since namespace
  read -r id since namespace <"$1/owner" || return 1
  [ "$namespace" = "$(readlink /proc/self/ns/pid)" ] || return 0 # whose processes aren't seen from here
  [ "$(started "$id")" = "$since" ]
}

named() { # NAME -> ids of its processes
  grep -lx -- "$1" /proc/[0-9]*/comm 2>/dev/null | cut -d / -f 3
}

processes() { # FOLDER [NAMES] -> ids of its engine's processes, of these names or all
  local name id
  for name in ${2:-dockerd podman containerd containerd-shim conmon postgres}; do
    for id in $(named "$name"); do
      # each has its folder in an option
      if tr '\0' '\n' <"/proc/$id/cmdline" 2>/dev/null | grep -qF "$1/"; then
        echo "$id"
      fi
    done
  done
}

end_engine() { # FOLDER; it may have been told as its owner ended, or be frozen
  local engines _
  engines=$(processes "$1" "dockerd podman")
  [ -n "$engines" ] || return
  # shellcheck disable=SC2086 # ids are words
  kill $engines 2>/dev/null
  # shellcheck disable=SC2086
  kill -CONT $engines 2>/dev/null
  for _ in $(seq $PATIENCE_SECONDS); do
    [ -n "$(processes "$1" "dockerd podman")" ] || return
    sleep 1
  done
}

bridges_of() { # FOLDER -> names of bridges that its engine made, docker0 excepted, which engines share
  grep -aoE '"BridgeName":"[^"]+"' "$1/data/network/files/local-kv.db" 2>/dev/null \
    | cut -d '"' -f 4 | sort -u | grep -vx docker0
}

remove_bridge() { # NAME
  local port tables table rule
  if [ -d "/sys/class/net/$1/bridge" ]; then
    for port in "/sys/class/net/$1/brif/"*; do
      [ ! -e "$port" ] || ip link delete "${port##*/}" 2>/dev/null
    done
    ip link delete "$1" && say "removed bridge $1 of an engine that is gone"
  fi
  for tables in iptables ip6tables; do
    command -v $tables >/dev/null || continue
    # its masquerading would take hold of the next bridge with these addresses
    for table in filter nat; do
      $tables -w -t $table -S 2>/dev/null | grep -E -- "-[io] $1( |\$)" | sed 's/^-A/-D/' \
        | while read -r rule; do
          # shellcheck disable=SC2086 # a rule is words
          $tables -w -t $table $rule
        done
    done
  done
}

clear_folder() { # FOLDER
  local id left="" bridge
  end_engine "$1"
  for id in $(processes "$1"); do
    left="$left $id $(cat "/proc/$id/task/"*/children 2>/dev/null)" # and what it ran
  done
  # shellcheck disable=SC2086 # ids are words
  [ -z "$left" ] || kill -9 $left 2>/dev/null
  for bridge in $(bridges_of "$1"); do
    remove_bridge "$bridge"
  done
  grep -o " $1/[^ ]*" /proc/self/mounts | sort -r | xargs -r umount -l 2>/dev/null
  rm -rf "$1"
  say "removed $1, whose tests were killed"
}

if [ "${1:-}" = --owner ]; then
  echo "$2 $(started "$2") $(readlink "/proc/$2/ns/pid")"
  exit
fi

exec 9>/tmp/berth-clear.lock
flock -w 60 9 || exit 0

for folder in "${FOLDERS[@]}"; do
  if [ -f "$folder/owner" ] && ! is_owned "$folder"; then
    clear_folder "$folder"
  fi
done

# With no engine at all, what has an engine's name is nobody's; one that starts again makes its own anew.
if [ -z "$(named dockerd)" ]; then
  for link in /sys/class/net/br-*; do
    name=${link##*/}
    if [[ $name =~ ^br-[0-9a-f]{12}$ ]]; then
      remove_bridge "$name"
    fi
  done
fi
exit 0
