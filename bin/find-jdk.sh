# Sourced: sets JAVA_HOME to a JDK 25 or newer, or says what to install and returns 1.
# Looks at JAVA_HOME, the java on PATH, and the usual places, in this order.

berth_jdk_major() { # DIR -> major version of the JDK in DIR, or nothing when there is none
  [ -x "$1/bin/javac" ] || return 0
  if [ -r "$1/release" ]; then
    sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release"
  else
    "$1/bin/javac" -version 2>&1 | sed -n 's/^javac \([0-9]*\).*/\1/p'
  fi
}

berth_find_jdk() {
  local wanted=25 dir major path_java
  path_java=$(command -v javac 2>/dev/null) && path_java=$(dirname "$(dirname "$(readlink -f "$path_java")")")
  for dir in "${JAVA_HOME:-}" "${path_java:-}" \
    /usr/lib/jvm/* /opt/java/* /opt/jdk* "$HOME"/.sdkman/candidates/java/* "$HOME"/.jdks/* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home; do
    [ -n "$dir" ] && [ -d "$dir" ] || continue
    major=$(berth_jdk_major "$dir")
    if [ "${major:-0}" -ge "$wanted" ]; then
      JAVA_HOME=$dir
      export JAVA_HOME
      return 0
    fi
  done
  cat >&2 <<EOF
berth: needs a JDK $wanted or newer and found none.
  Looked at JAVA_HOME (${JAVA_HOME:-not set}), the javac on PATH (${path_java:-none}), /usr/lib/jvm, /opt, ~/.sdkman, ~/.jdks.
  Install one, for example Eclipse Temurin 25 (package temurin-25-jdk, or 'sdk install java 25-tem'),
  or set JAVA_HOME to where it is.
EOF
  return 1
}
