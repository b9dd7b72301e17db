#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Real traffic through a sandboxed firewall: builds Ringfence, compiles examples/firewall with the plugin, shows a hostile
# binary being rejected, then joins two network namespaces by rf-run only and sends ping and curl through it.
# With --e1000 the packets go through Ringfence's own driver, in QEMU.
set -euo pipefail
cd "$(dirname "$0")"

usage() {
	cat <<'USAGE'
usage: ./demo.sh [--e1000]
Needs root (it makes network namespaces). Installs the Debian packages it needs, changes nothing else on this machine,
and removes the namespaces again, also on Ctrl-C.
  --e1000  the same through the e1000 driver, in QEMU: rf-run owns two emulated NICs behind an IOMMU in one guest, and Linux's
           own driver and network stack are at the far ends of their cables in another. Needs root only to install packages.
USAGE
}
nics=""
[ $# -le 1 ] || { usage >&2; exit 2; }
case ${1-} in
"") ;;
--e1000) nics=1 ;;
-h | --help) usage; exit 0 ;;
*) usage >&2; exit 2 ;;
esac

# in_ns NAMESPACE COMMAND... Not "ip netns exec", which wants to remount / and so fails in a chroot.
in_ns() {
	local name=$1
	shift
	nsenter --net="/run/netns/$name" "$@"
}
say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
show() { printf '   $ %s\n' "$*"; "$@" 2>&1 | sed 's/^/   /'; return "${PIPESTATUS[0]}"; }
die() { echo "demo.sh: $*" >&2; exit 1; }

if [ -z "$nics" ] && [ "$(id -u)" != 0 ]; then
	echo "demo.sh: needs root for network namespaces and AF_PACKET sockets: sudo ./demo.sh" >&2
	exit 3
fi

