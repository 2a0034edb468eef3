#!/usr/bin/env bash
# Builds Traincast and runs its tests, those of several MPI ranks included. With --all, or in continuous
# integration (CI=true), also the build without CUDA and MPI, the format of the sources, and every reader fuzzed for
# a minute (scripts/fuzz.sh; where there is no clang with libFuzzer, it says so and goes on).
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

all=${CI:-false}
for word in "$@"; do
  case $word in
    --all) all=true ;;
    --help | -h) sed -n '2,4s/^# //p' "$0" && exit 0 ;;
    *) fail "unknown option $word of scripts/test.sh; accepted: --all --help" ;;
  esac
done

"$root/scripts/setup.sh"
allow_mpi_here
# Two test programs side by side, because the MPI ones take several cores each.
tests() { ctest --test-dir "$root/$1" --output-on-failure --no-tests=error --parallel "$(jobs)" </dev/null; }

if [ "$all" = true ]; then
  "$root/scripts/format.sh" --check --fast
  build cpu build-cpu
  say "Tests of build-cpu/ (no CUDA, no MPI)"
  tests build-cpu
  if can_fuzz; then
    say "Readers, fuzzed"
    "$root/scripts/fuzz.sh" --seed 1 # what a change breaks is found, not what luck finds in somebody else's change
  else
    say "Readers, fuzzed: skipped, because clang++ or the libFuzzer of its version is missing"
  fi
fi
build default build
say "Published runs, predicted (a test below fails where this gets worse than recorded)"
"$root/build/traincast" validate runs "$root/configs/published/runs.csv" </dev/null
say "Tests of build/"
tests build
