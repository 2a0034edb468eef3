#!/usr/bin/env bash
# Fuzzes every reader (tests/fuzz) for SECONDS each (60 where not given) and prints what came of it; fails where an
# input crashes, hangs, leaks or takes too much memory. Kept inputs are the start; new ones stay in build-fuzz/corpus.
# N targets run side by side, as many as there are processors where not given: 11 of 60 s on two take 6 minutes.
# --seed N makes a first run (no build-fuzz/corpus) try the same inputs every time, as many as there is time for.
# --keep fuzzes nothing: it adds to tests/fuzz/corpus the fewest new ones, cut at 4 KiB, that reach what none there does.
# usage: scripts/fuzz.sh [--jobs N] [--seed N] [SECONDS [TARGET...]]   or   scripts/fuzz.sh --keep [TARGET...]
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

side_by_side=$(jobs)
keep=false
seed=0 # of libFuzzer: another one every time
while [[ ${1:-} == -* ]]; do
  case $1 in
    --help | -h) sed -n '2,7s/^# //p' "$0" && exit 0 ;;
    --jobs | --seed)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || fail "$1 ${2:-} is no count; accepted: 1 or more"
      if [ "$1" = --jobs ]; then side_by_side=$2; else seed=$2; fi
      shift 2
      ;;
    --keep) keep=true && shift ;;
    *) fail "unknown option $1 of scripts/fuzz.sh; accepted: --jobs --seed --keep --help" ;;
  esac
done
if [ "$keep" = false ]; then
  seconds=${1:-60}
  [[ $seconds =~ ^[1-9][0-9]*$ ]] || fail "$seconds is no number of seconds; accepted: 1 or more"
  shift || true
fi
can_fuzz || fail "clang++ or its libFuzzer is missing; accepted: clang and, of the same version, libclang-rt-*-dev"
mapfile -t targets < <(find "$root/tests/fuzz/corpus" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort)
for target in "$@"; do
  [ -d "$root/tests/fuzz/corpus/$target" ] || fail "no target $target; accepted: ${targets[*]}"
done
if [ $# -gt 0 ]; then targets=("$@"); fi
build fuzz build-fuzz traincast_fuzz
program=$root/build-fuzz/tests/fuzz/traincast_fuzz
if [ "$keep" = true ]; then
  for target in "${targets[@]}"; do
    mkdir -p "$root/build-fuzz/corpus/$target" "$root/build-fuzz/found/$target"
    "$program" "--target=$target" -set_cover_merge=1 -use_counters=0 -max_len=4096 \
      -artifact_prefix="$root/build-fuzz/found/$target/" \
      "$root/tests/fuzz/corpus/$target" \
      "$root/build-fuzz/corpus/$target" 2>&1 </dev/null | sed -n "s/^MERGE-OUTER: \([0-9]* new files\)/$target: \1/p"
  done
  exit 0
fi

# fuzz TARGET: its line of the table, printed at once so that lines do not mix; the status is 1 where it found something.
fuzz() {
  local target=$1 grown found log pid status=0 runs cpu edges inputs what=none
  grown=$root/build-fuzz/corpus/$target
  found=$root/build-fuzz/found/$target
  log=$root/build-fuzz/$target.log
  mkdir -p "$grown" "$found"
  # The machine may be slow, under sanitizers and under load, but one small input that takes a minute is a hang.
  "$program" "--target=$target" -max_total_time="$seconds" -rss_limit_mb=2048 -malloc_limit_mb=512 -timeout=60 \
    -seed="$seed" -max_len=8192 -use_value_profile=1 -print_final_stats=1 -artifact_prefix="$found/" \
    "$grown" "$root/tests/fuzz/corpus/$target" >"$log" 2>&1 </dev/null &
  pid=$!
  trap 'kill "$pid"' TERM
  wait "$pid" || status=$?
  times >"$log.times" # a second line: user and system time of what this subshell ran, such as 1m2.345s 0m6.789s
  cpu=$(awk -F '[ms ]+' 'NR == 2 {printf "%.0f", 60 * ($1 + $3) + $2 + $4}' "$log.times")
  runs=$(awk '/^stat::number_of_executed_units/ {print $2}' "$log")
  edges=$(grep -oE 'cov: [0-9]+' "$log" | tail -n 1 | cut -d' ' -f2 || true)
  inputs=$(find "$grown" -type f | wc -l)
  if [ "$status" -ne 0 ]; then what=$(grep -m 1 -E '^SUMMARY|ERROR: libFuzzer' "$log" || echo "exit $status"); fi
  printf '%-14s %12s %10s %10s %8s %8s\n' "$target" "${runs:-?}" "$cpu" "${edges:-?}" "$inputs" "$what"
  [ "$status" -eq 0 ]
}

# The builtin, because common.sh has a function of that name.
end_all() {
  local left=()
  mapfile -t left < <(builtin jobs -p)
  if [ ${#left[@]} -gt 0 ]; then kill "${left[@]}" 2>/dev/null || true; fi
}
trap end_all EXIT
bad=0
running=0
printf '%-14s %12s %10s %10s %8s %8s\n' target runs 'cpu s' edges inputs found
for target in "${targets[@]}"; do
  if [ "$running" -eq "$side_by_side" ]; then
    wait -n || bad=1
    running=$((running - 1))
  fi
  fuzz "$target" &
  running=$((running + 1))
done
for ((; running > 0; running--)); do wait -n || bad=1; done
if [ "$bad" -ne 0 ]; then fail "inputs are in build-fuzz/found/, their stacks in build-fuzz/TARGET.log"; fi
