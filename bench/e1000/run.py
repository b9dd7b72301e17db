#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench/run e1000: forwarding from NIC to NIC in one QEMU guest, by Linux, by DPDK and by Ringfence, as a table in docs/performance.md."""

import argparse
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import report

ROOT = pathlib.Path(__file__).resolve().parents[2]
GUEST = ROOT / "test" / "e1000" / "guest"
RESULTS = ROOT / "bench" / "results" / "e1000.json"
DPDK_PACKAGES = ["dpdk-dev", "librte-net-e1000-23", "librte-mempool-ring23"]
# testpmd is linked with the PCI bus already, and must not load it twice.
DPDK_DRIVERS = ["mempool_ring", "net_e1000"]
MODELS = {"e1000": ("0000:00:03.0", "0000:00:04.0"), "e1000e": ("0000:00:05.0", "0000:00:06.0")}
LENGTHS = (60, 1514)
# Those that tell the time that packets took.
COUNTABLE = ["testpmd", "native", "cell", "chain", "copy"]

sys.path.insert(0, str(GUEST))
from guest import Cable, Failure, Guest, Traffic, last_statistics  # noqa: E402


# ---- What the guest needs

def fetch_dpdk(folder):
    """Debian's DPDK, unpacked, not installed: {file in the guest: file here}, and where its libraries are."""
    root = folder / "root"
    libraries = root / "usr/lib/x86_64-linux-gnu"
    if not (root / "usr/bin/dpdk-testpmd").exists():
        (folder / "partial").mkdir(parents=True, exist_ok=True)
        print("downloading Debian's DPDK ...", file=sys.stderr)
        subprocess.run(["apt-get", "-q", "install", "-y", "--no-install-recommends", "--download-only", "-o", f"Dir::Cache::archives={folder}",
                        "-o", "APT::Sandbox::User=root", *DPDK_PACKAGES], check=True, stdout=subprocess.DEVNULL)
        for package in sorted(folder.glob("*.deb")):
            if package.name.startswith("dpdk-dev_") or "-dev_" not in package.name:
                subprocess.run(["dpkg", "-x", package, root], check=True)
            package.unlink()
    drivers = [next(libraries.glob(f"librte_{name}.so.??"), None) for name in DPDK_DRIVERS]
    if None in drivers:
        raise Failure(f"{libraries} lacks one of DPDK's drivers {DPDK_DRIVERS}")
    return [root / "usr/bin/dpdk-testpmd", *drivers], libraries


