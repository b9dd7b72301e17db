#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
Runs captures made here through an example network function and compares what
comes out with packets, verdicts and counters that are worked out here, too.

usage: test_examples.py RF-RUN pass|firewall|reflector NF CONFIG
"""
import json
import os
import random
import struct
import subprocess
import sys
import tempfile

from packets import *

failures = 0


def expect(condition, message):
    global failures
    if not condition:
        failures += 1
        print(f"FAIL: {message}")


def run(rf_run, nf, frames, config=None, options=()):
    """The frames that come out, and standard error."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = os.path.join(folder, "in.pcap"), os.path.join(folder, "out.pcap")
        write_pcap(source, frames)
        if config is not None:
            with open(os.path.join(folder, "nf.conf"), "w") as file:
                file.write(config)
            nf = f"{nf},config={folder}/nf.conf"
        result = subprocess.run([rf_run, nf, "--in", f"pcap:{source}", "--out", f"pcap:{target}", *options],
                                capture_output=True, text=True, timeout=60)
        expect(result.returncode == 0, f"rf-run exits with {result.returncode}: {result.stderr}")
        return read_pcap(target) if result.returncode == 0 else [], result.stderr


# ---- pass ------------------------------------------------------------------------


def test_pass(rf_run, nf, _):
    generator = random.Random(1)
    frames = [generator.randbytes(length) for length in [14, 60, 64, 1514, 1792] + list(range(15, 1792, 37))]
    for options in [(), ("--copy",), ("--burst", "1"), ("--burst", "256")]:
        out, _ = run(rf_run, nf, frames, options=options)
        expect(out == frames, f"pass changes packets with {options}")


# ---- firewall ----------------------------------------------------------------------

RULES = """
# comment, then an empty line

pass tcp from any to 192.0.2.80 port 80          # 0
pass tcp from 10.0.0.0/8 port 1000-2000 to any   # 1
drop udp from any port 53 to any                 # 2
pass udp from 198.51.100.0/25 to 0.0.0.0/0       # 3
pass icmp                                        # 4
pass tcp from 2001:db8::/33 to any port 443      # 5
pass icmpv6 from any to 2001:db8::1              # 6
pass 47 from 203.0.113.7 to any                  # 7
drop any from fe80::/10                          # 8
pass sctp from any to any port 7-9               # 9
{}
"""


def v4(payload, protocol, src, dst, **kw):
    return ethernet(ipv4(payload, protocol, src, dst, **kw), ETH_IPV4)


def tcp4(src, sport, dst, dport, vlans=(), **kw):
    return ethernet(ipv4(tcp(src, dst, sport, dport), TCP, src, dst, **kw), ETH_IPV4, vlans=vlans)


def udp4(src, sport, dst, dport):
    return v4(udp(src, dst, sport, dport, b"data"), UDP, src, dst)


def tcp6(src, sport, dst, dport, vlans=()):
    return ethernet(ipv6(tcp(src, dst, sport, dport), TCP, src, dst), ETH_IPV6, vlans=vlans)


def fragment_header(next_header, offset, more):
    return struct.pack(">BBHI", next_header, 0, offset << 3 | more, 99)


