#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The part of demo.sh --e1000 that happens in guests. usage: demo.py FOLDER LOG_FOLDER STATISTICS

FOLDER is what build.sh made of rf-run, rf-bind, curl, ping, firewall.nf and firewall.conf. STATISTICS gets what rf-run printed.
"""
import signal
import sys

from guest import Failure
from peer import Bench

MODEL = "e1000"
LARGE = 2000000  # bytes


def show(command, output):
    print(f"   $ {command}")
    for line in output.strip().splitlines():
        print(f"   {line}")
    sys.stdout.flush()


def serve(bench, pair):
    bench.must(bench.peer, f"mkdir /tmp/www; echo 'Hello from behind the sandbox.' >/tmp/www/index.html; head -c {LARGE} /dev/zero >/tmp/www/large")
    for port in (80, 8080):
        bench.background(pair, "server", f"httpd -f -p {port} -h /tmp/www")


def attempt(bench, pair, command, why):
    # With the path, or busybox's shell takes its own.
    status, output = bench.run_in(pair, "client", f"/rf/{command}", timeout=90)
    show(command, output)
    if status != 0:
        raise Failure(why)


def say(text):
    print(f"\n\033[1m== {text}\033[0m", flush=True)


def demo(bench):
    pair = bench.pairs[MODEL]
    here, there = pair.addresses
    for command in ("rf-bind status", "cat /rf/firewall.conf"):
        show(command.replace("/rf/", ""), bench.near.run(command))
    nf = "firewall.nf,config=firewall.conf"
    print(f"   $ rf-run {nf} --in e1000:{here} --out e1000:{there} --bidir &")
    bench.launch(pair, nf)
    serve(bench, pair)
    bench.wait_for_path(pair)

    say("5. Ping passes, the web server on port 80 answers, port 8080 is blocked")
    attempt(bench, pair, f"ping -c 3 -i 0.2 {pair.server}", "ping does not pass")
    attempt(bench, pair, f"curl -sS --max-time 10 http://{pair.server}/", "port 80 does not answer")
    attempt(bench, pair, "curl -sS --max-time 80 -o /dev/null -w \"%{size_download} bytes in %{time_total} s, %{speed_download} bytes/s\" "
            f"http://{pair.server}/large", "a large download does not pass")
    command = f"curl -sS --max-time 3 http://{pair.server}:8080/"
    status, output = bench.run_in(pair, "client", command)
    show(command, output)
    if status != 28:  # curl: the time is over
        raise Failure(f"port 8080 is not blocked: curl ends with {status}")
    print("   Blocked, as it should be: the same web server listens on 8080, too.")
    return bench.stop()


def main():
    folder, logs, statistics = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    bench = Bench(folder, logs, [MODEL])
    try:
        output = demo(bench)
    finally:
        bench.close()
    with open(statistics, "w") as file:
        file.write(output)


if __name__ == "__main__":
    try:
        main()
    except Failure as trouble:
        sys.exit(f"demo.py: {trouble}")
