#!/usr/bin/env bash
# Would a test notice a wrong constant? Makes each constant of a formula 5 % wrong, one at a time, and runs the tests that
# read it; prints the survivors and fails where there are any. The sources and build/ stay as they are: what it builds,
# without CUDA and MPI, is in build-mutate/. The first build takes minutes, then about a second a constant.
# usage: scripts/mutate.sh [--sample N] [--again] [--list] [FILE...]   (scripts/mutate.py --help)
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

exec python3 "$root/scripts/mutate.py" --jobs "$(jobs)" "$@"
