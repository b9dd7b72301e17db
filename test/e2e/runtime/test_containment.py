# SPDX-License-Identifier: Apache-2.0
"""Whatever a network function does wrong, it is contained, named, and no packet gets lost uncounted."""

import json
import re
import signal
import subprocess
import time
import unittest

from support import RF_RUN, Packet, RunCase, nf, run

# First byte of a packet: what hostile.S does about it.
NEXT, DROP, SEND, PORT_200, VERDICT_77, LENGTH_0, LENGTH_1793, HEAD_LOW, HEAD_HIGH = range(9)
PREPEND, PULL, NO_VERDICT, SCRIBBLE, FILL_WINDOW, LENGTH_GROWS = range(9, 15)
READ_UNSELECTED, WRITE_UNSELECTED, READ_OUTSIDE, WRITE_OUTSIDE, READ_NULL = range(32, 37)
CONTROL_STACK, DATA_STACK, DIVIDE, SPIN, TRAP, BREAKPOINT, ABORT, CALL_NOTHING = range(37, 45)
MISALIGN, WRITE_CONSTANT, SPIN_IN_LOG, READ_ARGUMENT, DIVIDE_OVERFLOW = range(45, 50)


def packet(act, length=64):
    return Packet(bytes([act]) + bytes((i * 7 + act) & 0xFF for i in range(1, length)), 10**18 + act)


class Faults(RunCase):
    """One packet makes the cell fail in the middle of a run; each case says what must be reported."""

    def check(self, act, kind, description, *options):
        before, after = [packet(NEXT) for _ in range(8)], [packet(NEXT) for _ in range(8)]
        # Bursts of 8: good ones, one of [good, bad, good …], and good ones again while the cell waits.
        middle = [packet(NEXT), packet(act)] + [packet(NEXT) for _ in range(6)]
        result, out = self.run_packets([nf("hostile")], before + middle + after, "--burst", "8", *options)
        self.assertEqual(result.status, 0, result.err)
        stage = result.stats["nfs"][0]
        self.assertEqual(stage["faults"], 1)
        self.assertEqual(stage["last_fault"]["kind"], kind)
        self.assertRegex(stage["last_fault"]["description"], description)
        self.assertRegex(result.err, r"hostile\.nf: failed: \[%s\]" % kind)
        # The burst of the fault is lost whole; later ones too until the restart, some milliseconds on.
        self.assertEqual(out[:8], before)
        self.assertEqual(stage["lost"], 24 - len(out))
        self.assertIn(len(out), (8, 16))
        return result

    def test_read_without_packet(self):
        self.check(READ_UNSELECTED, "packet", "no packet of this burst is selected")

    def test_write_without_packet(self):
        self.check(WRITE_UNSELECTED, "packet", "no packet of this burst is selected")

    def test_read_outside_cell(self):
        # 8 * 0x6a000000 is 0x50000000 in the third mirror, where nothing is.
        self.check(READ_OUTSIDE, "outside", "not mapped .*reading address 0x50000000$")

    def test_write_outside_cell(self):
        # 8 * 0xffffffff - 0x1000, modulo 4 GiB.
        self.check(WRITE_OUTSIDE, "outside", "not mapped .*writing address 0xffffeff8$")

    def test_null_pointer(self):
        self.check(READ_NULL, "null-page", "null pointer at 0x7.*reading address 0x10$")

    def test_control_stack_overflow(self):
        self.check(CONTROL_STACK, "control-stack", "control stack overflow")

    def test_data_stack_overflow(self):
        # The page below the 64 KiB stack is read-only data.
        self.check(DATA_STACK, "data-stack", "data stack overflow.*writing address 0x100ff8$")

    def test_divide_by_zero(self):
        self.check(DIVIDE, "divide", "division by zero")

    def test_divide_overflow(self):
        self.check(DIVIDE_OVERFLOW, "divide", "overflow")

    def test_endless_loop(self):
        self.check(SPIN, "timeout", "over its time budget at 0x7", "--budget", "20")

    def test_endless_loop_of_log_calls(self):
        start = time.monotonic()
        result = self.check(SPIN_IN_LOG, "timeout", "over its time budget", "--budget", "50")
        # Rate-limited: a hundred a second, however long 50 ms of CPU time take here.
        seconds = time.monotonic() - start
        self.assertLessEqual(len(re.findall(r"^hostile\.nf: the $", result.err, re.M)), 100 * (seconds + 2))

    def test_trap(self):
        self.check(TRAP, "illegal", r"trap \(ud2\)")

    def test_breakpoint(self):
        self.check(BREAKPOINT, "breakpoint", "int3")

    def test_abort(self):
        self.check(ABORT, "abort", "it aborted: the reason it gives$")

    def test_call_through_no_function(self):
        self.check(CALL_NOTHING, "bad-call", "function pointer that is no function")

    def test_misaligned_vector(self):
        self.check(MISALIGN, "alignment", "misaligned")

    def test_write_to_constant(self):
        self.check(WRITE_CONSTANT, "read-only", "write to read-only data .*writing address 0x10000$")

    def test_stack_arguments_hold_nothing_of_the_host(self):
        # Above the outermost frame there is only a guard.
        self.check(READ_ARGUMENT, "outside", "not mapped")

    def test_endless_loop_in_a_call(self):
        result = run("--call", "spin_forever", "--budget", "20", nf("hostile"))
        self.assertEqual(result.status, 1)
        self.assertIn("spin_forever(0) failed: [timeout]", result.err)