def dpdk_version():
    shown = subprocess.run(["apt-cache", "show", "--no-all-versions", "dpdk-dev"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return re.search(r"^Version: (.*)$", shown, re.M).group(1)


def make_image(build, folder):
    # Not on the path by default: what testpmd needs stays where it was unpacked, here and in the guest.
    programs, libraries = fetch_dpdk(build / "bench/e1000/dpdk")
    stage = build / "stage/bin"
    subprocess.run([GUEST / "build.sh", ROOT / "build/guest-kernel", folder, stage / "rf-run", stage / "rf-bind", stage / "rf-bench-forward",
                    build / "bench/core/pass.nf", *programs], check=True, stdout=sys.stderr,
                   env={**os.environ, "LD_LIBRARY_PATH": str(libraries)})
    return libraries


# ---- One measurement

class Threads:
    """The CPU time, in seconds, of QEMU's virtual CPU and of its main loop, which is the wire and half of the NICs."""

    def __init__(self, pid):
        self.tasks = {}
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            name = (task / "comm").read_text().strip()
            if name.endswith("/TCG"):
                self.tasks["cpu"] = task
            elif task.name == str(pid):
                self.tasks["loop"] = task

    def sample(self):
        ns = {name: int((task / "schedstat").read_text().split()[0]) for name, task in self.tasks.items()}
        return {name: value / 1e9 for name, value in ns.items()}


class Bench:
    """The guest. With `counting`, its clock is the number of instructions that its CPU has executed, in nanoseconds."""

    def __init__(self, options, image, logs, libraries, counting=False):
        self.options = options
        self.cables = {name: (Cable(stream=True), Cable(stream=True)) for name in MODELS}
        nics, cables = [], {}
        for model, addresses in MODELS.items():
            for address, cable in zip(addresses, self.cables[model]):
                name = "n" + address[8:10]
                nics.append((model, str(int(address[8:10], 16)), name))
                cables[name] = (cable, cable.theirs)
        self.guest = Guest(image, nics, logs / "guest-bench.log", memory="1G", cables=cables,
                           extra=["-icount", "shift=0,sleep=off"] if counting else [])
        self.threads = Threads(self.guest.qemu.pid)
        self.seed = 1
        self.must(f"export LD_LIBRARY_PATH={libraries}; echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6; "
                  "mkdir -p /var/run; echo 160 >/proc/sys/vm/nr_hugepages; mkdir /dev/hugepages; mount -t hugetlbfs none /dev/hugepages")
        if not counting:
            self.must("for module in e1000 e1000e llc stp bridge; do insmod /modules/$module.ko; done; [ -e /sys/module/bridge ]")

    def must(self, command, timeout=60):
        status, output = self.guest.status(command, timeout)
        if status != 0:
            raise Failure(f"{command}: status {status}: {output}")
        return output

    def interfaces(self, model):
        return [self.must(f"ls /sys/bus/pci/devices/{address}/net").strip() for address in MODELS[model]]

    def bind(self, model, user):
        command = "bind" if user else "unbind"
        self.must(f"rf-bind {command} {' '.join(MODELS[model])}")
        if not user:
            self.must("sleep 0.5")

    # How to forward: each returns a function that ends it and returns what it said of its own work.

    def bridge(self, model):
        one, two = self.interfaces(model)
        self.must(f"ip link add br0 type bridge && ip link set {one} master br0 && ip link set {two} master br0 && "
                  f"ip link set {one} up && ip link set {two} up && ip link set br0 up")

        def end():
            self.must(f"ip link set br0 down; ip link del br0; ip link set {one} down; ip link set {two} down")
            return {}
        return end

    def af_packet(self, model):
        one, two = self.interfaces(model)
        self.must(f"ip link set {one} up && ip link set {two} up")
        end_run = self.rf_run(f"af_packet:{one}", f"af_packet:{two}")

        def end():
            said = end_run()
            self.must(f"ip link set {one} down; ip link set {two} down")
            return said
        return end

    def rf_run(self, source, sink):
        self.guest.run(f"rf-run /rf/pass.nf --in {source} --out {sink} --stats=json >/tmp/out 2>/tmp/err &")

        def end():
            self.guest.run("kill -INT $(pidof rf-run); wait", timeout=60)
            last_statistics(self.guest.run("cat /tmp/out"))
            return {}
        return end

    def product(self, model):
        return self.rf_run(*(f"e1000:{address}" for address in MODELS[model]))

    def forward(self, model, arguments):
        one, two = MODELS[model]
        copy = "--copy " if arguments.startswith("--copy") else ""
        stages = arguments.removeprefix("--copy ")
        self.guest.run(f"rf-bench-forward {copy}e1000:{one} e1000:{two} {stages} >/tmp/out 2>/tmp/err &")

        def end():
            self.guest.run("kill -INT $(pidof rf-bench-forward); wait", timeout=60)
            said = json.loads(self.must("cat /tmp/out"))
            return {"busy_us": said["busy_ns"] / said["packets"] / 1e3, "burst": said["packets"] / said["rounds"]}
        return end

    def testpmd(self, model):
        drivers = " ".join(f"-d $(echo /rf/librte_{name}.so.??)" for name in DPDK_DRIVERS)
        allow = " ".join(f"-a {address}" for address in MODELS[model])
        # Its control thread and its forwarding thread share the one CPU; the control thread sleeps.
        self.guest.run(f"sleep 100000 | dpdk-testpmd --lcores 0@0,1@0 -m 128 --no-telemetry {drivers} {allow} -- --forward-mode=io --nb-cores=1 "
                       "--rxd=512 --txd=512 --burst=32 --total-num-mbufs=4096 --record-core-cycles --auto-start >/tmp/out 2>&1 &")

        def end():
            self.guest.run("kill -INT $(pidof dpdk-testpmd); sleep 1; killall sleep; wait", timeout=60)
            said = self.must("cat /tmp/out")
            match = re.search(r"CPU cycles/packet=([\d.]+) .*? at (\d+) MHz", said, re.S)
            if not match:
                raise Failure(f"testpmd does not tell its cycles: {said[-2000:]}")
            return {"busy_us": float(match.group(1)) / float(match.group(2))}
        return end

    def measure(self, model, length, start):
        end = start()
        traffic = None
        try:
            self.seed += 1
            traffic = Traffic(str(self.options.build / "test/e1000/traffic"), self.cables[model], "--seconds", str(self.options.seconds),
                              "--length", str(length), "--seed", str(self.seed), keep=True)
            traffic.wait_for("start")
            before, clock = self.threads.sample(), time.monotonic()
            traffic.wait_for("end")
            after, seconds = self.threads.sample(), time.monotonic() - clock
            counted, _ = traffic.result()
        except Failure as failure:
            raise Failure(f"{failure}: {self.guest.run('cat /tmp/out /tmp/err')[-3000:]}")
        finally:
            if traffic:
                traffic.close()
        said = end()
        flow = counted["flows"][0]
        if flow["torn"] or flow["duplicated"] or flow["in_time"] < 100:
            raise Failure(f"{counted}")
        packets = flow["in_time"]
        return {"pps": packets / counted["seconds"], "lost": flow["lost"] / flow["sent"],
                "cpu_us": (after["cpu"] - before["cpu"]) / packets * 1e6, "cpu_share": (after["cpu"] - before["cpu"]) / seconds,
                "loop_us": (after["loop"] - before["loop"]) / packets * 1e6, **said}

    def one_round(self, model, record, only=None):
        cell = "/rf/pass.nf"
        rivals = [
            ("bridge", False, lambda: self.bridge(model)),
            ("af_packet", False, lambda: self.af_packet(model)),
            ("testpmd", True, lambda: self.testpmd(model)),
            ("native", True, lambda: self.forward(model, "native")),
            ("cell", True, lambda: self.forward(model, cell)),
            ("chain", True, lambda: self.forward(model, f"{cell} {cell} {cell}")),
            ("copy", True, lambda: self.forward(model, f"--copy {cell}")),
            ("rf-run", True, lambda: self.product(model)),
        ]
        user = False
        for key, wants_user, start in rivals:
            if only and key not in only:
                continue
            if wants_user != user:
                self.bind(model, wants_user)
                user = wants_user
            for length in LENGTHS:
                got = self.measure(model, length, start)
                print(f"{model} {length} {key}: " + ", ".join(f"{name} {value:.4g}" for name, value in got.items()), file=sys.stderr)
                record.setdefault(f"{model}/{length}/{key}", []).append(got)
        if user:
            self.bind(model, False)

    def close(self):
        self.guest.close()


# ---- The command

def describe():
    cpu = next(line.partition(":")[2].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    qemu = subprocess.run(["qemu-system-x86_64", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.split("\n")[0]
    return {"date": datetime.date.today().isoformat(), "cpu": cpu, "cpus": os.cpu_count(), "qemu": qemu, "dpdk": dpdk_version()}


def main():
    parser = argparse.ArgumentParser(prog="bench/run e1000", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds (default: 3)")
    parser.add_argument("--seconds", type=int, default=2, help="of each measurement (default: 2)")
    parser.add_argument("--model", choices=[*MODELS, "both"], default="both", help="the NICs (default: both models in turn)")
    parser.add_argument("--only", nargs="+", help=f"only these of {', '.join(report.TITLES)}")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release", help="a configured build folder (default: build/release)")
    parser.add_argument("--prepare", action="store_true", help="build and download everything, measure nothing")
    parser.add_argument("--write", action="store_true", help="put the table and the plot into docs/, too")
    options = parser.parse_args()

    subprocess.run([ROOT / "setup.sh", "build", "guest"], check=True, stdout=sys.stderr)
    if not (options.build / "build.ninja").exists():
        subprocess.run(["cmake", "--preset", "release", "-B", options.build], cwd=ROOT, check=True, stdout=sys.stderr)
    subprocess.run(["cmake", "--build", options.build, "--target", "bench-e1000", "traffic"], check=True, stdout=sys.stderr)
    image = options.build / "bench/e1000/guest"
    libraries = make_image(options.build, image)
    if options.prepare:
        return
    models = MODELS if options.model == "both" else [options.model]
    results = {**describe(), "seconds": options.seconds, "rounds": options.rounds, "runs": {}, "instructions": {}}
    with tempfile.TemporaryDirectory() as logs:
        if options.rounds > 0:
            bench = Bench(options, image, pathlib.Path(logs), libraries)
            try:
                for _ in range(options.rounds):
                    for model in models:
                        bench.one_round(model, results["runs"], options.only)
            finally:
                bench.close()
        counter = Bench(options, image, pathlib.Path(logs), libraries, counting=True)
        try:
            for model in models:
                counter.one_round(model, results["instructions"], [key for key in COUNTABLE if key in (options.only or COUNTABLE)])
        finally:
            counter.close()
    if options.write and options.model != "both" and RESULTS.exists():
        # What an earlier run measured of the other model stays.
        earlier = json.loads(RESULTS.read_text())
        for part in ("runs", "instructions"):
            results[part] = {**earlier.get(part, {}), **results[part]}
    print(report.section(results))
    if options.write:
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
        report.write(ROOT, results)


if __name__ == "__main__":
    try:
        main()
    except Failure as trouble:
        sys.exit(f"bench/run e1000: {trouble}")
