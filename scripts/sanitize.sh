#!/usr/bin/env bash
# Runs the tests under sanitizers and says how long each part took.
#   asan      AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer: all tests but those of speed, MPI's too
#   tsan      ThreadSanitizer: every test program that starts threads (search, histories, uncertain draws, fakes of many
#             ranks, work beside messages), and two real MPI ranks
#   valgrind  memcheck: two real MPI ranks, the tests of the collectives and a small `traincast measure`
# On two cores the tests of asan take 13 minutes after the longest of the builds, which is of every test; those of tsan 4
# minutes after a build of 6 minutes of processor time; the runs of valgrind half a minute.
# usage: scripts/sanitize.sh [asan|tsan|valgrind]...   (all three where none is given)
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
configs=$root/configs
allow_mpi_here
export OMPI_MCA_mpi_yield_when_idle=1 # more ranks than cores: do not spin while waiting

run_asan() {
  build asan build-asan
  ctest --test-dir "$root/build-asan" --output-on-failure --no-tests=error --parallel "$(jobs)" \
    --label-exclude bench --exclude-regex '^package$' </dev/null
}

# Only programs that start threads: the others have no races to find, and this sanitizer costs a factor of ten.
run_tsan() {
  local tests=(search_test failures_test uncertainty_test measure_test faults_test check_test backend_test property_test
    robust_test risk_reports_test) test
  build tsan build-tsan "${tests[@]}" mpi_test
  export TSAN_OPTIONS="suppressions=$root/tests/sanitizers/tsan.supp halt_on_error=1"
  for test in "${tests[@]}"; do
    say "$test under ThreadSanitizer"
    "$root/build-tsan/tests/$test" --gtest_brief=1 </dev/null
  done
  say "mpi_test on two ranks under ThreadSanitizer"
  TRAINCAST_TEST_RANKS=2 mpirun -n 2 "$root/build-tsan/tests/mpi_test" --gtest_brief=1 </dev/null
}

# The plain build, so that nothing more is compiled; where it finds something, the debug preset has line numbers.
run_valgrind() {
  local tool profile under_valgrind=(mpirun -n 2 valgrind --quiet --error-exitcode=9 --leak-check=no
    "--suppressions=$root/tests/sanitizers/valgrind.supp")
  for tool in valgrind mpirun; do
    command -v "$tool" >/dev/null || fail "$tool is missing; accepted: valgrind and an MPI with mpirun"
  done
  if [ -f /usr/share/openmpi/openmpi-valgrind.supp ]; then
    under_valgrind+=(--suppressions=/usr/share/openmpi/openmpi-valgrind.supp)
  fi
  build default build mpi_test traincast
  say "mpi_test on two ranks under valgrind"
  TRAINCAST_TEST_RANKS=2 "${under_valgrind[@]}" "$root/build/tests/mpi_test" --gtest_brief=1 </dev/null
  say "traincast measure on two ranks under valgrind"
  profile=$(mktemp -d)
  TRAINCAST_CONFIGS=$configs "${under_valgrind[@]}" "$root/build/traincast" measure --quick --backend cpu --mode burst \
    --ops collectives,host --out "$profile/profile.json" </dev/null
  rm -r "$profile"
}

case ${1:-} in
  --help | -h) sed -n '2,9s/^# //p' "$0" && exit 0 ;;
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
