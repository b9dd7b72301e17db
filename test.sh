#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds Ringfence and runs its tests: the release build, then the same tests under ASan and UBSan.
# Installs the Debian packages that it needs (as root on Debian 12) or says which are missing.
set -eu
cd "$(dirname "$0")"

usage() {
	cat <<'USAGE'
usage: ./test.sh [--preset release|debug|asan]... [-L LABEL] [-R NAME]
  --preset P   test this build only (default: release and asan)
  -L LABEL     only tests with this label: unit, lit, e2e, …
  -R NAME      only tests whose name matches this expression
Exit status: 0 all passed, 1 a test failed, 2 usage, 3 something needed is missing.
USAGE
}

presets=""
select=""
while [ $# -gt 0 ]; do
	case $1 in
	--preset) [ $# -gt 1 ] || { usage >&2; exit 2; }; presets="$presets $2"; shift ;;
	-L | -R) [ $# -gt 1 ] || { usage >&2; exit 2; }; select="$select $1 $2"; shift ;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
	shift
done

./setup.sh test demo
jobs=$(nproc)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for preset in ${presets:-release asan}; do
	echo "== $preset: configure and build"
	cmake --preset "$preset" >"$log" 2>&1 || { tail -n 40 "$log"; exit 3; }
	cmake --build --preset "$preset" -j "$jobs" >"$log" 2>&1 || { tail -n 60 "$log"; exit 3; }
	echo "== $preset: test"
	# shellcheck disable=SC2086
	ctest --preset "$preset" -j "$jobs" --no-tests=error $select || exit 1
done