class Lies(RunCase):
    """Descriptors out of range are refused, each for itself; the cell goes on."""

    def check_refused(self, act):
        packets = [packet(NEXT), packet(act), packet(NEXT)]
        for mode in ((), ("--copy",)):
            result, out = self.run_packets([nf("hostile")], packets, *mode)
            self.assertEqual(result.status, 0, result.err)
            self.assertEqual(out, [packets[0], packets[2]])
            self.assertEqual(result.stats["nfs"][0]["refused"], 1)
            self.assertEqual(result.stats["nfs"][0]["faults"], 0)

    def test_port(self):
        self.check_refused(PORT_200)

    def test_verdict(self):
        self.check_refused(VERDICT_77)

    def test_length_zero(self):
        self.check_refused(LENGTH_0)

    def test_length_above_maximum(self):
        self.check_refused(LENGTH_1793)

    def test_head_below_slot(self):
        self.check_refused(HEAD_LOW)

    def test_head_too_far(self):
        self.check_refused(HEAD_HIGH)

    def test_all_descriptors_and_count(self):
        packets = [packet(NEXT) for _ in range(31)] + [packet(SCRIBBLE)]
        result, out = self.run_packets([nf("hostile")], packets + packets)
        self.assertEqual((result.status, out), (0, []))
        self.assertEqual(result.stats["nfs"][0]["refused"], 64)
        self.assertEqual(result.stats["nfs"][0]["faults"], 0)


class Verdicts(RunCase):
    def test_each(self):
        packets = [packet(act) for act in (NEXT, DROP, SEND, NO_VERDICT, NEXT)]
        for mode in ((), ("--copy",), ("--burst", "1")):
            result, out = self.run_packets([nf("hostile")], packets, *mode)
            stage = result.stats["nfs"][0]
            # Sent packets leave with the burst in the order of verdicts: first those sent, then the rest.
            self.assertCountEqual([p.data for p in out], [packets[i].data for i in (0, 2, 4)])
            self.assertEqual((stage["next"], stage["sent"], stage["dropped"]), (2, 1, 2))

    def test_head_moves_both_ways(self):
        cut = packet(PULL)
        cut.wire_length = 1000
        for mode in ((), ("--copy",)):
            _, out = self.run_packets([nf("hostile")], [packet(PREPEND), cut], *mode)
            self.assertEqual(out[0].data, bytes.fromhex("44332211") + packet(PREPEND).data)
            self.assertEqual(out[1].data, packet(PULL).data[4:])
            # What the capture had cut off stays missing.
            self.assertEqual(out[1].wire_length, 996)

    def test_prepending_in_a_chain_ends_at_the_slot(self):
        """128 bytes in front of a received frame always fit; a slot's first has no room for another 128."""
        result, out = self.run_packets([nf("reveal")], [packet(NEXT)] * 8)
        self.assertEqual(len(out), 8)
        result, out = self.run_packets([nf("reveal")] * 6, [packet(NEXT)] * 8)
        # Slots start their frames 384 + 64 * (0 ... 7) bytes in, and 256 is the lowest: at most four times.
        self.assertEqual(out, [])
        self.assertEqual(sum(stage["refused"] for stage in result.stats["nfs"]), 8)
        self.assertEqual(result.stats["nfs"][0]["refused"], 0)


