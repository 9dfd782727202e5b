#!/usr/bin/env bash
# Builds everything and runs all tests: Java's through Maven, then compat/, which drives a real
# server with boto3 and the AWS CLI. Called by './berth test'. With arguments, only compat's: they
# go to pytest, as in './berth test compat/tests/test_s3.py -k presigned'.
#
# The clients are the newest boto3 and pytest from PyPI, in compat/.venv; Debian's where PyPI can't
# be reached. The last lines say what ran, with which clients, and what was skipped and why.
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 1
. bin/find-jdk.sh
berth_find_jdk || exit 1

bin/clear-killed-tests.sh
scratch=$(mktemp -d "${TMPDIR:-/tmp}/berth-test.XXXXXX")
bin/clear-killed-tests.sh --owner $$ >"$scratch/owner"
trap 'rm -rf "$scratch"' EXIT
notes=()
failed=0
is_apt_fresh=

step() { printf '\n== %s\n' "$*"; }

note() { notes+=("$*"); printf '%s\n' "$*"; }

apt_install() { # PACKAGE... -> 0 when they are installed
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    return 1
  fi
  if [ -z "$is_apt_fresh" ]; then
    apt-get update -qq >"$scratch/apt.log" 2>&1 || note "apt-get update failed: $(tail -n 1 "$scratch/apt.log")"
    is_apt_fresh=yes
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" \
    >"$scratch/apt.log" 2>&1 </dev/null
}

install_postgresql() { # the store's tests start one of their own, and skip without it
  if compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then
    return
  fi
  # Debian's package would make a database and start a server for the whole machine
  local no_server=/etc/postgresql-common/createcluster.d/berth-test.conf
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    mkdir -p "${no_server%/*}" && echo 'create_main_cluster = false' >$no_server
  fi
  apt_install postgresql \
    || note "PostgreSQL's tests: skipped, it isn't installed and could not be (apt-get install postgresql)."
  rm -f $no_server
}

install_image_tools() { # images are made of Debian's archive and pulled from a registry of the tests' own
  local tools=(mmdebstrap docker-registry htpasswd openssl) tool
  docker version >/dev/null 2>&1 || return 0
  for tool in "${tools[@]}"; do
    if ! command -v "$tool" >/dev/null; then
      apt_install mmdebstrap docker-registry apache2-utils openssl \
        || note "No $tool, and it could not be installed: the tests that need it skip."
      return 0
    fi
  done
}

install_podman() { # one test starts its own, and skips without
  command -v podman >/dev/null || apt_install podman runc containernetworking-plugins \
    || note "Podman's tests: skipped, it isn't installed and could not be (apt-get install podman)."
}

# --- Java

