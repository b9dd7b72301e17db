# SPDX-License-Identifier: Apache-2.0
"""The official SARIF 2.1.0 schema, out of an npm package that has it. No Debian package does.

Usage: fetch_schema.py NPM OUTPUT. Nothing of the package is run. Without npm or its registry there is no schema, and the
tests do without; but not in CI (the variable CI is set), where that is an error.
"""
import base64
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile

PACKAGE = "@microsoft/jest-sarif@1.0.0-beta.0"
SHA512 = "A1fOhPd6Ic5iDk4F9YPw1qNB4XF+7+IviR7xl8r2F6QzQkx5cpY9LsGk2rExiFIEcBbjpVnSmwWGBukASkiQ9A=="
MEMBER = "package/lib/schemas/sarif-2.1.0-rtm.5.json"


def fetch(npm, output):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([npm, "pack", "--silent", PACKAGE], cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=240)
        (archive,) = pathlib.Path(folder).glob("*.tgz")
        if base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode() != SHA512:
            sys.exit(f"{PACKAGE} is not what it was when this test was written")
        with tarfile.open(archive) as package:
            schema = json.load(package.extractfile(MEMBER))
    output.write_text(json.dumps(schema), encoding="utf-8")


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: fetch_schema.py NPM OUTPUT")
    output = pathlib.Path(sys.argv[2])
    if output.exists():
        return
    try:
        fetch(sys.argv[1], output)
    except (OSError, subprocess.SubprocessError) as error:
        if "CI" in os.environ:
            raise
        print(f"No schema to compare SARIF reports with: {error}")


if __name__ == "__main__":
    main()
