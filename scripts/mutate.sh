#!/usr/bin/env bash
# Would a test notice a wrong constant? Changes one constant of a formula in host/model by 5 %, in a copy of that one
# file, links the named test with it in place of the true one, and expects the test to fail. Prints the survivors and
# fails where there are any. The sources and the build stay as they are.
# usage: scripts/mutate.sh [NUMBER...]   (all rows of the table where none is given)
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

case ${1:-} in
  --help | -h) sed -n '2,5s/^# //p' "$0" && exit 0 ;;
esac

# file|the text, which must be there once|what it becomes|test program|what it is
table='flops|return Flops(6 * active|return Flops(6.3 * active|step|6 FLOP a parameter and token
flops|attention_flops = 6 * scores|attention_flops = 6.3 * scores|step|attention FLOPs
reliability|std::sqrt(2 * stall|std::sqrt(2.1 * stall|run_estimate|Young interval
straggler|(count - 0.375)|(count - 0.394)|fleet|Blom constant
roofline|0.5 * d(a.head_dim|0.525 * d(a.head_dim|layer|attention rate by head dimension
memory|(2 * (p - s - 1) + (v|(2.1 * (p - s - 1) + (v|memory|chunks in flight
memory|kFragments = 0.02|kFragments = 0.021|memory|fragments
memory_layer|t * 2 * kSingle|t * 2.1 * kSingle|memory|attention activations
memory_stage|logits() + 2 * size_.residual|logits() + 2.1 * size_.residual|memory|loss workspace
layer|builder.elementwise(8 * rows|builder.elementwise(8.4 * rows|layer|permutation of experts
layer|builder.elementwise(4 * builder.shard().tokens|builder.elementwise(4.2 * builder.shard().tokens|layer|embedding traffic
layer_builder|kLaunchSpread = 0.08|kLaunchSpread = 0.084|layer|launch spread
layer_builder|+= 1.7 * time|+= 1.785 * time|layer|backward of element-wise kernels
layer_builder|shard_.tokens * d(model_.hidden) * 2)|shard_.tokens * d(model_.hidden) * 2.1)|layer|tensor-parallel message
step_once|parameters * 2, groups.shard|parameters * 2.1, groups.shard|step|ZeRO-3 gather
parameters|2 * hidden * hidden + 3|2.1 * hidden * hidden + 3|config|multi-token prediction
schedule_time|(at_end_ ? 2 : 0.5)|(at_end_ ? 2.1 : 0.525)|schedule|DualPipe slack
collectives_terms|t.inter = 2 * s.levels|t.inter = 2.1 * s.levels|model_collectives|tree steps between nodes
collectives_terms|t.bandwidth = s.bus * 0.75|t.bandwidth = s.bus * 0.7875|model_collectives|PAT bandwidth
collectives_terms|t.base = 8 * kMicro|t.base = 8.4 * kMicro|model_collectives|base latency'

mapfile -t rows <<<"$table"
chosen=("$@")
if [ ${#chosen[@]} -eq 0 ]; then mapfile -t chosen < <(seq ${#rows[@]}); fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
declare -A wanted=()
for number in "${chosen[@]}"; do
  [[ $number =~ ^[0-9]+$ ]] && [ "$number" -ge 1 ] && [ "$number" -le ${#rows[@]} ] ||
    fail "no mutation $number; accepted: 1 to ${#rows[@]}"
  IFS='|' read -r _ _ _ test _ <<<"${rows[number - 1]}"
  wanted[${test}_test]=1
done
build default build "${!wanted[@]}"
ninja=(ninja -C "$root/build" -t commands -s)

survivors=0
printf '%3s  %-18s %-36s %-18s %s\n' no file constant test outcome
for number in "${chosen[@]}"; do
  IFS='|' read -r file before after test what <<<"${rows[number - 1]}"
  source=$root/host/model/$file.cc
  [ "$(grep -cF -- "$before" "$source")" -eq 1 ] ||
    fail "row $number: \"$before\" is not once in host/model/$file.cc; the table is out of date"
  # An object beside the libraries hides the member of the archive that defines the same.
  BEFORE=$before AFTER=$after python3 -c 'import os, sys
text = open(sys.argv[1]).read()
open(sys.argv[2], "w").write(text.replace(os.environ["BEFORE"], os.environ["AFTER"]))' "$source" "$scratch/$file.cc"
  compile=$("${ninja[@]}" "host/model/CMakeFiles/traincast_model.dir/$file.cc.o")
  compile=$(sed -E "s# -MF [^ ]+# -MF $scratch/$file.d#; s# -o [^ ]+# -o $scratch/$file.o#; s# -c [^ ]+# -c $scratch/$file.cc#" <<<"$compile")
  link=$("${ninja[@]}" "tests/${test}_test" | sed -E "s# -o tests/${test}_test# $scratch/$file.o -o $scratch/test#")
  (cd "$root/build" && bash -c "$compile" && bash -c "$link") || fail "row $number does not compile"
  outcome=noticed
  if "$scratch/test" --gtest_brief=1 >/dev/null 2>&1 </dev/null; then
    outcome=SURVIVED
    survivors=$((survivors + 1))
  fi
  printf '%3s  %-18s %-36s %-18s %s\n' "$number" "$file" "$what" "$test" "$outcome"
done
if [ "$survivors" -gt 0 ]; then fail "$survivors of ${#chosen[@]} wrong constants would not be noticed"; fi
