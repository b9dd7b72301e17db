# SPDX-License-Identifier: Apache-2.0
"""Two guests: in one rf-run has the NICs, in the other, at the far ends of the cables, Linux's own drivers and network stack.

Each pair of NICs joins a client and a server, which are network namespaces of the second guest: nothing else joins them.
"""
import os
import re

from guest import Cable, Failure, Guest


class Pair:
    """The two NICs of one model, in both guests, and who is at their far ends."""

    def __init__(self, model, number):
        self.model, self.number = model, number
        slots = (3 + 2 * number, 4 + 2 * number)
        self.nics = [(model, str(slot), f"n{slot}") for slot in slots]
        self.addresses = [f"0000:00:{slot:02x}.0" for slot in slots]
        self.interfaces = [f"eth{2 * number}", f"eth{2 * number + 1}"]
        self.client, self.server = f"10.77.{number}.1", f"10.77.{number}.2"


class Bench:
    """The two guests, up, with the NICs bound to vfio-pci here and to Linux's drivers there."""

    def __init__(self, folder, logs, models):
        self.pairs = {model: Pair(model, number) for number, model in enumerate(models)}
        nics = [nic for pair in self.pairs.values() for nic in pair.nics]
        cables = {name: Cable(stream=True) for _, _, name in nics}
        self.guests = []
        try:
            self.guests.append(Guest(folder, nics, os.path.join(logs, "guest-near.log"), wait=False,
                                     cables={name: (cable, cable.theirs) for name, cable in cables.items()}))
            self.guests.append(Guest(folder, nics, os.path.join(logs, "guest-peer.log"), wait=False, iommu=False, site=1,
                                     cables={name: (cable, cable.ours) for name, cable in cables.items()}))
            for guest in self.guests:
                guest.ready()
            self.near, self.peer = self.guests
            self.must(self.near, f"rf-bind bind {' '.join(a for pair in self.pairs.values() for a in pair.addresses)}")
            for model in self.pairs:
                self.must(self.peer, f"insmod /modules/{model}.ko")
            for pair in self.pairs.values():
                for interface, place, address in zip(pair.interfaces, ("client", "server"), (pair.client, pair.server)):
                    self.furnish(f"{place}{pair.number}", interface, address)
        except BaseException:
            self.close()
            raise

    @staticmethod
    def must(guest, command, timeout=20):
        status, output = guest.status(command, timeout)
        if status != 0:
            raise Failure(f"{command}: status {status}: {output}")
        return output

    def furnish(self, place, interface, address):
        """A network namespace with one interface. The process that keeps it has its number in /tmp/PLACE."""
        inside = f"nsenter -t $(cat /tmp/{place}) -n"
        self.must(self.peer, f"unshare -n sleep 1000000 & echo $! >/tmp/{place}; sleep 0.2\n"
                  f"{inside} sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'\n"
                  f"ip link set {interface} netns $(cat /tmp/{place}) &&"
                  f"{inside} ip link set lo up && {inside} ip addr add {address}/24 dev {interface} &&"
                  f"{inside} ip link set {interface} up")

    def run_in(self, pair, place, command, timeout=30):
        """Exit status and output of a shell command at one of the far ends, "client" or "server"."""
        quoted = command.replace("'", "'\\''")
        return self.peer.status(f"nsenter -t $(cat /tmp/{place}{pair.number}) -n sh -c '{quoted}'", timeout)

    def background(self, pair, place, command):
        quoted = command.replace("'", "'\\''")
        self.peer.run(f"nsenter -t $(cat /tmp/{place}{pair.number}) -n sh -c '{quoted}' >/dev/null 2>&1 &")

    def launch(self, pair, nfs, options=""):
        here, there = pair.addresses
        self.near.run(f"cd /rf; rf-run {nfs} --in e1000:{here} --out e1000:{there} --bidir --stats=json {options} "
                      ">/tmp/out 2>/tmp/err & cd /tmp")

    def wait_for_path(self, pair, tries=40):
        """Until a ping passes: links take seconds to come up on both sides."""
        for _ in range(tries):
            if self.run_in(pair, "client", f"ping -c 1 -W 1 {pair.server}")[0] == 0:
                return
        raise Failure(f"{pair.model}: no ping passes; rf-run says: {self.near.run('cat /tmp/err /tmp/out')}")

    def stop(self):
        """What rf-run printed."""
        self.near.run("kill -INT $(pidof rf-run); wait", timeout=60)
        return self.near.run("cat /tmp/out")

    def close(self):
        for guest in self.guests:
            guest.close()


def ping_received(output):
    """How many answers `ping` counted."""
    match = re.search(r"(\d+) (?:packets )?received", output)
    if not match:
        raise Failure(f"no ping: {output}")
    return int(match.group(1))
