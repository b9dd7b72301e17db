#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Sends packets from NIC to NIC through rf-run in a guest behind an IOMMU and checks every byte of each at the far end.

What is missing there must be in the device's own drop counters; nothing may come twice, out of order or torn.
"""
import argparse
import json
import os
import sys
import time

from guest import Cable, Failure, Guest, Traffic, last_statistics

NICS = {"e1000": ("0000:00:03.0", "0000:00:04.0"), "e1000e": ("0000:00:05.0", "0000:00:06.0")}
# Frames that came to a NIC and that it dropped (SDM 13.7.4), and those that the far one took and did not send.
DROP_COUNTERS = ("hw_rx_missed", "tx_lost")


def soak(options, model):
    here, there = NICS[model]
    cables = {"near": Cable(stream=True), "far": Cable(stream=True)}
    guest = Guest(options.folder, [(model, place.split(":")[2].split(".")[0].lstrip("0"), name) for name, place in zip(cables, (here, there))],
                  os.path.join(options.logs, f"guest-soak-{model}.log"),
                  cables={name: (cable, cable.theirs) for name, cable in cables.items()})
    traffic = None
    try:
        status, output = guest.status(f"rf-bind bind {here} {there}")
        if status != 0:
            raise Failure(output)
        guest.run(f"cd /rf; rf-run {options.nfs} --in e1000:{here} --out e1000:{there} --stats=json {options.run_options} "
                  ">/tmp/out 2>/tmp/err & cd /tmp")
        traffic = Traffic(options.traffic, cables.values(), "--count", str(options.count), "--length", options.length,
                          "--seed", str(options.seed), "--window", str(options.window), *(["--both"] if options.both else []))
        try:
            traffic.wait_for("start")
            traffic.wait_for("end")
        except Failure as failure:
            raise Failure(f"{failure}; rf-run says: {guest.run('cat /tmp/err')}")
        counted, good = traffic.result()
        guest.run("kill -INT $(pidof rf-run); wait", timeout=60)
        stats = last_statistics(guest.run("cat /tmp/out"))
    finally:
        guest.close()
        if traffic:
            traffic.close()
    return report(model, counted, good, stats)


def report(model, counted, good, stats):
    """Prints the figures; True if nothing is missing but what the devices say they dropped."""
    drops = {f"{port['name']} {name}": port["counters"][name] for port in stats["ports"] for name in DROP_COUNTERS
             if port["counters"].get(name)}
    flows = counted["flows"]
    for flow in flows:
        print(f"{model}: flow {flow['flow']}: {flow['sent']:,} sent, {flow['received']:,} received, {flow['lost']:,} lost, "
              f"{flow['duplicated']} twice, {flow['reordered']} out of order, {flow['torn']} torn, {flow['foreign']} foreign")
    received = sum(flow["received"] for flow in flows)
    print(f"{model}: {counted['seconds']:.0f} s, {received / counted['seconds']:,.0f} packets/s; the devices' drop counters: "
          f"{json.dumps(drops) if drops else 'all 0'}", flush=True)
    lost = sum(flow["lost"] for flow in flows)
    broken = sum(flow["duplicated"] + flow["reordered"] + flow["torn"] + flow["foreign"] for flow in flows)
    # rf-run has seen the probes, too.
    if stats["total"]["dropped"] or stats["total"]["sent"] < received:
        print(f"{model}: rf-run says otherwise: {json.dumps(stats['total'])}")
        return False
    return good or (broken == 0 and lost <= sum(drops.values()))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="what build.sh made")
    parser.add_argument("logs", help="folder for the guests' consoles")
    parser.add_argument("traffic", help="the program built from traffic.c")
    parser.add_argument("--count", type=int, default=1000000, help="packets, each way (default: a million)")
    parser.add_argument("--model", choices=[*NICS, "both"], default="both", help="the NICs (default: both models in turn)")
    parser.add_argument("--length", default="60-1522", help="frames' lengths, MIN-MAX or one (default: 60-1522)")
    parser.add_argument("--window", type=int, default=4096,
                        help="packets on their way at most, each way (default: 4096; fewer than the ring's 512 and no NIC has to drop any)")
    parser.add_argument("--both", action="store_true", help="in both directions at once (rf-run --bidir)")
    parser.add_argument("--nfs", default="pass.nf pass.nf pass.nf", help="the chain, of what build.sh was given (default: three of pass.nf)")
    parser.add_argument("--run-options", default="", help="for rf-run")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the frames' contents (default: the time)")
    options = parser.parse_args()
    if options.both:
        options.run_options += " --bidir"
    print(f"seed {options.seed}")
    good = [soak(options, model) for model in (NICS if options.model == "both" else [options.model])]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    try:
        main()
    except Failure as trouble:
        sys.exit(f"soak.py: {trouble}")
