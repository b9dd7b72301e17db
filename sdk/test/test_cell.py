#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
Calls each digest function of the network function in a cell and compares its
result with that of the same source compiled for this host.

usage: test_cell.py RF-RUN NATIVE NF...
"""
import json
import subprocess
import sys

rf_run, native, *functions = sys.argv[1:]
failures = 0
for seed in (1, 20261123):
    output = subprocess.run([native, str(seed)], capture_output=True, text=True, check=True).stdout
    expected = {name: int(value) for name, value in map(str.split, output.splitlines())}
    assert len(expected) >= 9, output
    for function in functions:
        calls = [word for name in expected for word in ("--call", f"{name}={seed}")]
        result = subprocess.run([rf_run, *calls, function], capture_output=True, text=True, timeout=120)
        found = {line["call"]: line["result"] for line in map(json.loads, result.stdout.splitlines())}
        for name, value in expected.items():
            if found.get(name) != value:
                failures += 1
                print(f"FAIL: {function} {name}({seed}): {found.get(name)}, the host has {value}\n{result.stderr}")
print("failures:", failures)
sys.exit(failures != 0)
