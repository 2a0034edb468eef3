#!/usr/bin/env bash
# The main job: builds Traincast, measures this machine on all its GPUs (or, quickly, on 2 CPU ranks) and writes
# out/ where it is called. Further arguments go to `traincast run`; TRAINCAST_RANKS sets the number of ranks.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

case ${1:-} in --help | -h) sed -n '2,3s/^# //p' "$0" && exit 0 ;; esac
ranks=${TRAINCAST_RANKS:-}
case $ranks in
  '') ;;
  *[!0-9]* | 0) fail "TRAINCAST_RANKS is \"$ranks\"; accepted: a whole number from 1" ;;
esac

"$root/scripts/setup.sh"
build default build traincast

# The words after --backend are looked at by the program, too; here they only decide how many ranks start, and how
# long they measure: no estimate rests on the times of a CPU.
backend=${TRAINCAST_BACKEND:-auto}
previous=
for word in "$@"; do
  case $word in --backend=*) backend=${word#--backend=} ;; esac
  if [ "$previous" = --backend ]; then backend=$word; fi
  previous=$word
done
gpus=$(count_gpus)
quick=()
if [ "$gpus" -eq 0 ] || [ "$backend" = cpu ] || ! "$root/build/traincast" --version | grep -q 'CUDA on'; then
  gpus=0
  quick=(--quick)
fi
for word in "$@"; do
  case $word in --quick) quick=() ;; esac
done
if [ -z "$ranks" ]; then
  ranks=$((gpus > 0 ? gpus : 2))
fi

out=(--out "$PWD/out")
for word in "$@"; do
  case $word in --out | --out=*) out=() ;; esac
done
if [ "$gpus" -gt 0 ] || [ "$backend" = cuda ]; then
  say "Measuring on $ranks ranks, one a GPU"
else
  say "Measuring on $ranks ranks of the CPU, quickly: there is no GPU that this build may use"
fi
allow_mpi_here
export OMPI_MCA_orte_execute_quiet=1 # the program says what is wrong; mpirun would add a page
code=0
mpirun -n "$ranks" "$root/build/traincast" run ${quick[@]+"${quick[@]}"} ${out[@]+"${out[@]}"} "$@" || code=$?
if [ "$code" -gt 128 ]; then say "mpirun ended with $code: signal $((code - 128)) ended it or a rank"; fi
exit "$code"
