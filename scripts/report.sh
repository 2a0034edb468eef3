#!/usr/bin/env bash
# Makes one page (OUT/report.html, opens offline) and chart files (OUT/charts/*.png, *.svg) from the program's JSON.
# usage: scripts/report.sh [OUT] [--profile FILE] [--page-only]     OUT: out/ where it is called, if not given
# TRAINCAST: the program (default: this repository's build); TRAINCAST_REPORT_RUNS: the runs with charts of their own.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

out=
profile=
files=()
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) sed -n '2,4s/^# //p' "$0" && exit 0 ;;
    --profile) [ $# -ge 2 ] || fail "--profile needs a file"; profile=$2 && shift ;;
    --page-only) files=(--no-files) ;;
    -*) fail "unknown option $1 of scripts/report.sh; accepted: --profile --page-only --help" ;;
    *) [ -z "$out" ] || fail "one folder, please: $out or $1"; out=$1 ;;
  esac
  shift
done
out=${out:-$PWD/out}
case $out in /*) ;; *) out=$PWD/$out ;; esac
if [ -n "$profile" ] && [ ! -f "$profile" ]; then fail "no file $profile"; fi

program=${TRAINCAST:-}
if [ -z "$program" ]; then
  "$root/scripts/setup.sh" report
  build default build traincast
  program=$root/build/traincast
fi
python=$(report_python) || fail "no python3 with plotly, jinja2 and matplotlib; scripts/setup.sh report installs them"

export TRAINCAST_CONFIGS=${TRAINCAST_CONFIGS:-$root/configs}
data=$out/data
mkdir -p "$data"
write() { "$program" "${@:2}" --format json --quiet --out "$data/$1.json" </dev/null; }

say "Estimating"
write version version
write compare compare
read -ra runs <<<"${TRAINCAST_REPORT_RUNS:-gpt-4-a100-25k llama-3.1-405b-16k deepseek-v3-2k grok-3-central-100k grok-3-central-200k grok-3-colossus-timeline}"
for run in "${runs[@]}"; do write "estimate-$run" estimate "$run"; done
write search-llama-3.1-405b-16k search llama-3.1-405b-16k --gpus 1024..262144
write search-grok-3-central-100k search grok-3-central-100k --gpus 32768..262144
write claims claims
write validate validate runs "$TRAINCAST_CONFIGS/published/runs.csv"
write collectives collectives colossus-100k --sizes "1 GiB"
if [ -z "$profile" ]; then
  profile=$TRAINCAST_CONFIGS/profiles/h100-sxm.json
  [ -f "$profile" ] || profile=$TRAINCAST_CONFIGS/profiles/h100-sxm-published.json
fi
cp "$profile" "$data/profile.json"
gpu=$(sed -n 's/.*"gpu": *"\([^"]*\)".*/\1/p' "$profile" | head -1)
rm -f "$data/gpu.json"
if [ -f "$TRAINCAST_CONFIGS/gpus/$gpu.json" ]; then cp "$TRAINCAST_CONFIGS/gpus/$gpu.json" "$data/gpu.json"; fi

say "Drawing"
PYTHONPATH=$root/scripts "$python" -m report "$data" "$out" ${files[@]+"${files[@]}"}
