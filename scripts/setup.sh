#!/usr/bin/env bash
# Installs what a build of Traincast needs and this machine lacks (Debian 12, Ubuntu 22.04 and later); with the word
# "report" also what scripts/report.sh needs. Continuous integration (CI=true) gets what every test needs.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# package:what for
needs=(
  "cmake:configures the build"
  "ninja-build:runs the build"
  "g++:C++20 compiler"
  "libopenmpi-dev:MPI headers and library, for several ranks"
  "openmpi-bin:mpirun"
  "nlohmann-json3-dev:reads and writes JSON"
  "libcxxopts-dev:parses the command line"
  "libgtest-dev:tests"
  "libopenblas-dev:fast matrix products on the CPU"
  "git:tells the version that was built"
  "ca-certificates:lets git and apt use HTTPS"
)

# Continuous integration builds two presets, which share most objects.
if [ "${CI:-false}" = true ]; then needs+=("ccache:compiles once what two builds share"); fi

if [ "${1:-}" = report ] || [ "${CI:-false}" = true ]; then
  needs+=("python3-plotly:draws the report's page" "python3-jinja2:writes it" "python3-matplotlib:draws chart files")
fi
installed() { dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

# A tool that came another way (a newer cmake from pip, a compiler module) counts, too.
present() {
  case $1 in
    cmake | g++ | git | ccache) command -v "$1" >/dev/null ;;
    ninja-build) command -v ninja >/dev/null ;;
    openmpi-bin) command -v mpirun >/dev/null ;;
    libopenmpi-dev) command -v mpicc >/dev/null || installed "$1" ;;
    clang) command -v clang++ >/dev/null ;;
    libclang-rt-*) can_fuzz ;;
    *) installed "$1" ;;
  esac
}

if [ "$(id -u)" -eq 0 ]; then
  as_root=()
elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
  as_root=(sudo)
else
  as_root=(false)
fi
as_root+=(env DEBIAN_FRONTEND=noninteractive)
apt_update() { "${as_root[@]}" apt-get update >&2 </dev/null || say "apt-get update failed; trying with the lists at hand"; }
apt_install() { "${as_root[@]}" apt-get install -y --no-install-recommends "$@" >&2 </dev/null; }

missing=()
for need in "${needs[@]}"; do
  if ! present "${need%%:*}"; then
    missing+=("${need%%:*}")
    say "Missing: ${need%%:*} (${need#*:})"
  fi
done
if [ ${#missing[@]} -gt 0 ]; then
  if ! command -v apt-get >/dev/null; then
    fail "this machine has no apt-get; please install what these Debian packages hold: ${missing[*]}"
  fi
  if [ "${as_root[0]}" = false ]; then
    fail "cannot install packages as $(id -un) without sudo; please ask for: apt-get install ${missing[*]}"
  fi
  say "Installing with apt-get: ${missing[*]}"
  # The package lists may be absent or old: then one update, and once more.
  if ! apt_install "${missing[@]}" 2>/dev/null; then
    apt_update
    apt_install "${missing[@]}" || fail "apt-get could not install: ${missing[*]}"
  fi
fi
if [ "${CI:-false}" != true ] || ! command -v apt-get >/dev/null; then exit 0; fi

# wish PACKAGE WHY: installs what a test does without where it is not to be had; the test says so and skips.
wish() {
  if present "$1"; then return; fi
  say "Missing: $1 ($2)"
  apt-cache policy "$1" 2>/dev/null | grep 'Candidate: [0-9]' >/dev/null || apt_update
  # Ubuntu has Chromium as a snap only, which does not run everywhere, and no package of that name that can be had.
  if ! apt-cache policy "$1" 2>/dev/null | grep 'Candidate: [0-9]' >/dev/null; then
    say "$1 is not to be had here; what needs it is skipped"
  elif ! apt_install "$1"; then
    say "apt-get could not install $1; what needs it is skipped"
  fi
}
wish chromium "opens the report's page in a test"
wish clang "fuzzes the readers"
# libFuzzer is a package of its own from some version on, and must be of clang's.
version=$(clang++ -dumpversion 2>/dev/null || true)
if [ -n "$version" ]; then wish "libclang-rt-${version%%.*}-dev" "libFuzzer, which fuzzes the readers"; fi