# Each frame with the number of the rule that decides it, or "default", "other", "malformed", "fragment".
def firewall_cases():
    one, web, ten = "198.51.100.1", "192.0.2.80", "10.255.0.1"
    a6, b6 = "2001:db8:7fff::2", "2001:db8::1"
    http = tcp(one, web, 40000, 80)
    cases = [
        (tcp4(one, 40000, web, 80), 0),
        (tcp4(one, 40000, web, 81), "default"),
        (tcp4(one, 40000, "192.0.2.81", 80), "default"),
        (tcp4(one, 40000, web, 80, vlans=[(ETH_VLAN, 5)]), 0),
        (tcp4(one, 40000, web, 80, vlans=[(ETH_QINQ, 5), (ETH_VLAN, 6)]), 0),
        (tcp4(one, 40000, web, 80, vlans=[(ETH_VLAN, 5)] * 3), "other"),
        (tcp4(one, 40000, web, 80, options=b"\x94\x04\0\0"), 0),
        (tcp4(ten, 1000, one, 9), 1),
        (tcp4(ten, 2000, one, 9), 1),
        (tcp4(ten, 999, one, 9), "default"),
        (tcp4(ten, 2001, one, 9), "default"),
        (tcp4("11.0.0.1", 1500, one, 9), "default"),
        (tcp4(ten, 1500, web, 80), 0),
        (udp4(one, 53, web, 5000), 2),
        (udp4(one, 54, web, 5000), 3),
        (udp4("198.51.100.127", 54, web, 5000), 3),
        (udp4("198.51.100.128", 54, web, 5000), "default"),
        (v4(icmp(8, b"\0\1\0\1ping"), ICMP, one, web), 4),
        (tcp6(a6, 5, b6, 443), 5),
        (tcp6(a6, 5, b6, 443, vlans=[(ETH_VLAN, 1)]), 5),
        (tcp6("2001:db8:8000::2", 5, b6, 443), "default"),
        (tcp6(a6, 443, b6, 5), "default"),
        (ethernet(ipv6(icmpv6(a6, b6, 128, b"\0\1\0\1"), ICMPV6, a6, b6), ETH_IPV6), 6),
        (ethernet(ipv6(icmpv6(a6, a6, 128, b"\0\1\0\1"), ICMPV6, a6, a6), ETH_IPV6), "default"),
        (ethernet(ipv6(icmpv6("fe80::1", a6, 128, b"\0\1\0\1"), ICMPV6, "fe80::1", a6), ETH_IPV6), 8),
        (ethernet(ipv6(icmpv6("febf::1", a6, 128, b"\0\1\0\1"), ICMPV6, "febf::1", a6), ETH_IPV6), 8),
        (v4(b"\0\0\x08\0", 47, "203.0.113.7", web), 7),
        (v4(b"\0\0\x08\0", 47, "203.0.113.8", web), "default"),
        (v4(struct.pack(">HHII", 1, 8, 0, 0), 132, one, web), 9),
        # Not IP, padded, and odd ones.
        (ethernet(b"\0\1\x08\0\6\4\0\1" + bytes(20), ETH_ARP), "other"),
        (ethernet(bytes(46), 0x88CC), "other"),
        (tcp4(one, 40000, web, 80) + bytes(6), 0),
        # Malformed.
        (bytes(13), "malformed"),
        (ethernet(b"", ETH_IPV4), "malformed"),
        (ethernet(b"", ETH_VLAN), "malformed"),
        (tcp4(one, 40000, web, 80)[:-1], "malformed"),
        (v4(http, TCP, one, web, total=19), "malformed"),
        (v4(http[:19], TCP, one, web), "malformed"),
        (v4(b"\0\1\0\2\0\3\0", UDP, one, web), "malformed"),
        (v4(b"\x08\0\0", ICMP, one, web), "malformed"),
        (ethernet(b"\x44" + ipv4(http, TCP, one, web)[1:], ETH_IPV4), "malformed"),
        (ethernet(b"\x65" + ipv4(http, TCP, one, web)[1:], ETH_IPV4), "malformed"),
        (ethernet(ipv6(http, TCP, a6, b6), ETH_IPV4), "malformed"),
        (ethernet(ipv4(http, TCP, one, web), ETH_IPV6), "malformed"),
        (tcp6(a6, 5, b6, 443)[:50], "malformed"),
        (ethernet(ipv6(b"\6\1" + bytes(6), 0, a6, b6), ETH_IPV6), "malformed"),
        # Fragments: the first one has ports, later ones do not; one must not start inside a TCP header.
        (v4(http, TCP, one, web, fragment=0x2000), 0),
        (v4(http[:16], TCP, one, web, fragment=0x2000), "malformed"),
        (v4(bytes(64), TCP, one, web, fragment=0x0002), "fragment default"),
        (v4(bytes(64), TCP, one, web, fragment=0x0001), "malformed"),
        (v4(bytes(64), UDP, one, web, fragment=0x2010), "fragment 3"),
        (v4(bytes(64), ICMP, one, web, fragment=0x0010), "fragment 4"),
        (ethernet(ipv6(fragment_header(TCP, 0, 1) + tcp(a6, b6, 5, 443), FRAGMENT, a6, b6), ETH_IPV6), 5),
        (ethernet(ipv6(fragment_header(TCP, 90, 0) + bytes(32), FRAGMENT, a6, b6), ETH_IPV6), "fragment default"),
        (ethernet(ipv6(fragment_header(ICMPV6, 90, 0) + bytes(32), FRAGMENT, a6, b6), ETH_IPV6), "fragment 6"),
        # Behind hop-by-hop and destination options.
        (ethernet(ipv6(bytes([60, 0]) + bytes(6) + bytes([6, 1]) + bytes(14) + tcp(a6, b6, 5, 443), 0, a6, b6),
                  ETH_IPV6), 5),
    ]
    return cases


