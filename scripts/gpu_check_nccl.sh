#!/usr/bin/env bash
# gpu_check_nccl.sh OUT RANKS LAUNCHER...: nccl-tests (built with MPI) on the same ranks, for gpu_check.sh. Prints
# tables, each below "## traincast COLLECTIVE RANKS", into OUT. Ends with 77 where none of its programs is there.
set -euo pipefail
out=$1 ranks=$2
shift 2
found=false
for name in all_reduce all_gather reduce_scatter; do
  program=$(command -v "${name}_perf" || true)
  if [ -z "$program" ]; then continue; fi
  found=true
  echo "## traincast $name $ranks"
  "$@" "$program" -b 1M -e 1G -f 4 -d bfloat16 -g 1
done >"$out"
if [ "$found" = false ]; then
  rm -f "$out"
  echo "no all_reduce_perf, all_gather_perf or reduce_scatter_perf on the path"
  exit 77
fi
