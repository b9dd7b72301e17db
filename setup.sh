#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes sure that all packages Ringfence needs are there: installs them on Debian 12 as root, elsewhere says what is
# missing. demo.sh and test.sh call it; calling it again is quick.
set -eu

validator_packages="gcc g++ cmake make libzydis-dev libzycore-dev libelf-dev libdw-dev libjansson-dev nettle-dev libseccomp-dev"
build_packages="$validator_packages clang-22 llvm-22-dev llvm-22-tools lld-22 gcc g++ cmake ninja-build pkg-config
libzydis-dev libzycore-dev libelf-dev libdw-dev libpcap-dev libjansson-dev zlib1g-dev libxml2-dev libffi-dev"
guest_packages="qemu-system-x86 busybox-static cpio xz-utils python3"
test_packages="$guest_packages libcriterion-dev libcapstone-dev libunicorn-dev libclang-rt-22-dev python3 clang-format-22 csmith libcsmith-dev gdb"
# One test takes a schema from an npm package, if there is npm; from whomever, it will do. In CI there must be.
ci_packages="python3-jsonschema python3-yaml pre-commit git mandoc"
[ -z "${CI-}" ] || command -v npm >/dev/null || ci_packages="$ci_packages npm"
demo_packages="iproute2 iputils-ping curl python3"

usage() {
	echo "usage: setup.sh [validator] [build] [test] [demo] [guest]   (default: build)"
	echo "Installs the Debian packages for building, testing, the demo or guests in QEMU, or lists what is missing."
}

[ $# -gt 0 ] || set -- build
wanted=""
for part; do
	case $part in
	validator) wanted="$wanted $validator_packages" ;;
	build) wanted="$wanted $build_packages" ;;
	test) wanted="$wanted $build_packages $test_packages $ci_packages" ;;
	demo) wanted="$wanted $build_packages $demo_packages" ;;
	guest) wanted="$wanted $guest_packages" ;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
done

missing=""
if command -v dpkg-query >/dev/null; then
	for package in $(printf '%s\n' $wanted | sort -u); do
		state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
		[ "$state" = installed ] || missing="$missing $package"
	done
else
	echo "setup.sh: this is not a Debian system. Ringfence is built and tested on Debian 12; it needs, by their Debian names:" >&2
	for package in $wanted; do echo "  $package" >&2; done
	exit 3
fi
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "setup.sh: these packages are missing; run as root:" >&2
	echo "  apt-get install --no-install-recommends$missing" >&2
	exit 3
fi
echo "setup.sh: installing$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install_missing() {
	# shellcheck disable=SC2086
	apt-get install -y --no-install-recommends $missing >"$log" 2>&1
}
if ! install_missing; then
	apt-get update >"$log" 2>&1 && install_missing || {
		tail -n 20 "$log" >&2
		echo "setup.sh: apt-get could not install:$missing" >&2
		echo "setup.sh: clang 22 is in Debian 12's security archive: is it in your APT sources?" >&2
		exit 3
	}
fi