def decided(decision, default, other, fragments):
    """Whether a frame passes, and the counters' lines that go with the decision."""
    passing = {0, 1, 3, 4, 5, 6, 7, 9}
    if decision in ("malformed", "other"):
        return decision == "other" and other, [decision]
    lines = []
    if isinstance(decision, str) and decision.startswith("fragment"):
        lines.append("later fragments")
        if fragments != "match":
            return fragments == "pass", lines
        decision = decision.split()[1]
        decision = int(decision) if decision.isdigit() else decision
    if decision == "default":
        return default, lines + ["default"]
    return decision in passing, lines + [f"rule {decision}"]


def test_firewall(rf_run, nf, config):
    cases = firewall_cases()
    for default, other, fragments in [("drop", "pass", "match"), ("pass", "drop", "drop"), ("drop", "drop", "pass")]:
        settings = f"default {default}\nother {other}\nfragments {fragments}\nreport {len(cases)}\n"
        expected, counts = [], {}
        for frame, decision in cases:
            passes, lines = decided(decision, default == "pass", other == "pass", fragments)
            if passes:
                expected.append(frame)
            for line in lines:
                counts[line] = counts.get(line, 0) + 1
        for options in [(), ("--copy", "--burst", "3")]:
            out, log = run(rf_run, nf, [frame for frame, _ in cases], RULES.format(settings), options)
            for name in [f"rule {i}" for i in range(10)] + ["default", "other", "malformed", "later fragments"]:
                expect(f": {name}: {counts.get(name, 0)}\n" in log,
                       f"{settings!r}: {name} is not {counts.get(name, 0)}:\n{log}")
            for frame, decision in cases:
                if (frame in expected) != (frame in out):
                    expect(False, f"{settings!r}: wrong verdict for case {decision!r}: {frame.hex()}")
            expect(out == expected, f"{settings!r} {options}: packets differ")
    test_firewall_errors(rf_run, nf)
    test_firewall_counters(rf_run, nf)
    # The sample configuration is valid.
    with open(config) as file:
        run(rf_run, nf, [cases[0][0]], file.read())


# Each line is wrong, and must be reported with its number and what is wrong in it.
ERRORS = [
    ("allow tcp", "allow"),
    ("pass", "not a protocol"),
    ("pass tpc", "tpc"),
    ("pass 256", "256"),
    ("pass tcp from", "missing"),
    ("pass tcp from 192.0.2.300", "192.0.2.300"),
    ("pass tcp from 192.0.2.0/33", "192.0.2.0/33"),
    ("pass tcp from 2001:db8::/129", "2001:db8::/129"),
    ("pass tcp from 2001:db8::/", "2001:db8::/"),
    ("pass tcp from 10.0.0.1 to ::1", "IPv4 and IPv6"),
    ("pass tcp to 10.0.0.1 port", "not a port"),
    ("pass tcp to 10.0.0.1 port 70000", "70000"),
    ("pass tcp to 10.0.0.1 port 5-4", "5-4"),
    ("pass tcp to 10.0.0.1 port 5-", "5-"),
    ("pass tcp to any port -1", "-1"),
    ("pass icmp to any port 5", "ports need"),
    ("pass tcp to any from any", "from"),
    ("default maybe", "maybe"),
    ("default", "expected"),
    ("default pass now", "now"),
    ("fragments yes", "yes"),
    ("report often", "often"),
    ("pass tcp " + "x" * 300, "longer"),
]


def test_firewall_errors(rf_run, nf):
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write("# first\npass tcp\n" + "".join(line + "\n" for line, _ in ERRORS))
        file.flush()
        result = subprocess.run([rf_run, f"{nf},config={file.name}", "--in", "null:1", "--out", "null"],
                                capture_output=True, text=True, timeout=60)
    expect(result.returncode == 1, f"a bad configuration exits with {result.returncode}")
    for i, (line, what) in enumerate(ERRORS):
        reports = [report for report in result.stderr.splitlines() if f"configuration line {i + 3}:" in report]
        # The host limits the rate of log lines: what it left out, it says.
        if not reports and "suppressed" in result.stderr:
            continue
        expect(len(reports) == 1 and what in reports[0], f"line {i + 3} ({line}): {reports}\n{result.stderr}")
    expect(any("configuration line" in line for line in result.stderr.splitlines()), "no error was reported")
    for line, what in ERRORS[:1] + ERRORS[-6:]:  # and each of some alone
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write(line)
            file.flush()
            result = subprocess.run([rf_run, f"{nf},config={file.name}", "--in", "null:1", "--out", "null"],
                                    capture_output=True, text=True, timeout=60)
        expect(result.returncode == 1 and "configuration line 1:" in result.stderr and what in result.stderr,
               f"{line}: {result.returncode} {result.stderr}")


