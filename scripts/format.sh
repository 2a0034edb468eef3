#!/usr/bin/env bash
# Formats the tracked sources and checks them: clang-format, then clang-tidy where build/ tells it how they are
# compiled. With --check nothing is changed, with --fast clang-tidy (minutes) is left out. Names of files limit
# both.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

formatter=14 # major version of clang-format whose output counts: Debian 12's and Ubuntu 22.04's
check=false
tidy=true
only=()
for word in "$@"; do
  case $word in
    --check) check=true ;;
    --fast) tidy=false ;;
    --help | -h) sed -n '2,4s/^# //p' "$0" && exit 0 ;;
    -*) fail "unknown option $word of scripts/format.sh; accepted: --check --fast --help FILE ..." ;;
    *) only+=("$(realpath --relative-to="$root" "$word")") ;;
  esac
done
cd "$root"
if ! git rev-parse --git-dir >/dev/null 2>&1; then
  say "Format not checked: this is no git checkout, so the sources are not known"
  exit 0
fi
sources() { git ls-files -- ${only[@]+"${only[@]}"} | grep -E "\.($1)\$" || true; }

if command -v clang-format >/dev/null; then
  mapfile -t files < <(sources 'h|cc|cu|cuh')
  if [ ${#files[@]} -gt 0 ]; then
    if [ "$check" = true ]; then
      if clang-format --dry-run --Werror "${files[@]}"; then
        :
      elif clang-format --version | grep -q "version $formatter\\."; then
        fail "run scripts/format.sh: the sources above are not formatted"
      else
        say "the sources above look otherwise to $(clang-format --version): no failure, the style is version $formatter's"
      fi
    else
      clang-format -i "${files[@]}"
    fi
    say "clang-format: ${#files[@]} files"
  fi
else
  say "clang-format skipped: it is not installed (Debian: apt-get install clang-format)"
fi

if [ "$tidy" = false ]; then exit 0; fi
if ! command -v clang-tidy >/dev/null; then
  say "clang-tidy skipped: it is not installed (Debian: apt-get install clang-tidy)"
elif [ ! -f build/compile_commands.json ]; then
  say "clang-tidy skipped: build/compile_commands.json is missing (run scripts/run.sh or scripts/test.sh first)"
else
  mapfile -t files < <(sources cc | while read -r file; do
    # What this build leaves out (another backend) cannot be checked here.
    if grep -qF "\"$root/$file\"" build/compile_commands.json; then echo "$file"; fi
  done)
  if [ ${#files[@]} -gt 0 ]; then
    printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(jobs)" clang-tidy -p build --quiet 2>/dev/null ||
      fail "clang-tidy: see the complaints above"
    say "clang-tidy: ${#files[@]} files"
  fi
fi
