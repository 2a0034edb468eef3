#!/usr/bin/env bash
# The main job: builds Traincast, measures this machine on all its GPUs (or 2 CPU ranks) and writes out/.
# Further arguments go to `traincast run`; TRAINCAST_RANKS sets the number of ranks.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

"$root/scripts/setup.sh"
build default build traincast

# GPUs that a rank may take: those the driver lists, less those that CUDA_VISIBLE_DEVICES hides.
count_gpus() {
  local listed=0 visible
  if command -v nvidia-smi >/dev/null; then
    listed=$(nvidia-smi -L 2>/dev/null | grep -c '^GPU ' || true)
  fi
  if [ "$listed" -gt 0 ] && [ -n "${CUDA_VISIBLE_DEVICES+set}" ]; then
    visible=$(printf '%s' "$CUDA_VISIBLE_DEVICES" | tr ',' '\n' | grep -c . || true)
    if [ "$visible" -lt "$listed" ]; then listed=$visible; fi
  fi
  echo "$listed"
}

ranks=${TRAINCAST_RANKS:-}
if [ -z "$ranks" ]; then
  ranks=$(count_gpus)
  # The words after --backend are looked at by the program, too; here they only decide how many ranks start.
  backend=${TRAINCAST_BACKEND:-auto}
  previous=
  for word in "$@"; do
    case $word in --backend=*) backend=${word#--backend=} ;; esac
    if [ "$previous" = --backend ]; then backend=$word; fi
    previous=$word
  done
  if [ "$ranks" -eq 0 ] || [ "$backend" = cpu ] || ! "$root/build/traincast" --version | grep -q 'CUDA on'; then
    ranks=2
  fi
fi
case $ranks in '' | *[!0-9]* | 0) fail "TRAINCAST_RANKS is \"$ranks\"; accepted: a whole number from 1" ;; esac

out=(--out "$PWD/out")
for word in "$@"; do
  case $word in --out | --out=*) out=() ;; esac
done
say "Running on $ranks ranks"
allow_mpi_here
exec mpirun --oversubscribe -n "$ranks" "$root/build/traincast" run ${out[@]+"${out[@]}"} "$@"