def test_firewall_counters(rf_run, nf):
    """Counters are fetched by calls; without packets they are 0, and rules are counted."""
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write(RULES.format("default drop\n"))
        file.flush()
        result = subprocess.run([rf_run, "--call", "rule_count", "--call", "rule_hits=0", "--call", "rule_hits=4000000000",
                                 "--call", "log_counters", f"{nf},config={file.name}"],
                                capture_output=True, text=True, timeout=60)
    expect(result.returncode == 0, f"--call exits with {result.returncode}: {result.stderr}")
    results = [json.loads(line)["result"] for line in result.stdout.splitlines()]
    expect(results == [10, 0, 0, 10], f"results of calls: {results}")
    expect("default: 0" in result.stderr and "rule 9: 0" in result.stderr, f"counters are not logged: {result.stderr}")


# ---- reflector -----------------------------------------------------------------------

SELF, SELF4, SELF6, PEER = "02:00:00:00:00:01", "192.0.2.1", "2001:db8::1", "02:00:00:00:00:99"
PEER4, PEER6, SOLICITED = "192.0.2.77", "2001:db8::77", "ff02::1:ff00:1"
SETTINGS = f"mac {SELF}  # comment\n\nipv4\t{SELF4}\nipv6 {SELF6}\nothers "


def arp(operation, sender_mac, sender, target_mac, target):
    return struct.pack(">HHBBH", 1, ETH_IPV4, 6, 4, operation) + mac(sender_mac) + ip(sender) + mac(target_mac) + ip(target)


