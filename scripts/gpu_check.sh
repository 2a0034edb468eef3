#!/usr/bin/env bash
# gpu_check.sh OUT [--backend auto|cpu|cuda] [--tiny]: everything that needs a GPU in one go, into the folder OUT:
# device tests, compute-sanitizer, a full measurement, `traincast check`, the same by PyTorch, nccl-tests; then a
# summary (summary.json and a table). Within 10 minutes on one H100 beside the build. What a machine lacks is
# skipped with a reason, and a stage that fails stops no other. --backend cpu takes the same path on the CPU with
# small sizes; --tiny makes them smaller still.
#   TRAINCAST_BINARY  a built traincast, its test programs beside it in tests/; else build/ is built
#   TRAINCAST_RANKS   ranks to start; else one a GPU, or 2 on the CPU
#   TRAINCAST_LAUNCH  how they are started on many nodes: "srun --mpi=pmix" or "mpirun -n 16 --hostfile hosts";
#                     TRAINCAST_RANKS must say how many
#   TRAINCAST_MODEL   of the check; llama-3-8b
#   TRAINCAST_PYTHON  the Python that has PyTorch; python3
# Ends with 0, 1 (a stage failed), 2 (wrong use) or 4 (every stage passed and a target was missed).
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage_error() {
  printf 'traincast: %s\n' "$*" >&2
  exit 2
}

out=
backend=${TRAINCAST_BACKEND:-auto}
tiny=false
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) sed -n '2,14s/^# \{0,1\}//p' "$0" && exit 0 ;;
    --backend) backend=${2:-} && shift ;;
    --backend=*) backend=${1#--backend=} ;;
    --tiny) tiny=true ;;
    -*) usage_error "unknown option $1 of scripts/gpu_check.sh; accepted: --backend --tiny --help" ;;
    *)
      [ -z "$out" ] || usage_error "scripts/gpu_check.sh takes one folder, not $out and $1"
      out=$1
      ;;
  esac
  [ $# -eq 0 ] || shift
done
[ -n "$out" ] || usage_error "scripts/gpu_check.sh needs the folder OUT"
case $backend in auto | cpu | cuda) ;; *) usage_error "--backend $backend is not accepted; accepted: auto cpu cuda" ;; esac
case ${TRAINCAST_RANKS:-1} in *[!0-9]* | 0) usage_error "TRAINCAST_RANKS is \"$TRAINCAST_RANKS\"; accepted: a whole number from 1" ;; esac
mkdir -p "$out" || usage_error "cannot make the folder $out"
out=$(cd "$out" && pwd)
model=${TRAINCAST_MODEL:-llama-3-8b}
python=${TRAINCAST_PYTHON:-python3}
# What an earlier run left must not pass for this one's.
rm -f "$out"/{stages.tsv,summary.json,measure.json,measure.txt,check.json,shapes.json,shapes-again.json,torch.json,nccl-tests.txt}
touch "$out/stages.tsv"

# record STAGE STATE SECONDS LIMIT REASON
record() {
  printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "$(printf '%s' "$5" | tr '\t\n' '  ' | cut -c1-200)" >>"$out/stages.tsv"
  say "$1: $2${5:+ ($5)}"
}
skip() { record "$1" skipped 0 0 "$2"; }

# stage NAME LIMIT COMMAND...: what it prints goes to OUT/NAME.log; exit code 77 means skipped, with the last line
# as the reason.
stage() {
  local name=$1 limit=$2 code=0 begin=$SECONDS log="$out/$1.log" last
  shift 2
  say "$name (at most $limit s)"
  timeout --kill-after=10 "$limit" "$@" >"$log" 2>&1 </dev/null || code=$?
  last=$(grep -v '^[[:space:]]*$' "$log" | tail -n 1 || true)
  case $code in
    0) record "$name" passed $((SECONDS - begin)) "$limit" "" ;;
    77) record "$name" skipped $((SECONDS - begin)) "$limit" "$last" ;;
    124 | 137) record "$name" "timed out" $((SECONDS - begin)) "$limit" "$last" ;;
    *) record "$name" failed $((SECONDS - begin)) "$limit" "exit $code: $last; see $name.log" ;;
  esac
}

if [ -n "${TRAINCAST_BINARY:-}" ]; then
  [ -x "$TRAINCAST_BINARY" ] || usage_error "TRAINCAST_BINARY is \"$TRAINCAST_BINARY\", which is no program"
  binary=$(realpath "$TRAINCAST_BINARY")
else
  binary=$root/build/traincast
  begin=$SECONDS
  if build default build traincast device_test >"$out/build.log" 2>&1; then
    record build passed $((SECONDS - begin)) 0 ""
  else
    record build failed $((SECONDS - begin)) 0 "see build.log"
  fi
fi
tests=$(dirname "$binary")/tests

