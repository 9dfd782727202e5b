# Sourced, with $here the clone and JAVA_HOME found: builds server/target/berth.jar when it isn't
# there or sources are newer. Sets BERTH_JAR and BERTH_JVM_FLAGS.

BERTH_JAR=$here/server/target/berth.jar
berth_stamp=$here/server/target/berth.stamp
berth_cache=$here/server/target/berth.aot
berth_log=$here/server/target/build.log

# Small heap, one collector thread: an idle server shall take little. Native models and Netty need
# native access and Unsafe.
BERTH_JVM_FLAGS="--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow
 -XX:+UseCompactObjectHeaders"
case "${BERTH_JAVA_OPTS:-}" in
  *-XX:+Use*GC*) ;; # two collectors are one too many
  *) BERTH_JVM_FLAGS="$BERTH_JVM_FLAGS -XX:+UseSerialGC" ;;
esac

berth_is_stale() {
  [ -f "$berth_stamp" ] && [ -f "$BERTH_JAR" ] || return 0
  # folders count too: a file that was deleted leaves its folder newer
  [ -n "$(find "$here/pom.xml" "$here"/*/pom.xml "$here"/*/src/main "$here/examples" \
    -newer "$berth_stamp" -print -quit 2>/dev/null)" ]
}

berth_build_if_stale() {
  if berth_is_stale; then
    mkdir -p "$here/server/target"
    (
      # two that start at once: the second waits, and finds the first's build
      if command -v flock >/dev/null 2>&1; then
        flock 9
        berth_is_stale || exit 0
      fi
      berth_build
    ) 9>"$here/server/target/build.lock" || exit 1
  fi
  if [ -f "$berth_cache" ]; then
    BERTH_JVM_FLAGS="$BERTH_JVM_FLAGS -XX:AOTCache=$berth_cache -Xlog:aot=off -Xlog:cds=off"
  fi
}

berth_build() {
  local began=$SECONDS started
  started=$(mktemp "$here/server/target/started.XXXXXX")
  echo "berth: building, which takes a minute or two the first time (log: $berth_log)" >&2
  if ! "$here/mvnw" -DskipTests -Dspotless.check.skip=true -pl server -am package >"$berth_log" 2>&1; then
    rm -f "$started"
    grep -E '^\[(ERROR|WARNING)\] .*(\.java|pom\.xml)' "$berth_log" | head -20 >&2 || tail -20 "$berth_log" >&2
    echo "berth: the build failed; the whole log is $berth_log" >&2
    return 1
  fi
  berth_make_cache
  mv "$started" "$berth_stamp" # what changed while it was built is newer
  echo "berth: built in $((SECONDS - began)) s" >&2
}

# An ahead-of-time cache of classes (JEP 514) from a training run; a JVM that can't make one does
# without.
berth_make_cache() {
  rm -f "$berth_cache"
  # shellcheck disable=SC2086
  "$JAVA_HOME/bin/java" $BERTH_JVM_FLAGS -XX:AOTCacheOutput="$berth_cache" -jar "$BERTH_JAR" demo \
    >>"$berth_log" 2>&1 || rm -f "$berth_cache"
}