surefire="not run, as pytest was given arguments"
run_java() { # sets failed and surefire
  install_postgresql
  install_image_tools
  install_podman
  step "Java: ./mvnw verify (whole output: target/maven-verify.log)"
  mkdir -p target
  if ./mvnw -B -ntp -Dstyle.color=never --fail-at-end verify </dev/null 2>&1 | tee target/maven-verify.log \
    | grep --line-buffered -E '^\[(ERROR|WARNING)\]|Tests run:|^\[INFO\] (Building |BUILD|Total time)'; then
    # grep's own status says only whether a line matched; Maven's closing line decides
    grep -q '^\[INFO\] BUILD SUCCESS' target/maven-verify.log || failed=1
  else
    failed=1
  fi
  surefire=$(awk '
    /^\[[A-Z]+\] +Tests run: [0-9]+, Failures: [0-9]+, Errors: [0-9]+, Skipped: [0-9]+$/ {
      gsub(/,/, "")
      for (i = 2; i < NF; i++) {
        if ($i == "run:") run += $(i + 1)
        if ($i == "Failures:") failures += $(i + 1)
        if ($i == "Errors:") errors += $(i + 1)
        if ($i == "Skipped:") skipped += $(i + 1)
      }
    }
    END { printf "Tests run: %d, Failures: %d, Errors: %d, Skipped: %d", run, failures, errors, skipped }
  ' target/maven-verify.log)
  if [ "$failed" != 0 ]; then
    step "Maven failed; what it says of that, each once (whole output: target/maven-verify.log)"
    grep -E '^\[ERROR\]|^Caused by:|FATAL|hs_err|crashed' target/maven-verify.log | cut -c 1-300 | awk '!seen[$0]++' | head -n 60
  fi
}

[ $# -gt 0 ] || run_java

no_engine=$(grep -ho 'no engine: [^"]*' runtime-docker/target/surefire-reports/*.xml 2>/dev/null | sort -u | head -n 1)
[ -z "$no_engine" ] || note "Docker runtime: skipped, $no_engine."

# --- Python and its clients

find_python() { # sets python to one that has boto3 and pytest
  if ! command -v python3 >/dev/null && ! apt_install python3 python3-venv; then
    note "compat: skipped, there is no python3 and it could not be installed."
    return 1
  fi
  local venv=compat/.venv
  if [ ! -x $venv/bin/pip ]; then
    rm -rf $venv
    if ! python3 -m venv $venv >"$scratch/venv.log" 2>&1; then
      rm -rf $venv
      apt_install python3-venv && /usr/bin/python3 -m venv $venv >"$scratch/venv.log" 2>&1
    fi
  fi
  if [ -x $venv/bin/pip ] && $venv/bin/pip install --quiet --disable-pip-version-check \
    --timeout 20 --retries 2 --upgrade --requirement compat/requirements.txt \
    >"$scratch/pip.log" 2>&1 </dev/null; then
    python=$PWD/$venv/bin/python
    origin=PyPI
    return 0
  fi
  # an older run's clients, when there was one, are newer than Debian's
  if $venv/bin/python -c 'import boto3, pytest' 2>/dev/null; then
    python=$PWD/$venv/bin/python
    origin="PyPI, at an earlier run"
    note "PyPI could not be reached: boto3 and pytest are those of an earlier run."
    return 0
  fi
  note "PyPI could not be reached: boto3 and pytest are Debian's (python3-boto3, python3-pytest)."
  if apt_install python3-boto3 python3-pytest || /usr/bin/python3 -c 'import boto3, pytest' 2>/dev/null; then
    python=/usr/bin/python3
    origin=Debian
    return 0
  fi
  note "compat: FAILED, neither PyPI's nor Debian's boto3 and pytest could be installed."
  return 1
}

find_aws_cli() { # sets BERTH_TEST_AWS
  if [ ! -x /usr/bin/aws ]; then
    apt_install awscli || true
  fi
  BERTH_TEST_AWS=/usr/bin/aws
  if [ ! -x /usr/bin/aws ]; then
    BERTH_TEST_AWS=$(command -v aws || true)
    if [ -n "$BERTH_TEST_AWS" ]; then
      note "Debian's awscli could not be installed: the AWS CLI is $BERTH_TEST_AWS."
    else
      note "AWS CLI tests: skipped, Debian's awscli could not be installed and there is no other aws."
    fi
  fi
  export BERTH_TEST_AWS
}

find_sagemaker_sdk() { # sets BERTH_TEST_SAGEMAKER_PYTHON; apart, as it says which boto3 it wants
  local venv=compat/.venv-sagemaker
  [ "$origin" != Debian ] || return
  if { [ -x $venv/bin/pip ] || python3 -m venv $venv; } >"$scratch/sagemaker.log" 2>&1 \
    && $venv/bin/pip install --quiet --disable-pip-version-check --timeout 20 --retries 2 \
      --upgrade --requirement compat/sdk/requirements.txt >"$scratch/sagemaker.log" 2>&1 </dev/null \
    || $venv/bin/python -c 'import sagemaker' >/dev/null 2>&1; then
    export BERTH_TEST_SAGEMAKER_PYTHON=$PWD/$venv/bin/python
  else
    note "The SageMaker SDK's journey: skipped, it could not be installed: $(tail -n 1 "$scratch/sagemaker.log")"
  fi
}

pytest_closing="pytest did not run"
if [ "$failed" != 0 ]; then
  note "compat: skipped, as the Java build failed."
else
  step "Clients of compat"
  if find_python; then
    find_aws_cli
    find_sagemaker_sdk
    install_image_tools
    clients="$("$python" -c 'import boto3, pytest, sys
print(f"boto3 {boto3.__version__}, pytest {pytest.__version__}, Python {sys.version.split()[0]}")') from $origin"
    [ -n "$BERTH_TEST_AWS" ] && clients="$clients; $("$BERTH_TEST_AWS" --version 2>&1 | cut -d ' ' -f 1) at $BERTH_TEST_AWS"
    note "Clients: $clients."
    ./berth --version >/dev/null || failed=1

    step "compat: pytest against a running server"
    "$python" -B -m pytest -c compat/pytest.ini -p no:cacheprovider \
      --basetemp "$scratch/pytest" --durations=5 "${@:-compat}" </dev/null 2>&1 | tee "$scratch/pytest.log" || failed=1
    pytest_closing=$(grep -E '^=+ .*(passed|failed|error|no tests ran).* =+$' "$scratch/pytest.log" | tail -n 1)
  else
    failed=1
  fi
fi

step "Summary"
for line in ${notes[@]+"${notes[@]}"}; do
  printf '%s\n' "$line"
done
sed -n 's/^SKIPPED /Skipped: /p' "$scratch/pytest.log" 2>/dev/null
printf 'Surefire: %s\n' "$surefire"
printf '%s\n' "${pytest_closing:-pytest ended without a closing line}"
[ "$failed" = 0 ] && echo "All tests passed." || echo "FAILED."
exit "$failed"