# Why no GPU can be used, or nothing.
why_no_gpu() {
  [ "$backend" != cpu ] || { echo "the CPU was asked for" && return; }
  [ -x "$binary" ] || { echo "traincast was not built" && return; }
  "$binary" --version | grep -q 'CUDA on' || { echo "this traincast was built without CUDA" && return; }
  command -v nvidia-smi >/dev/null || { echo "no driver: nvidia-smi is missing" && return; }
  nvidia-smi -L 2>/dev/null | grep -q '^GPU ' || echo "the driver lists no GPU"
}
no_gpu=$(why_no_gpu)
if [ "$backend" = auto ] && [ -z "$no_gpu" ]; then backend=cuda; fi
gpus=0
if [ -z "$no_gpu" ]; then gpus=$(count_gpus); fi
if [ -n "${TRAINCAST_LAUNCH:-}" ] && [ -z "${TRAINCAST_RANKS:-}" ]; then
  fail "TRAINCAST_LAUNCH is given; accepted: with TRAINCAST_RANKS, how many ranks it starts"
fi
ranks=${TRAINCAST_RANKS:-$((gpus > 0 ? gpus : 2))}
allow_mpi_here
export OMPI_MCA_mpi_yield_when_idle=1
launch=()
if [ -n "${TRAINCAST_LAUNCH:-}" ]; then
  read -r -a launch <<<"$TRAINCAST_LAUNCH"
elif [ "$ranks" -gt 1 ] && "$binary" --version 2>/dev/null | grep -q 'MPI on'; then
  if command -v mpirun >/dev/null; then launch=(mpirun -n "$ranks"); fi
fi
if [ ${#launch[@]} -eq 0 ]; then ranks=1; fi

# Of the check: a few layers of the whole model on a GPU; a scaled-down one on the CPU.
size=(--model "$model")
effort=()
if [ "$backend" = cpu ]; then
  effort=(--quick)
  if [ "$tiny" = true ]; then
    size+=(--scale 32 --layers 1 --sequence 32 --tries 1)
    effort=(--quick --ops memory)
  fi
elif [ "$tiny" = true ]; then
  size+=(--layers 1 --tries 3)
  effort=(--quick)
fi

may_run=true
if [ ! -x "$binary" ] || { [ -n "$no_gpu" ] && [ "$backend" != cpu ]; }; then may_run=false; fi

if [ -n "$no_gpu" ]; then
  skip device-tests "$no_gpu"
  skip sanitizer "$no_gpu"
else
  if [ -x "$tests/device_test" ]; then
    stage device-tests 180 "$tests/device_test"
  else
    skip device-tests "$tests/device_test is missing"
  fi
  if command -v compute-sanitizer >/dev/null; then
    # NCCL and cuBLASLt try calls that may fail: those are no errors.
    stage sanitizer 180 compute-sanitizer --tool memcheck --report-api-errors no --error-exitcode 1 "$binary" check \
      --backend cuda \
      --model "$model" --scale 16 --sequence 128 --layers 1 --tries 1
  else
    skip sanitizer "compute-sanitizer is not on the path"
  fi
fi
if [ "$may_run" = true ]; then
  stage measure 420 ${launch[@]+"${launch[@]}"} "$binary" measure --backend "$backend" --quiet \
    --out "$out/measure.json" ${effort[@]+"${effort[@]}"}
  stage check 75 ${launch[@]+"${launch[@]}"} "$binary" check --backend "$backend" "${size[@]}" --format json \
    --out "$out/check.json" --save-profile "$out/shapes.json"
  stage check-again 60 ${launch[@]+"${launch[@]}"} "$binary" check --backend "$backend" "${size[@]}" --tries 1 \
    --format json --out "$out/check-again.json" --save-profile "$out/shapes-again.json"
else
  for name in measure check check-again; do skip "$name" "$no_gpu; --backend cpu takes the same path on the CPU"; done
fi

if [ -n "$no_gpu" ]; then
  skip torch "$no_gpu"
elif [ ! -f "$out/shapes.json" ]; then
  skip torch "the check left no shapes to time"
elif ! command -v "$python" >/dev/null; then
  skip torch "$python is missing"
else
  stage torch 90 "$python" "$root/scripts/torch_check.py" --profile "$out/shapes.json" --check "$out/check.json" \
    --out "$out/torch.json" --seconds 75
fi

if [ -n "$no_gpu" ]; then
  skip nccl-tests "$no_gpu"
elif [ "$ranks" -lt 2 ]; then
  skip nccl-tests "one rank has nobody to talk to"
else
  stage nccl-tests 60 "$root/scripts/gpu_check_nccl.sh" "$out/nccl-tests.txt" "$ranks" "${launch[@]}"
fi

say "Summary"
if ! command -v "$python" >/dev/null; then
  cut -f 1,2,5 "$out/stages.tsv"
  fail "$python is missing, so there is no summary.json"
fi
code=0
"$python" "$root/scripts/gpu_check_summary.py" "$out" "$backend" | tee "$out/summary.txt" || code=${PIPESTATUS[0]}
exit "$code"
