# SPDX-License-Identifier: Apache-2.0
"""A Linux guest in QEMU with an IOMMU and NICs whose cables end in this process.

The guest (init, build.sh) takes shell commands on its second serial port. A cable is a socket that carries one frame a
datagram. Everything has a time limit; the guest's console is kept in a file.
"""
import json
import re
import select
import socket
import subprocess
import time


class Failure(Exception):
    pass


class Channel:
    """A byte stream to QEMU that is read up to a marker."""

    def __init__(self):
        self.ours, self.theirs = socket.socketpair()
        self.seen = b""

    def read_until(self, pattern, timeout, what):
        end = time.monotonic() + timeout
        while True:
            match = re.search(pattern, self.seen, re.S)
            if match:
                self.seen = self.seen[match.end():]
                return match
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.ours], [], [], left)[0]:
                raise Failure(f"{what}: no answer within {timeout} s; so far: {self.seen[-2000:].decode(errors='replace')}")
            got = self.ours.recv(65536)
            if not got:
                raise Failure(f"{what}: QEMU has ended")
            self.seen += got


class Cable:
    """A NIC's cable. Its far end, `ours`, is this process's; or a program's or another guest's, that it is given to.

    With `stream`, each frame stands behind its length (32 bits, big-endian) in a byte stream: many frames a system call.
    """

    def __init__(self, stream=False):
        self.stream = stream
        self.ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)

    def netdev(self, name, end):
        """QEMU's option for one end."""
        if self.stream:
            return f"stream,id={name},server=off,addr.type=fd,addr.str={end.fileno()}"
        return f"dgram,id={name},local.type=fd,local.str={end.fileno()}"

    def close(self):
        self.ours.close()
        self.theirs.close()

    def send(self, frame):
        self.ours.send(frame)

    def receive(self, timeout):
        """A frame, or None after `timeout` seconds without."""
        if not select.select([self.ours], [], [], timeout)[0]:
            return None
        return self.ours.recv(4096)

    def drain(self):
        count = 0
        while self.receive(0.2) is not None:
            count += 1
        return count


class Guest:
    """`nics` is a list of (model, PCI address, id); the address "hotplug" is a slot that it can be unplugged from.

    `cables` are those that do not end in this process: {id: (cable, end)}. All others are made here. Guests that are joined
    need different `site`s, from which they have their MAC addresses. Without `wait`, `ready` waits for the boot.
    `extra` are further options of QEMU.
    """

    def __init__(self, folder, nics, log, memory="768M", iommu=True, cables=None, site=0, wait=True, extra=()):
        self.cables = {}
        self.shell = Channel()
        self.monitor = Channel()
        # QEMU does not outlive this process. no_timer_check: on a busy machine the emulated timer may be late for the kernel's
        # check of it, which panics.
        command = ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-name", "guest,debug-threads=on", "-machine", "q35,accel=tcg", "-cpu", "max", "-smp", "1", "-m", memory, "-nodefaults",
                   "-display", "none", "-no-reboot", "-kernel", f"{folder}/kernel", "-initrd", f"{folder}/initramfs",
                   "-append", "console=ttyS0 panic=-1 quiet loglevel=5 no_timer_check" + (" intel_iommu=on" if iommu else ""),
                   "-serial", f"file:{log}"]
        if iommu:
            command += ["-device", "intel-iommu"]
        files = [self.shell.theirs, self.monitor.theirs]
        command += ["-chardev", f"socket,id=shell,fd={self.shell.theirs.fileno()}", "-serial", "chardev:shell",
                    "-chardev", f"socket,id=monitor,fd={self.monitor.theirs.fileno()}",
                    "-mon", "chardev=monitor,mode=readline"]
        for number, (model, place, name) in enumerate(nics):
            if name in (cables or {}):
                cable, end = cables[name]
            else:
                cable = self.cables[name] = Cable()
                end = cable.theirs
            files.append(end)
            command += ["-netdev", cable.netdev(f"cable-{name}", end)]
            bus = f"addr={place}"
            if place == "hotplug":
                command += ["-device", f"pcie-root-port,id=port-{name},chassis=1,slot=1,addr=0x10"]
                bus = f"bus=port-{name}"
            command += ["-device", f"{model},id={name},netdev=cable-{name},{bus},mac=52:54:00:00:{site:02x}:{number + 1:02x},romfile="]
        self.qemu = subprocess.Popen([*command, *extra], pass_fds=[f.fileno() for f in files], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.DEVNULL)
        for file in files:
            file.close()
        if wait:
            self.ready()

    def ready(self):
        try:
            self.shell.read_until(rb"@@READY\r?\n", 120, "the guest boots")
        except Failure:
            self.close()
            raise

    def close(self):
        self.qemu.kill()
        self.qemu.wait()

    def run(self, command, timeout=20):
        """Runs shell commands in the guest and returns their output."""
        self.shell.ours.sendall(f"{{ {command}\n}} </dev/null 2>&1; echo; echo @@END\n".encode())
        return self.shell.read_until(rb"(.*?)\n@@END\n", timeout, command).group(1).decode(errors="replace")

    def status(self, command, timeout=20):
        """Exit status and output of a shell command in the guest."""
        output = self.run(f"{command}\necho @@STATUS $?", timeout)
        text, _, status = output.rpartition("@@STATUS ")
        return int(status), text

    def ask_monitor(self, command):
        self.monitor.ours.sendall(command.encode() + b"\n")
        return self.monitor.read_until(re.escape(command.encode()) + rb".*?\(qemu\) ", 20, command).group(0).decode()

    def link(self, name, up):
        self.ask_monitor(f"set_link {name} {'on' if up else 'off'}")


def last_statistics(output):
    """The statistics that rf-run printed last. Packets must be conserved, in each function and in all."""
    lines = [line for line in output.splitlines() if line.startswith("{")]
    if not lines:
        raise Failure(f"rf-run printed no statistics: {output}")
    stats = json.loads(lines[-1])
    total, ports = stats["total"], stats["ports"]
    sums = [(nf["packets_in"], nf["next"] + nf["sent"] + nf["dropped"] + nf["refused"] + nf["lost"]) for nf in stats["nfs"]]
    sums += [(total["received"], total["sent"] + total["dropped"]),
             (total["received"], sum(port["counters"]["rx_packets"] for port in ports)),
             (total["sent"], sum(port["counters"]["tx_packets"] for port in ports))]
    if any(left != right for left, right in sums):
        raise Failure(f"packets are not conserved: {stats}")
    return stats


class Traffic:
    """The program traffic (traffic.c) on two cables, which are streams; with `keep` they may be used again after it."""

    def __init__(self, program, cables, *options, keep=False):
        ends = [cable.ours for cable in cables]
        self.process = subprocess.Popen([program, *options, *(str(end.fileno()) for end in ends)],
                                        pass_fds=[end.fileno() for end in ends], stdout=subprocess.PIPE, text=True)
        if not keep:
            for end in ends:
                end.close()

    def wait_for(self, word):
        line = self.process.stdout.readline().strip()
        if line != word:
            raise Failure(f"traffic says {line!r}, not {word!r}")

    def result(self):
        """What traffic counted, and whether every frame came once, whole and in order."""
        counted = json.loads(self.process.stdout.readline())
        return counted, self.process.wait() == 0

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