client=rf-demo-client-$$ server=rf-demo-server-$$ middle=rf-demo-rf-$$
work=$(mktemp -d /tmp/ringfence-demo.XXXXXX)
children=()
clean_up() {
	local status=$?
	trap - EXIT INT TERM
	for pid in "${children[@]}"; do kill "$pid" 2>/dev/null || true; done
	wait 2>/dev/null || true
	if [ -z "$nics" ]; then
		for name in "$client" "$server" "$middle"; do ip netns del "$name" 2>/dev/null || true; done
	fi
	rm -rf "$work"
	exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say "Set-up: packages and build (the first time takes a few minutes)"
./setup.sh build demo ${nics:+guest}
cmake --preset release >"$work/build.log" 2>&1 && cmake --build --preset release >>"$work/build.log" 2>&1 ||
	{ tail -n 40 "$work/build.log"; die "the build failed"; }
bin=$PWD/build/release/stage/bin
share=$PWD/build/release/stage/share/ringfence
started=$SECONDS

say "1. Compile an ordinary C firewall into a sandboxed network function"
show "$bin/rf-cc" -O2 -g -o "$work/firewall.nf" examples/firewall/{firewall,parse,rules}.c

say "2. Validate it: the validator trusts neither the compiler nor this script"
show "$bin/rf-validate" --stats "$work/firewall.nf"

say "3. A hostile binary reads through a raw pointer, writes a return address and makes a system call"
cat >"$work/hostile.s" <<'ASM'
	.text
	.globl	process
process:
	movq	(%rdi), %rax		# a raw pointer: not relative to r15 or r14
	movq	%rax, (%rsp)		# the return address
	movl	$59, %eax
	syscall				# execve
	ret
	.section .rf.exports, "aR", @progbits
	.long	name, process
	.section .rodata
name:	.asciz	"process"
ASM
sed 's/^/   /' "$work/hostile.s" | head -n 8
clang-22 --config="$share/ringfence.cfg" -o "$work/hostile.nf" "$work/hostile.s"
if show "$bin/rf-validate" "$work/hostile.nf"; then die "the validator accepted the hostile binary"; fi
echo "   The runtime does not take it either:"
if show "$bin/rf-run" "$work/hostile.nf" --in null --out null; then die "the runtime ran the hostile binary"; fi

cat >"$work/firewall.conf" <<'CONF'
pass icmp
pass tcp from 10.77.0.0/24 to 10.77.0.2 port 80
pass tcp from 10.77.0.2 port 80 to 10.77.0.0/24
default drop
CONF

on_namespaces() {
	say "4. A client and a web server, joined by nothing but rf-run with the firewall in it"
	for name in "$client" "$server" "$middle"; do
		ip netns add "$name"
		in_ns "$name" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 2>/dev/null || true
		in_ns "$name" ip link set lo up
	done
	join "$client" eth0 rf0 10.77.0.1/24
	join "$server" eth0 rf1 10.77.0.2/24
	show cat "$work/firewall.conf"

	mkdir "$work/www"
	echo "Hello from behind the sandbox." >"$work/www/index.html"
	head -c 20000000 /dev/zero >"$work/www/large"
	for port in 80 8080; do
		nsenter --net="/run/netns/$server" python3 -m http.server -d "$work/www" "$port" >"$work/http-$port.log" 2>&1 &
		children+=($!)
	done
	run=("$bin/rf-run" "$work/firewall.nf,config=$work/firewall.conf" --in af_packet:rf0 --out af_packet:rf1 --bidir)
	echo "   \$ rf-run firewall.nf,config=firewall.conf --in af_packet:rf0 --out af_packet:rf1 --bidir &"
	nsenter --net="/run/netns/$middle" "${run[@]}" --stats=json >"$work/stats.json" 2>"$work/rf-run.log" &
	runner=$!
	children+=("$runner")

	for try in $(seq 20); do
		reachable && break
		kill -0 "$runner" 2>/dev/null || { cat "$work/rf-run.log" >&2; die "rf-run ended early"; }
		[ "$try" != 20 ] || die "no answer through the firewall"
		sleep 0.5
	done

	say "5. Ping passes, the web server on port 80 answers, port 8080 is blocked"
	show in_ns "$client" ping -c 3 -i 0.2 10.77.0.2 || die "ping does not pass"
	show in_ns "$client" curl -sS --max-time 5 http://10.77.0.2/ || die "port 80 does not answer"
	show in_ns "$client" curl -sS --max-time 60 -o /dev/null \
		-w '%{size_download} bytes in %{time_total} s, %{speed_download} bytes/s\n' http://10.77.0.2/large ||
		die "a large download does not pass"
	if show in_ns "$client" curl -sS --max-time 3 http://10.77.0.2:8080/; then die "port 8080 is not blocked"; fi
	echo "   Blocked, as it should be: the same web server listens on 8080, too."

	kill -INT "$runner"
	wait "$runner" || { cat "$work/rf-run.log" >&2; die "rf-run failed"; }
}
# join NAMESPACE INTERFACE PORT ADDRESS: its interface, and the port of rf-run that it leads to.
join() {
	in_ns "$middle" ip link add "$3" type veth peer name "$2" netns "$1"
	in_ns "$1" ip addr add "$4" dev "$2"
	in_ns "$1" ip link set "$2" up
	in_ns "$middle" ip link set "$3" up
}
reachable() { in_ns "$client" curl -s -o "$work/got" --max-time 1 http://10.77.0.2/ && [ -s "$work/got" ]; }

on_nics() {
	say "4. Two machines in QEMU: one has rf-run and two NICs, the other has what is at the far ends of their cables"
	guests=test/e1000/guest
	if [ ! -e build/guest-kernel/vmlinux ]; then echo "   Downloading Debian's kernel (70 MB) ..."; fi
	"$guests/build.sh" build/guest-kernel "$work/guest" "$bin/rf-run" "$bin/rf-bind" "$(command -v curl)" "$(command -v ping)" \
		"$work/firewall.nf" "$work/firewall.conf" >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; die "no guest"; }
	# In the background, so that a signal to this script does not wait for its end.
	/usr/bin/python3 -B "$guests/demo.py" "$work/guest" "$work" "$work/stats.json" &
	children+=("$!")
	wait "$!" || die "the demo in QEMU failed"
}
if [ -n "$nics" ]; then on_nics; else on_namespaces; fi

say "6. What the firewall did, and what the sandbox cost"
# A function that only passes packets costs what the sandbox does: in, select, verdict, out. Made-up frames, by the million.
"$bin/rf-cc" -O2 -o "$work/pass.nf" examples/pass/pass.c
for nf in pass "firewall.nf,config=$work/firewall.conf"; do
	"$bin/rf-run" "$work/${nf/%pass/pass.nf}" --in null:2000000 --out null --stats=json >"$work/null-${nf%%.*}.json" 2>/dev/null
done
/usr/bin/python3 - "$work/stats.json" "$work/null-firewall.json" "$work/null-pass.json" ${nics:+emulated} <<'PY'
import json, sys

def last_line(path):
    with open(path) as file:
        return json.loads(file.read().strip().splitlines()[-1])

live, made_up, empty = (last_line(path) for path in sys.argv[1:4])
live_title = "live traffic, small bursts" + (", on QEMU's CPU" if sys.argv[4:] else "")
nf, total = live["nfs"][0], live["total"]
print(f"   {'firewall.nf':<44}{'packets':>10}")
for label, key in (("received from both sides", "packets_in"), ("passed", "next"), ("dropped by a rule or the default", "dropped"),
                   ("refused (nonsense from the function)", "refused"), ("faults", "faults")):
    print(f"     {label:<42}{nf[key]:>10}")
print(f"     {'received = sent + dropped':<42}{total['received']:>10} = {total['sent']} + {total['dropped']}")
print(f"\n   {'time in the sandboxed function, a packet':<44}{'ns':>10}{'cycles':>10}")
for label, run in ((live_title, live), ("2,000,000 made-up frames, bursts of 32", made_up),
                   ("the same through examples/pass: the sandbox", empty)):
    stage = run["nfs"][0]
    print(f"     {label:<42}{stage['ns_per_packet']:>10.1f}{stage['cycles_per_packet']:>10.1f}")
if total["received"] != total["sent"] + total["dropped"] or nf["faults"]:
    sys.exit("packets were lost, or the function failed")
PY
printf '\nDone in %d s after set-up. The %s now.\n' $((SECONDS - started)) "$([ -n "$nics" ] && echo "guests are gone" || echo "namespaces are removed")"
