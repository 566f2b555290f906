#!/usr/bin/env bash
# Looks for the system libraries that the build needs. Installs missing ones with apt if possible (as root, or with
# passwordless sudo); otherwise prints the command to run.
#
# --runtime PROGRAM: installs nothing, but lists the packages that the built program needs on another machine.
set -euo pipefail

needed="libhdf5-dev libdnnl-dev libssl-dev zlib1g-dev"
optional="gnuplot-nox"

if [ "${1:-}" = --runtime ]; then
  ldd "$2" | awk '$2 == "=>" { print $3 }' | while read -r library; do
    # dpkg may know /usr/lib/… as /lib/….
    owner=$(dpkg-query -S "*${library#/usr}" 2>/dev/null) || {
      echo "$2 needs $library, which belongs to no package" >&2
      exit 1
    }
    echo "${owner%%:*}"
  done | sort -u
  echo "$optional"
  exit 0
fi

if ! command -v swift >/dev/null; then
  echo "swift: not found, expected a Swift 6 toolchain (https://www.swift.org/install)" >&2
  exit 1
fi

if [ "$(uname)" = Darwin ]; then
  missing=""
  for formula in hdf5 onednn zlib; do
    brew --prefix --installed "$formula" >/dev/null 2>&1 || missing="$missing $formula"
  done
  [ -z "$missing" ] && exit 0
  echo "Missing libraries. Run: brew install$missing gnuplot" >&2
  exit 1
fi

has() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

if ! command -v dpkg-query >/dev/null; then
  echo "apt not found: install HDF5 (with its high-level library), oneDNN 2.x, libcrypto and zlib, with their" \
    "headers, with your system's package manager" >&2
  exit 0
fi

missing=""
for package in $needed; do has "$package" || missing="$missing $package"; done
command -v gnuplot >/dev/null || missing="$missing $optional"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
  privilege=""
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  privilege="sudo"
else
  echo "Missing packages. Run: sudo apt-get install$missing" >&2
  [ "$missing" = " $optional" ] || exit 1
  exit 0  # only pictures need it
fi
echo "Installing$missing"
$privilege apt-get update -qq
DEBIAN_FRONTEND=noninteractive $privilege apt-get install -y -qq --no-install-recommends $missing >/dev/null