class Policies(RunCase):
    PACKETS = [packet(NEXT) for _ in range(4)] + [packet(DIVIDE)] + [packet(NEXT) for _ in range(5)]

    def test_pass(self):
        result, out = self.run_packets([nf("hostile")], self.PACKETS, "--on-fault=pass", "--burst", "2")
        self.assertEqual(result.status, 0)
        self.assertEqual(out, self.PACKETS)
        stage = result.stats["nfs"][0]
        self.assertEqual(stage["lost"], 0)
        self.assertGreaterEqual(stage["bypassed"], 2)

    def test_stop(self):
        result, out = self.run_packets_stopped("--on-fault=stop", "--burst", "2")
        self.assertEqual(result.status, 1)
        self.assertEqual(out, self.PACKETS[:4])
        self.assertEqual(result.stats["total"], {"received": 6, "sent": 4, "dropped": 2})
        self.assertIn("stopped, as --on-fault=stop says", result.err)

    def run_packets_stopped(self, *options):
        from support import read_pcap, write_pcap
        write_pcap(self.path("in.pcap"), self.PACKETS)
        result = run(nf("hostile"), "--in", "pcap:" + self.path("in.pcap"), "--out",
                     "pcap:" + self.path("out.pcap"), "--stats=json", *options)
        self.check_conservation(result.stats)
        return result, read_pcap(self.path("out.pcap"))[0]

    def test_neighbours_go_on(self):
        """A cell that fails takes nothing from the one before or behind it."""
        result, _ = self.run_packets([nf("pass"), nf("hostile"), nf("pass")], self.PACKETS, "--burst", "2")
        first, second, third = result.stats["nfs"]
        self.assertEqual((first["faults"], second["faults"], third["faults"]), (0, 1, 0))
        self.assertEqual(first["next"], 10)
        self.assertEqual(second["next"], third["packets_in"])

    def test_restart_starts_from_fresh_memory(self):
        """Endless input with a fault every 1000th packet: the cell comes back, again and again."""
        packets = ([packet(NEXT)] * 999 + [packet(DIVIDE)]) * 40
        result, _ = self.run_packets([nf("hostile")], packets, "--burst", "1")
        stage = result.stats["nfs"][0]
        self.assertGreaterEqual(stage["restarts"], 1)
        self.assertGreater(stage["faults"], stage["restarts"] - 1)
        self.assertGreater(stage["next"], 999)


class Slots(RunCase):
    """What one network function leaves in a slot, another one does not see."""

    def test_cleared_between_tenants(self):
        # hostile fills the window around packet 0 with 0xee; then nf "reveal" makes the frame as long as it goes.
        packets = [packet(FILL_WINDOW)]
        result, out = self.run_packets([nf("hostile"), nf("reveal")], packets)
        self.assertEqual(result.status, 0, result.err)
        # reveal prepends 128 bytes and extends the frame to 1792.
        self.assertEqual(len(out[0].data), 1792)
        self.assertEqual(out[0].data[:128], bytes(128))
        self.assertEqual(out[0].data[128:192], b"\0" + b"\xee" * 63)
        self.assertEqual(out[0].data[192:], bytes(1600))

    def test_kept_within_a_tenant(self):
        _, out = self.run_packets([nf("hostile"), nf("reveal")], [packet(FILL_WINDOW)], "--one-tenant")
        self.assertEqual(out[0].data[:128], b"\xee" * 128)

    def test_handed_on_packets_are_out_of_reach(self):
        # A burst of 32, then one of 1 that reads what would be its second packet.
        packets = [packet(NEXT)] * 32 + [packet(READ_UNSELECTED)]
        result, _ = self.run_packets([nf("hostile")], packets, "--burst", "32")
        self.assertEqual(result.stats["nfs"][0]["last_fault"]["kind"], "packet")


