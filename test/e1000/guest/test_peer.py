#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Linux's own e1000 and e1000e drivers and network stack at the far ends of rf-run's NICs.

usage: test_peer.py FOLDER LOG_FOLDER [unittest arguments]
FOLDER is what build.sh made.
"""
import sys
import unittest

from guest import last_statistics
from peer import Bench, ping_received

FOLDER, LOGS = sys.argv[1], sys.argv[2]
CHAIN = "pass.nf pass.nf pass.nf"
BULK = 1500000  # bytes


class PeerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bench = Bench(FOLDER, LOGS, ["e1000", "e1000e"])
        cls.bench.must(cls.bench.peer, "for module in llc stp garp mrp 8021q; do insmod /modules/$module.ko || break; done; [ -e /sys/module/8021q ]")
        cls.bench.must(cls.bench.peer, f"mkdir /tmp/www; head -c {BULK} /dev/urandom >/tmp/www/bulk")
        cls.sum = cls.sum_of("/tmp/www/bulk")

    @classmethod
    def tearDownClass(cls):
        cls.bench.close()

    @classmethod
    def sum_of(cls, path):
        return cls.bench.must(cls.bench.peer, f"sha256sum <{path}").split()[0]

    def through_a_chain(self, model, nfs=CHAIN, options=""):
        bench, pair = self.bench, self.bench.pairs[model]
        bench.launch(pair, nfs, options)
        try:
            bench.wait_for_path(pair)
            self.ping(pair)
            self.download(pair)
            self.upload(pair)
        finally:
            output = bench.stop()
        stats = last_statistics(output)
        self.assertEqual(stats["total"]["dropped"], 0)
        for nf in stats["nfs"]:
            self.assertEqual(nf["next"], stats["total"]["received"])
            self.assertEqual(nf["faults"], 0)
        # Both ports had whole segments to receive and to send.
        for port in stats["ports"]:
            self.assertGreater(port["counters"]["rx_bytes"], BULK)
            self.assertGreater(port["counters"]["tx_bytes"], BULK)

    def ping(self, pair):
        """Small, and as large as a frame can be: 1,472 bytes of data."""
        for size in (0, 56, 1472):
            for place, address in (("client", pair.server), ("server", pair.client)):
                _, output = self.bench.run_in(pair, place, f"ping -c 3 -s {size} {address}")
                self.assertEqual(ping_received(output), 3, output)

    def download(self, pair):
        self.bench.background(pair, "server", "httpd -f -p 80 -h /tmp/www")
        status, output = self.bench.run_in(pair, "client", f"sleep 0.5; wget -q -O /tmp/got http://{pair.server}/bulk", 60)
        self.assertEqual(status, 0, output)
        self.assertEqual(self.sum_of("/tmp/got"), self.sum)

    def upload(self, pair):
        # Its input stays open: a client that sees the end of it stops sending.
        self.bench.background(pair, "server", "sleep 60 | { nc -l -p 9000 >/tmp/got; mv /tmp/got /tmp/uploaded; }")
        status, output = self.bench.run_in(pair, "client", f"rm -f /tmp/uploaded; sleep 0.5; nc {pair.server} 9000 </tmp/www/bulk; "
                                           "for i in $(seq 50); do [ -e /tmp/uploaded ] && break; sleep 0.1; done", 60)
        self.assertEqual(status, 0, output)
        self.assertEqual(self.sum_of("/tmp/uploaded"), self.sum)

    def test_e1000(self):
        self.through_a_chain("e1000")

    def test_e1000e(self):
        self.through_a_chain("e1000e")

    def test_copy(self):
        self.through_a_chain("e1000e", options="--copy")

    def test_tags(self):
        """With vlan=strip the controllers take VLAN tags out and put them in again; both ends are on VLAN 7."""
        pair = self.bench.pairs["e1000e"]
        for place, interface, address in zip(("client", "server"), pair.interfaces, ("10.78.0.1", "10.78.0.2")):
            status, output = self.bench.run_in(pair, place, f"ip link add link {interface} name tagged type vlan id 7 && "
                                               f"ip addr add {address}/24 dev tagged && ip link set tagged up")
            self.assertEqual(status, 0, output)
        here, there = pair.addresses
        self.bench.near.run(f"cd /rf; rf-run {CHAIN} --in e1000:{here},vlan=strip --out e1000:{there},vlan=strip --bidir --stats=json "
                            ">/tmp/out 2>/tmp/err & cd /tmp")
        try:
            self.bench.wait_for_path(pair)
            for size in (56, 1472):
                _, output = self.bench.run_in(pair, "client", f"ping -c 3 -s {size} 10.78.0.2")
                self.assertEqual(ping_received(output), 3, output)
        finally:
            output = self.bench.stop()
        last_statistics(output)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]] + sys.argv[3:], verbosity=2)