def reflector_cases():
    """(request, its answer or None)"""
    zero, broadcast = "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"
    vlan = [(ETH_VLAN, 0x2064)]
    cases = []
    for vlans in ((), vlan):
        cases.append((ethernet(arp(1, PEER, PEER4, zero, SELF4) + bytes(18), ETH_ARP, dst=broadcast, vlans=vlans),
                      ethernet(arp(2, SELF, SELF4, PEER, PEER4) + bytes(18), ETH_ARP, PEER, SELF, vlans)))
        for size in (0, 1, 56, 57, 1400):
            data = struct.pack(">HH", 0x1234, size) + bytes(i & 0xFF for i in range(size))
            for options in (b"", b"\x01" * 8):
                cases.append((ethernet(ipv4(icmp(8, data), ICMP, PEER4, SELF4, options=options), ETH_IPV4, vlans=vlans),
                              ethernet(ipv4(icmp(0, data), ICMP, SELF4, PEER4, 64, options=options), ETH_IPV4, PEER, SELF,
                                       vlans)))
            cases.append((ethernet(ipv6(icmpv6(PEER6, SELF6, 128, data), ICMPV6, PEER6, SELF6), ETH_IPV6, vlans=vlans),
                          ethernet(ipv6(icmpv6(SELF6, PEER6, 129, data), ICMPV6, SELF6, PEER6, 64), ETH_IPV6, PEER, SELF,
                                   vlans)))
        for option in (b"\1\1" + mac(PEER), b"", b"\1\1" + mac(PEER) + b"\x0e\1" + bytes(6)):
            body = bytes(4) + ip(SELF6) + option
            reply = bytes.fromhex("60000000") + ip(SELF6) + b"\2\1" + mac(SELF)
            cases.append((ethernet(ipv6(icmpv6(PEER6, SOLICITED, 135, body), ICMPV6, PEER6, SOLICITED, 255), ETH_IPV6,
                                   dst="33:33:ff:00:00:01", vlans=vlans),
                          ethernet(ipv6(icmpv6(SELF6, PEER6, 136, reply), ICMPV6, SELF6, PEER6, 255), ETH_IPV6, PEER, SELF,
                                   vlans)))
    echo = b"\0\1\0\1payload"
    # A damaged request gives a reply whose checksum is wrong by as much.
    cases.append((ethernet(ipv4(icmp(8, echo, damage=0x0100), ICMP, PEER4, SELF4), ETH_IPV4),
                  ethernet(ipv4(icmp(0, echo, damage=0x0100), ICMP, SELF4, PEER4, 64), ETH_IPV4, PEER, SELF)))
    solicitation = bytes(4) + ip(SELF6) + b"\1\1" + mac(PEER)
    unanswered = [
        ethernet(arp(1, PEER, PEER4, zero, PEER4), ETH_ARP, dst=broadcast),
        ethernet(arp(2, PEER, PEER4, SELF, SELF4), ETH_ARP),
        ethernet(arp(1, PEER, PEER4, zero, SELF4)[:27], ETH_ARP, dst=broadcast),
        ethernet(ipv4(icmp(8, echo), ICMP, PEER4, "192.0.2.2"), ETH_IPV4),
        ethernet(ipv4(icmp(8, echo), ICMP, PEER4, SELF4), ETH_IPV4, dst="02:00:00:00:00:02"),
        ethernet(ipv4(icmp(8, echo), ICMP, PEER4, SELF4, bad_checksum=True), ETH_IPV4),
        ethernet(ipv4(icmp(8, echo), ICMP, PEER4, SELF4, fragment=0x2000), ETH_IPV4),
        ethernet(ipv4(icmp(0, echo), ICMP, PEER4, SELF4), ETH_IPV4),
        ethernet(ipv4(icmp(8, echo, code=1), ICMP, PEER4, SELF4), ETH_IPV4),
        ethernet(ipv4(icmp(8, b"\0\0\0"), ICMP, PEER4, SELF4), ETH_IPV4),
        ethernet(ipv4(udp(PEER4, SELF4, 1, 2), UDP, PEER4, SELF4), ETH_IPV4),
        ethernet(ipv6(icmpv6(PEER6, "2001:db8::2", 128, echo), ICMPV6, PEER6, "2001:db8::2"), ETH_IPV6),
        ethernet(ipv6(icmpv6(PEER6, SOLICITED, 135, solicitation), ICMPV6, PEER6, SOLICITED, 254), ETH_IPV6),
        ethernet(ipv6(icmpv6("::", SOLICITED, 135, solicitation), ICMPV6, "::", SOLICITED, 255), ETH_IPV6),
        ethernet(ipv6(icmpv6(PEER6, SOLICITED, 135, solicitation, damage=1), ICMPV6, PEER6, SOLICITED, 255), ETH_IPV6),
        ethernet(ipv6(icmpv6(PEER6, SOLICITED, 135, bytes(4) + ip(PEER6)), ICMPV6, PEER6, SOLICITED, 255), ETH_IPV6),
        bytes(14),
    ]
    return cases + [(frame, None) for frame in unanswered]


def test_reflector(rf_run, nf, config):
    cases = reflector_cases()
    for others in ("drop", "pass"):
        expected = [answer or (request if others == "pass" else None) for request, answer in cases]
        expected = [frame for frame in expected if frame]
        for options in [(), ("--copy", "--burst", "7")]:
            out, _ = run(rf_run, nf, [request for request, _ in cases], SETTINGS + others, options)
            for number, (mine, theirs) in enumerate(zip(out, expected)):
                if mine != theirs:
                    expect(False, f"others {others}, packet {number}:\n  {mine.hex()}\n  expected\n  {theirs.hex()}")
                    break
            expect(len(out) == len(expected), f"others {others}: {len(out)} packets, expected {len(expected)}")
    for bad in ("mac 1:2", "ipv4 1.2.3", "ipv6 ::g", "others maybe", "name x", "mac", f"mac {SELF} more", f"mac {SELF}", ""):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write(bad + "\n")
            file.flush()
            result = subprocess.run([rf_run, f"{nf},config={file.name}", "--in", "null:1", "--out", "null"],
                                    capture_output=True, text=True, timeout=60)
        expect(result.returncode == 1 and "configuration" in result.stderr, f"{bad!r}: {result.returncode} {result.stderr}")
    with open(config) as file:
        run(rf_run, nf, [cases[0][0]], file.read())


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    {"pass": test_pass, "firewall": test_firewall, "reflector": test_reflector}[sys.argv[2]](
        sys.argv[1], sys.argv[3], sys.argv[4])
    print("failures:", failures)
    sys.exit(failures != 0)
