"""A redis-server of its own, on a free port, that keeps nothing on disk."""

import socket
import subprocess
import time
from pathlib import Path

from .callgrind import Trouble

READY = 20  # seconds; it takes milliseconds on an idle machine


class Redis:
    """A server that ends with the block that it is used in."""

    def __init__(self, folder):
        self.log = Path(folder) / "redis.log"
        for _ in range(5):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
            command = ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port)]
            command += ["--dir", str(folder), "--save", "", "--appendonly", "no"]
            with open(self.log, "wb") as log:
                self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log)
            if self._is_up():
                return
        raise Trouble(f"redis-server found no free port:\n{self.log.read_text()}")

    def _is_up(self):
        """Returns false if another process has taken the port meanwhile."""
        deadline = time.monotonic() + READY
        while time.monotonic() < deadline:
            if "Ready to accept connections" in self.log.read_text():
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.02)
        self.end()
        raise Trouble(f"redis-server was not ready after {READY} s:\n{self.log.read_text()}")

    def end(self):
        """Kills the server: it keeps nothing, so it need not be asked to end."""
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
