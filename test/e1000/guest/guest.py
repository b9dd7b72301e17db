# SPDX-License-Identifier: Apache-2.0
"""A Linux guest in QEMU with an IOMMU and NICs whose cables end in this process.

The guest (init, build.sh) takes shell commands on its second serial port. A cable is a socket that carries one frame a
datagram. Everything has a time limit; the guest's console is kept in a file.
"""
import os
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
    """The far end of a NIC's cable."""

    def __init__(self):
        self.ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)

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
    """`nics` is a list of (model, PCI address, id); `ports` names root ports that hot-pluggable NICs sit behind."""

    def __init__(self, folder, nics, log, memory="768M", iommu=True):
        self.cables = {}
        self.shell = Channel()
        self.monitor = Channel()
        # QEMU does not outlive this process.
        command = ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-machine", "q35,accel=tcg", "-cpu", "max", "-smp", "1", "-m", memory, "-nodefaults",
                   "-display", "none", "-no-reboot", "-kernel", f"{folder}/kernel/vmlinuz", "-initrd", f"{folder}/initramfs",
                   "-append", "console=ttyS0 panic=-1 quiet loglevel=5" + (" intel_iommu=on" if iommu else ""),
                   "-serial", f"file:{log}"]
        if iommu:
            command += ["-device", "intel-iommu"]
        files = [self.shell.theirs, self.monitor.theirs]
        command += ["-chardev", f"socket,id=shell,fd={self.shell.theirs.fileno()}", "-serial", "chardev:shell",
                    "-chardev", f"socket,id=monitor,fd={self.monitor.theirs.fileno()}",
                    "-mon", "chardev=monitor,mode=readline"]
        for number, (model, place, name) in enumerate(nics):
            cable = self.cables[name] = Cable()
            files.append(cable.theirs)
            command += ["-netdev", f"dgram,id=cable-{name},local.type=fd,local.str={cable.theirs.fileno()}"]
            bus = f"addr={place}"
            if place == "hotplug":
                command += ["-device", f"pcie-root-port,id=port-{name},chassis=1,slot=1,addr=0x10"]
                bus = f"bus=port-{name}"
            command += ["-device", f"{model},id={name},netdev=cable-{name},{bus},mac=52:54:00:00:00:{number + 1:02x},romfile="]
        self.qemu = subprocess.Popen(command, pass_fds=[f.fileno() for f in files], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.DEVNULL)
        for file in files:
            file.close()
        self.shell.read_until(rb"@@READY\r?\n", 60, "the guest boots")

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