class Machine(RunCase):
    """What the processor and the address space look like from inside."""

    def call(self, *names, options=(), status=0):
        arguments = [item for name in names for item in ("--call", name)]
        result = run(*arguments, *options, nf("hostile"))
        self.assertEqual(result.status, status, result.err)
        return [json.loads(line) for line in result.out.splitlines()], result

    def test_registers_are_clear_on_entry(self):
        lines, _ = self.call("entry_state", options=("--repeat", "3"))
        self.assertEqual(lines[0]["result"], 0)

    def test_registers_after_a_host_call(self):
        lines, _ = self.call("host_call_state", "seconds")
        self.assertEqual(lines[0]["result"], 0)
        self.assertLess(abs(lines[1]["result"] - time.time()), TIME_SLACK)

    def test_mirrors(self):
        lines, _ = self.call("mirrors")
        self.assertEqual(lines[0]["result"], 0)

    def test_heap_limit(self):
        for size, expected in ((None, 64 << 20), ("1M", 1 << 20), ("5000", 8192), ("2G", 2 << 30)):
            lines, _ = self.call("heap_size", options=("--mem", size) if size else ())
            self.assertEqual(lines[0]["result"], expected)

    def test_heap_too_large(self):
        _, result = self.call("heap_size", options=("--mem", "4G"), status=2)
        self.assertIn("do not fit", result.err)

    def test_variables_count_against_the_limit(self):
        """A binary's own writable memory is no way round --mem."""
        result = run("--call", "touch_end=7", nf("large"))
        self.assertEqual(result.status, 1)
        self.assertRegex(result.err, r"large\.nf: its variables and data stack take \d+ KiB, more than the heap limit")
        result = run("--call", "touch_end=7", "--mem", "81M", nf("large"))
        self.assertEqual(json.loads(result.out)["result"], 7, result.err)

    def test_log_calls(self):
        lines, result = self.call("bad_logs")
        self.assertEqual(lines[0]["result"], 7)
        log = result.err.splitlines()
        self.assertEqual(log[0], "hostile.nf: the reason it gives")
        self.assertEqual(log[1], r"hostile.nf: a\x1b\xc8\x5c")
        self.assertEqual(log[2], "hostile.nf: (log call with the invalid range 0x0+16)")
        self.assertEqual(log[3], "hostile.nf: (log call with the invalid range 0xffffffff+16)")
        self.assertRegex(log[4], r"\(log call with the invalid range 0x100ffc\+8\)$")
        # A length of 4 GiB is cut to a line.
        self.assertTrue(log[5].startswith(r"hostile.nf: the reason it gives\x0aa\x1b\xc8\x5c"))
        self.assertRegex(log[6], "invalid range")
        self.assertEqual(log[7], "hostile.nf: ")

    def test_host_calls_at_odd_depths(self):
        lines, result = self.call("odd_depths")
        self.assertEqual(lines[0]["result"], 7)
        self.assertEqual(result.err.splitlines(), ["hostile.nf: the reason it gives"] * 9)

    def test_calls_share_a_cell(self):
        lines, _ = self.call("burst_count", "double_it=1", status=1)
        self.assertEqual(lines[0]["result"], 1)

    def test_configuration(self):
        config = self.path("config")
        with open(config, "w") as file:
            file.write("Zebra")
        result = run("--call", "first_config", nf("hostile") + ",config=" + config)
        self.assertEqual(json.loads(result.out)["result"], ord("Z"), result.err)

    def test_init_refuses(self):
        config = self.path("config")
        with open(config, "w") as file:
            file.write("!")
        result = run("--call", "first_config", nf("hostile") + ",config=" + config)
        self.assertEqual(result.status, 1)
        self.assertIn("init failed: it returned -5", result.err)


class HostFaults(RunCase):
    """Signals that no cell raised are not swallowed."""

    def test_sent_segv_ends_the_process(self):
        process = subprocess.Popen([RF_RUN, "--call", "spin_forever", nf("hostile")], stderr=subprocess.PIPE, text=True)
        time.sleep(1)
        process.send_signal(signal.SIGSEGV)
        _, err = process.communicate(timeout=20)
        # Ended by the signal, or by the sanitizer that was there before us.
        self.assertTrue(process.returncode == -signal.SIGSEGV or "AddressSanitizer" in err, err)


TIME_SLACK = 60

if __name__ == "__main__":
    unittest.main()
