#!/usr/bin/python3
"""Finds an engine of JavaScript that has WebSocket: Deno, or Node 22 or later.

    Tests/ClientTests/engines.py          prints its command; ends with 1 if there is none
    Tests/ClientTests/engines.py fetch    has pip bring Deno (42 MB) into .build/engines

Looks in the PATH and in .build/engines. Debian has neither: its Node is older.
"""

import contextlib
import functools
import os
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENGINES = HERE.parents[1] / ".build/engines"
DENO = ENGINES / "deno"
WHEEL = "deno==2.9.8"  # Deno as a package of Python's
PERMISSIONS = ["--no-remote", "--no-prompt", "--allow-read", "--allow-net=127.0.0.1"]

# Time bounds in seconds.
STARTED = 60  # a program of 100 MB on a busy machine
DOWNLOAD = 300

# Deno keeps what it has compiled there, instead of in the home folder.
os.environ.setdefault("DENO_DIR", str(ENGINES / "cache"))


def has_sockets(command):
    """Whether it is an engine with WebSocket."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        script = [*command, HERE / "has-websocket.js"]
        return subprocess.run(script, capture_output=True, timeout=STARTED).returncode == 0
    return False


@functools.cache
def with_sockets():
    """Returns the command of an engine with WebSocket; None if there is none."""
    for command in (["deno", "run", *PERMISSIONS], [str(DENO), "run", *PERMISSIONS], ["node"]):
        if has_sockets(command):
            return command
    return None


def fetch():
    """Takes Deno out of a wheel, which pip brings."""
    ENGINES.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", ENGINES, WHEEL]
    subprocess.run(pip, check=True, timeout=DOWNLOAD)
    (wheel,) = ENGINES.glob("deno-*.whl")
    with zipfile.ZipFile(wheel) as files:
        (program,) = [name for name in files.namelist() if name.endswith("/scripts/deno")]
        DENO.write_bytes(files.read(program))
    DENO.chmod(0o755)
    wheel.unlink()


def main():
    if sys.argv[1:] == ["fetch"]:
        fetch()
    if not (command := with_sockets()):
        return 1
    print(shlex.join(command))
    return 0


if __name__ == "__main__":
    sys.exit(main())
