#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes what a guest boots: Debian's kernel and an initramfs with busybox, the drivers named below, and what it is given.
# usage: build.sh KERNEL_DIR OUT_DIR FILE...
#   KERNEL_DIR  keeps the kernel: apt-get downloads it once (70 MB); several OUT_DIRs may share it
#   OUT_DIR     gets `kernel` and `initramfs`
#   FILE        goes into the guest's /rf, with the shared libraries that it needs; as NAME=FILE under another name
# Nothing is installed on this machine.
set -eu
[ $# -ge 3 ] || { sed -n 's/^# usage/usage/p' "$0" >&2; exit 2; }
kernel=$1
out=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
for tool in apt-get dpkg busybox cpio ldd xz flock; do
	command -v $tool >/dev/null || { echo "build.sh: needs $tool (Debian: busybox-static cpio xz-utils)" >&2; exit 3; }
done

# In the order in which they can be loaded. init loads what gives devices to user space, the others are for whom it may concern.
modules="virt/lib/irqbypass drivers/vfio/vfio drivers/vfio/vfio_virqfd drivers/vfio/vfio_iommu_type1
drivers/vfio/pci/vfio-pci-core drivers/vfio/pci/vfio-pci drivers/uio/uio drivers/uio/uio_pci_generic
drivers/net/ethernet/intel/e1000/e1000 drivers/net/ethernet/intel/e1000e/e1000e net/llc/llc net/802/stp net/bridge/bridge
net/802/garp net/802/mrp net/8021q/8021q"

fetch_kernel() {
	package=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/ {print $2; exit}')
	[ -n "$package" ] || { echo "build.sh: APT knows no linux-image-amd64: apt-get update" >&2; exit 3; }
	new=$kernel/new
	rm -rf "$new"
	mkdir -p "$new/package" "$new/modules"
	(cd "$new/package" && apt-get -q -o APT::Sandbox::User=root download "$package" && dpkg -x ./*.deb .)
	for module in $modules; do
		cp "$new"/package/lib/modules/*/kernel/$module.ko "$new/modules/"
	done
	# Uncompressed: an emulated CPU takes seconds to uncompress it.
	image=$(echo "$new"/package/boot/vmlinuz-*)
	start=$(LC_ALL=C grep -aboP '\xfd7zXZ\x00' "$image" | head -n 1 | cut -d: -f1)
	[ -n "$start" ] || { echo "build.sh: $package: the kernel is not compressed by xz" >&2; exit 3; }
	# What follows the compressed kernel is no part of it, and xz says so.
	tail -c "+$((start + 1))" "$image" | xz -dc >"$new/vmlinux" 2>/dev/null || true
	[ "$(head -c 4 "$new/vmlinux" | tail -c 3)" = ELF ] || { echo "build.sh: $package: cannot uncompress the kernel" >&2; exit 3; }
	rm -rf "$new/package" "$kernel/modules" "$kernel/vmlinux"
	mv "$new/modules" "$new/vmlinux" "$kernel/"
}

mkdir -p "$kernel" "$out"
(
	flock 9
	[ -e "$kernel/modules/8021q.ko" ] || fetch_kernel
) 9>"$kernel/lock"
ln -sfn "$(cd "$kernel" && pwd)/vmlinux" "$out/kernel"

root=$out/root
rm -rf "$root"
mkdir -p "$root/bin" "$root/dev" "$root/proc" "$root/sys" "$root/tmp" "$root/rf" "$root/modules"
cp "$(command -v busybox)" "$root/bin/busybox"
cp "$here/init" "$root/init"
chmod +x "$root/init"
for module in $modules; do
	cp "$kernel/modules/${module##*/}.ko" "$root/modules/"
done
for item; do
	file=${item#*=}
	name=${item%%=*}
	cp "$file" "$root/rf/${name##*/}"
	# Shared libraries keep their places. A script or a network function has none.
	{ ldd "$file" 2>/dev/null || true; } | awk '$2 == "=>" && $3 ~ /^\// {print $3} $1 ~ /^\// {print $1}'
done | sort -u | while read -r library; do
	mkdir -p "$root$(dirname "$library")"
	cp -L "$library" "$root$library"
done
(cd "$root" && find . | cpio -o -H newc --quiet) >"$out/initramfs.new"
mv "$out/initramfs.new" "$out/initramfs"
