#!/usr/bin/env bash
# Fuzzes every reader (tests/fuzz) for SECONDS each (60 where not given) and prints what came of it; fails where an
# input crashes, hangs, leaks or takes too much memory. Kept inputs are the start; new ones stay in build-fuzz/corpus.
# usage: scripts/fuzz.sh [SECONDS [TARGET...]]
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

case ${1:-} in
  --help | -h) sed -n '2,4s/^# //p' "$0" && exit 0 ;;
esac
seconds=${1:-60}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || fail "$seconds is no number of seconds; accepted: 1 or more"
shift || true
command -v clang++ >/dev/null || fail "clang++ is missing; accepted: clang with its runtime libraries (libFuzzer)"
build fuzz build-fuzz traincast_fuzz
program=$root/build-fuzz/tests/fuzz/traincast_fuzz
if [ $# -gt 0 ]; then
  targets=("$@")
else
  mapfile -t targets < <(find "$root/tests/fuzz/corpus" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort)
fi

bad=0
printf '%-14s %12s %10s %10s %8s %8s\n' target runs runs/s edges inputs found
for target in "${targets[@]}"; do
  [ -d "$root/tests/fuzz/corpus/$target" ] || fail "no target $target; accepted: ${targets[*]}"
  grown=$root/build-fuzz/corpus/$target
  found=$root/build-fuzz/found/$target
  log=$root/build-fuzz/$target.log
  mkdir -p "$grown" "$found"
  status=0
  # The machine may be slow under sanitizers and load: 10 s for one small input is a hang all the same.
  "$program" "--target=$target" -max_total_time="$seconds" -rss_limit_mb=2048 -malloc_limit_mb=512 -timeout=10 \
    -max_len=8192 -use_value_profile=1 -print_final_stats=1 -artifact_prefix="$found/" \
    "$grown" "$root/tests/fuzz/corpus/$target" >"$log" 2>&1 </dev/null || status=$?
  runs=$(awk '/^stat::number_of_executed_units/ {print $2}' "$log")
  rate=$(awk '/^stat::average_exec_per_sec/ {print $2}' "$log")
  edges=$(grep -oE 'cov: [0-9]+' "$log" | tail -n 1 | cut -d' ' -f2 || true)
  inputs=$(find "$grown" -type f | wc -l)
  what=none
  if [ "$status" -ne 0 ]; then
    bad=1
    what=$(grep -m 1 -E '^SUMMARY|ERROR: libFuzzer' "$log" || echo "exit $status")
  fi
  printf '%-14s %12s %10s %10s %8s %8s\n' "$target" "${runs:-?}" "${rate:-?}" "${edges:-?}" "$inputs" "$what"
done
if [ "$bad" -ne 0 ]; then fail "inputs are in build-fuzz/found/, their stacks in build-fuzz/TARGET.log"; fi
