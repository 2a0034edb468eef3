#!/usr/bin/env bash
# Runs the tests under sanitizers and says how long each part took.
#   asan      AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer: all tests but those of speed
#   tsan      ThreadSanitizer: the threads of search, of histories (Monte Carlo) and of the fakes of many ranks
#   valgrind  memcheck: the collectives of two real MPI ranks
# usage: scripts/sanitize.sh [asan|tsan|valgrind]...   (all three where none is given)
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

run_asan() {
  build asan build-asan
  ctest --test-dir "$root/build-asan" --output-on-failure --no-tests=error --parallel "$(jobs)" \
    --label-exclude bench --exclude-regex '^package$' </dev/null
}

# Only programs that start threads: the others have no races to find, and this sanitizer costs a factor of ten.
run_tsan() {
  local tests=(search_test failures_test measure_test) test
  build tsan build-tsan "${tests[@]}"
  for test in "${tests[@]}"; do
    say "$test under ThreadSanitizer"
    TSAN_OPTIONS="suppressions=$root/tests/sanitizers/tsan.supp halt_on_error=1" "$root/build-tsan/tests/$test" \
      --gtest_brief=1 </dev/null
  done
}

run_valgrind() {
  local tool suppressions=("--suppressions=$root/tests/sanitizers/valgrind.supp") file
  for tool in valgrind mpirun; do
    command -v "$tool" >/dev/null || fail "$tool is missing; accepted: valgrind and an MPI with mpirun"
  done
  for file in /usr/share/openmpi/openmpi-valgrind.supp; do
    if [ -f "$file" ]; then suppressions+=("--suppressions=$file"); fi
  done
  allow_mpi_here
  build debug build-debug mpi_test
  mpirun -n 2 valgrind --quiet --error-exitcode=9 --leak-check=no "${suppressions[@]}" \
    "$root/build-debug/tests/mpi_test" </dev/null
}

case ${1:-} in
  --help | -h) sed -n '2,6s/^# //p' "$0" && exit 0 ;;
esac
parts=("$@")
if [ ${#parts[@]} -eq 0 ]; then parts=(asan tsan valgrind); fi
for part in "${parts[@]}"; do
  case $part in
    asan | tsan | valgrind) ;;
    *) fail "unknown part $part of scripts/sanitize.sh; accepted: asan tsan valgrind" ;;
  esac
done
for part in "${parts[@]}"; do
  begin=$SECONDS
  "run_$part"
  say "$part: nothing found, $((SECONDS - begin)) s"
done
