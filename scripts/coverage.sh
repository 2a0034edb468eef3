#!/usr/bin/env bash
# Builds with line counters (no CUDA), runs the tests, those of several MPI ranks included, and prints which lines of
# host/ they reach: a table of files and a total. Fails where a test does, or where the total is below 90 %.
# Programs that the tests start count, too, but not a process that a test kills: it has no time to write its counters.
# Excluded: no file and no line of host/. The test `package` is left out, as it builds another project, which is not
# linked with the counters.
# usage: scripts/coverage.sh [CTEST_OPTION...], such as -R '^(model|step)'; the total is judged only without options
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

least=90  # % of lines
case ${1:-} in
  --help | -h) sed -n '2,7s/^# //p' "$0" && exit 0 ;;
esac
for tool in gcovr gcov; do
  command -v "$tool" >/dev/null ||
    fail "$tool is missing; accepted: gcov of the compiler, gcovr of the distribution or of pip"
done
begin=$SECONDS
cd "$root"
allow_mpi_here
build coverage build-coverage
find build-coverage -name '*.gcda' -delete
status=0
ctest --test-dir build-coverage --output-on-failure --no-tests=error --parallel "$(jobs)" \
  --exclude-regex '^package$' "$@" </dev/null >&2 || status=1
if [ "$status" -ne 0 ]; then say "Some tests failed: see above"; fi
tests=$((SECONDS - begin))

judge=()
if [ $# -eq 0 ]; then judge=(--fail-under-line "$least"); fi
# A relative filter, because one that holds the path would read it as a regular expression.
gcovr -j "$(jobs)" --root . --filter host/ --sort-percentage ${judge[@]+"${judge[@]}"} build-coverage || {
  say "The tests reach less than $least % of the lines of host/"
  status=1
}
say "Built and tested in $tests s, counted in $((SECONDS - begin - tests)) s"
exit "$status"
