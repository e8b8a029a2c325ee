# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What ./demo and ./check share: a clean environment, progress lines, and the packages they need.

# The caller's shell must not change what is built: a compiler flag, a Python or a configuration of
# ours that happens to be set there would.
clean_environment() {
  local name
  for name in $(compgen -e); do
    case $name in
      CC | CXX | CPP | CFLAGS | CXXFLAGS | CPPFLAGS | LDFLAGS | CMAKE_* | CTEST_* | NINJA_STATUS | \
        CPATH | CPLUS_INCLUDE_PATH | LIBRARY_PATH | LD_LIBRARY_PATH | LD_PRELOAD | GTEST_* | \
        PYTHON* | VIRTUAL_ENV | NODE_OPTIONS | NODE_PATH | VALETKEY_* | BOX_* | \
        ASAN_OPTIONS | UBSAN_OPTIONS | TSAN_OPTIONS | LSAN_OPTIONS) unset "$name" ;;
    esac
  done
  export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  export LC_ALL=C.UTF-8
  umask 022
}

step_number=0
step_names=()
step_seconds=()

# step <name> <command...>: one line with the elapsed time. The command's output goes to
# build/logs/<name>.log and is shown only when it fails.
step() {
  local name=$1 began=$SECONDS status=0 log
  shift
  step_number=$((step_number + 1))
  mkdir -p build/logs
  log=build/logs/${name//[^a-z0-9]/-}.log
  printf '%2d  %-34s' "$step_number" "$name"
  if [[ -t 1 ]]; then
    "$@" >"$log" 2>&1 </dev/null &
    local process=$!
    # What runs in the background is deaf to Ctrl-C.
    trap 'kill "$process" 2>/dev/null; printf "\n"; exit 130' INT TERM
    watch_step "$process" "$name" "$log" "$began"
    wait "$process" || status=$?
    trap - INT TERM
    printf '\r\033[K%2d  %-34s' "$step_number" "$name"
  else
    "$@" >"$log" 2>&1 </dev/null || status=$?
  fi
  step_names+=("$name")
  step_seconds+=($((SECONDS - began)))
  if ((status == 0)); then
    printf '%6d s\n' $((SECONDS - began))
    return 0
  fi
  printf '%6d s  failed; the end of %s:\n\n' $((SECONDS - began)) "$log"
  tail -n "${STEP_LOG_LINES:-60}" "$log" | sed 's/^/    /'
  printf '\n'
  return "$status"
}

# On a terminal the line counts the seconds and shows how far the command says it is.
watch_step() {
  local process=$1 name=$2 log=$3 began=$4 at
  while kill -0 "$process" 2>/dev/null; do
    at=$(tail -c 4000 "$log" 2>/dev/null | tr '\r' '\n' |
      grep -oE '^ *\[[0-9]+/[0-9]+\]|^ *[0-9]+/[0-9]+ Test' | tail -n 1 || true)
    printf '\r\033[K%2d  %-34s%6d s  %s' "$step_number" "$name" $((SECONDS - began)) "$at"
    sleep 1
  done
}

where_time_went() {
  local index
  printf '\nWhere the time went:\n'
  for index in "${!step_names[@]}"; do
    printf '%8d s  %s\n' "${step_seconds[index]}" "${step_names[index]}"
  done | sort -rn | head -n 8
}

as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo -n "$@" 2>/dev/null || sudo "$@"
  else
    echo "this needs root and there is no sudo; as root, run: $*" >&2
    return 1
  fi
}

# install_packages <package...>: asks for the packages that are missing, for nothing when none is.
install_packages() {
  local package missing=()
  if ! command -v dpkg-query >/dev/null; then
    echo "not a Debian system: these packages, or their like, must be there: $*"
    return 0
  fi
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' ||
      missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  echo "missing: ${missing[*]}"
  as_root apt-get update
  # RUNLEVEL: the tests start servers of their own; nobody asked for the system's to run.
  as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y --no-install-recommends \
    "${missing[@]}"
}

# shellcheck disable=SC2034  # the scripts that source this use them
build_packages=(
  g++ cmake ninja-build ccache lld pkg-config libcurl4-openssl-dev libssl-dev libboost1.81-dev
  libboost-json1.81-dev libboost-url1.81-dev libboost-container1.81-dev libtomlplusplus-dev
  libcli11-dev libspdlog-dev libmemcached-dev libhiredis-dev ca-certificates
)
# shellcheck disable=SC2034
test_packages=(
  libgtest-dev libgmock-dev openssl python3 curl gdb shellcheck memcached redis-server
)
