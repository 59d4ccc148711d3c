#!/usr/bin/env bash
# What `./firn test` runs.
#
#   testing/run-tests.sh                     everything: unit, contract and integration tests
#   testing/run-tests.sh unit                only those that need no Docker
#   testing/run-tests.sh crash [--kills N] [--seed S]
#                                            the whole crash suite: 200 kills, every fault
#   testing/run-tests.sh [unit] -- ARGS...   with further arguments for Maven
#
# Integration tests need a Docker engine and a few images, which images/prepare.sh sees to. A
# service that is missing fails the run, and so does a test that was skipped.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root

fail() {
  printf 'tests: %s\n' "$1" >&2
  exit 1
}

# The launcher has set JAVA_HOME; called directly this looks where Linux packages put a JDK.
find_jdk() {
  local candidate
  for candidate in "${JAVA_HOME:-}" /usr/lib/jvm/*25*; do
    if [[ -x $candidate/bin/javac ]] && grep -q '^JAVA_VERSION="25' "$candidate/release"; then
      export JAVA_HOME=$candidate
      return
    fi
  done
  fail 'no JDK 25 found: run ./firn test, or set JAVA_HOME'
}

# What a killed test left; where Testcontainers' own cleaner runs, it sees to that. The label is set
# in testing/containers: other projects' containers, and those of other runs, are left alone.
remove_left_containers() {
  local left
  left=$(docker ps --all --quiet --filter "label=dev.firn.test-run=$FIRN_TEST_RUN")
  if [[ -n $left ]]; then
    # Unquoted: one id a line.
    # shellcheck disable=SC2086
    docker rm --force --volumes $left >/dev/null
  fi
}

# A skipped test passes unseen; here it fails, with its name.
refuse_skips() {
  local skipped
  skipped=$(find "$root" -path '*/target/*-reports/TEST-*.xml' \
    -exec awk '/<testcase /{name=$0} /<skipped/{print FILENAME ": " name}' {} +)
  if [[ -n $skipped ]]; then
    printf '%s\n' "$skipped" >&2
    fail 'skipped tests, listed above: a test runs or fails'
  fi
}

number() { # option, value
  [[ $2 =~ ^[0-9]{1,18}$ ]] || fail "$1 takes a number, not '$2'"
  printf '%s' "$2"
}

readonly USAGE='test [unit | crash [--kills N] [--seed S]] [-- ARGUMENTS FOR MAVEN]'

main() {
  local docker=yes crash=no arguments=()
  case ${1:-} in
    unit)
      docker=no
      arguments=(-DskipITs)
      shift
      ;;
    crash)
      crash=yes
      arguments=(-Dfirn.crash.full=true -Dfirn.crash.kills=200
        -Dtest=NoUnitTest -Dsurefire.failIfNoSpecifiedTests=false
        '-Dit.test=dev.firn.e2e.crash.*IT,SabotageSuite' -Dfailsafe.failIfNoSpecifiedTests=false)
      shift
      while [[ ${1:-} == --kills || ${1:-} == --seed ]]; do
        arguments+=("-Dfirn.crash.${1#--}=$(number "$1" "${2:-}")")
        shift 2
      done
      ;;
  esac
  if [[ ${1:-} == -- ]]; then
    shift
    arguments+=("$@")
  elif (($# > 0)); then
    fail "unknown argument '$1'; usage: $USAGE"
  fi

  find_jdk
  command -v mvn >/dev/null || fail 'no Maven (mvn) on the PATH'
  cd "$root"
  # Reports of an earlier run are no evidence of this one.
  find . -type d -path '*/target/*-reports' -prune -exec rm -rf {} +

  if [[ $docker == yes ]]; then
    testing/images/prepare.sh
    eval "$(testing/images/prepare.sh --environment)"
    if [[ ${TESTCONTAINERS_RYUK_DISABLED:-} == true ]]; then
      export FIRN_TEST_RUN=$$
      trap remove_left_containers EXIT
    fi
  fi
  local result=0
  mvn --batch-mode --no-transfer-progress --threads 1 verify \
    ${arguments[@]+"${arguments[@]}"} </dev/null || result=$?
  if [[ $crash == yes && -f testing/e2e/target/crash-report.md ]]; then
    cat testing/e2e/target/crash-report.md
  fi
  ((result == 0)) || exit "$result"
  refuse_skips
}

main "$@"
