#!/usr/bin/env bash
# Builds with line counters, runs the tests and prints which lines of host/ they reach; says how long it took.
# usage: scripts/coverage.sh [CTEST_OPTION...], such as -R '^(model|step)'
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

case ${1:-} in
  --help | -h) sed -n '2,3s/^# //p' "$0" && exit 0 ;;
esac
command -v gcovr >/dev/null || fail "gcovr is missing; accepted: gcovr of the distribution or of pip"
begin=$SECONDS
build coverage build-coverage
find "$root/build-coverage" -name '*.gcda' -delete
status=0
ctest --test-dir "$root/build-coverage" --output-on-failure --no-tests=error --parallel "$(jobs)" "$@" </dev/null >&2 ||
  status=$?
gcovr --root "$root" --filter "$root/host/" --exclude-throw-branches --exclude-unreachable-branches \
  "$root/build-coverage"
say "Took $((SECONDS - begin)) s"
exit "$status"
