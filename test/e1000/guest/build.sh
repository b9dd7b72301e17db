#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes what the guest tests boot: Debian's cloud kernel and an initramfs with busybox, rf-run and what they are given.
# usage: build.sh OUT_DIR FILE...     Files go into the guest's /rf. Nothing is installed on this machine.
# The kernel is downloaded by apt-get once and kept in OUT_DIR/kernel.
set -eu
[ $# -ge 2 ] || { sed -n 's/^# usage/usage/p' "$0" >&2; exit 2; }
out=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
for tool in apt-get dpkg busybox cpio ldd; do
	command -v $tool >/dev/null || { echo "build.sh: needs $tool (Debian: busybox-static cpio)" >&2; exit 3; }
done

mkdir -p "$out/kernel"
if [ ! -e "$out/kernel/vmlinuz" ]; then
	package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image/ {print $2; exit}')
	[ -n "$package" ] || { echo "build.sh: APT knows no linux-image-cloud-amd64: apt-get update" >&2; exit 3; }
	rm -rf "$out/kernel/x"
	mkdir "$out/kernel/x"
	(cd "$out/kernel/x" && apt-get -q -o APT::Sandbox::User=root download "$package" && dpkg -x ./*.deb .)
	mv "$out"/kernel/x/lib/modules/*/kernel "$out/kernel/modules"
	mv "$out"/kernel/x/boot/vmlinuz-* "$out/kernel/vmlinuz"
	rm -rf "$out/kernel/x"
fi

root=$out/root
rm -rf "$root"
mkdir -p "$root/bin" "$root/dev" "$root/proc" "$root/sys" "$root/tmp" "$root/rf" "$root/modules"
cp "$(command -v busybox)" "$root/bin/busybox"
cp "$here/init" "$root/init"
chmod +x "$root/init"
for module in virt/lib/irqbypass drivers/vfio/vfio drivers/vfio/vfio_virqfd drivers/vfio/vfio_iommu_type1 \
	drivers/vfio/pci/vfio-pci-core drivers/vfio/pci/vfio-pci drivers/uio/uio drivers/uio/uio_pci_generic; do
	cp "$out/kernel/modules/$module.ko" "$root/modules/"
done
cp "$@" "$root/rf/"
for file; do
	# Shared libraries keep their places. A script or a network function has none.
	{ ldd "$file" 2>/dev/null || true; } | awk '$2 == "=>" && $3 ~ /^\// {print $3} $1 ~ /^\// {print $1}'
done | sort -u | while read -r library; do
	mkdir -p "$root$(dirname "$library")"
	cp -L "$library" "$root$library"
done
(cd "$root" && find . | cpio -o -H newc --quiet) >"$out/initramfs.new"
mv "$out/initramfs.new" "$out/initramfs"
