# Sourced by the other scripts: where the repository is, and how it is built.
# shellcheck shell=bash
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '== %s\n' "$*" >&2; }
fail() {
  printf 'traincast: %s\n' "$*" >&2
  exit 1
}

# As many compile jobs as processors, but no more than the memory carries (about 1.5 GB each).
jobs() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemAvailable/ {print int($2 / 1500000)}' /proc/meminfo)
  if [ "$memory" -lt "$cores" ]; then cores=$memory; fi
  if [ "$cores" -lt 1 ]; then cores=1; fi
  echo "$cores"
}

# build PRESET FOLDER [TARGET...]: configures once and compiles what changed.
build() {
  local preset=$1 folder=$2 launcher=()
  shift 2
  if [ ! -f "$root/$folder/build.ninja" ]; then
    if command -v ccache >/dev/null; then
      launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_CUDA_COMPILER_LAUNCHER=ccache)
    fi
    say "Configuring $folder/"
    (cd "$root" && cmake --preset "$preset" ${launcher[@]+"${launcher[@]}"} >&2)
  fi
  say "Building $folder/"
  cmake --build "$root/$folder" --parallel "$(jobs)" ${1:+--target "$@"} >&2
}

# Whether clang++ is there with the libFuzzer of its version.
can_fuzz() {
  local program code
  command -v clang++ >/dev/null || return 1
  program=$(mktemp) || return 1
  code=0
  printf 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }\n' |
    clang++ -fsanitize=fuzzer,address,undefined -x c++ - -o "$program" 2>/dev/null || code=$?
  rm -f "$program"
  return "$code"
}

# Open MPI refuses root, and more ranks than cores, unless told that this is meant. Variables, because other
# launchers do not know Open MPI's options.
allow_mpi_here() {
  export OMPI_MCA_rmaps_base_oversubscribe=1
  # Open MPI binds two ranks to a core each, where their libraries' threads have no room, and more of them to sockets
  # in turn, far from their GPUs.
  export OMPI_MCA_hwloc_base_binding_policy=none PRTE_MCA_hwloc_default_binding_policy=none
  if [ "$(id -u)" -eq 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  fi
}

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

# The python3 that has what the report needs: the distribution's, as a rule; another may come first on the PATH.
report_python() {
  local python
  for python in /usr/bin/python3 python3; do
    if "$python" -c 'import jinja2, matplotlib, plotly' 2>/dev/null; then echo "$python" && return; fi
  done
  return 1
}
