"""Server processes: each on a free port and in a folder of its own, and stopped at the end."""

import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request


class CannotStart(Exception):
    """The error that a server did not start; says why."""


# How long a server may take to start. Ruby on a busy machine takes a few seconds.
START_SECONDS = 30
# How long a server may take to leave after SIGTERM before it is killed.
STOP_SECONDS = 5


def free_port() -> int:
    """Returns a port below the range that the kernel gives to clients, so that none of the 19,000
    has it by the time the server starts."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        first_of_clients = int(file.read().split()[0])
    start = 10_000 + os.getpid() * 7 % 8_000
    for port in (start + step for step in range(2_000)):
        if port >= first_of_clients:
            break
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            if port not in _given:
                _given.add(port)
                return port
    raise CannotStart("no free port below the clients' range")


_given: set[int] = set()


class Server:
    """A running server; a context manager that stops it."""

    def __init__(self, name: str, command: list[str], folder: pathlib.Path, port: int,
                 health_path: str | None = None):
        self.name, self.port = name, port
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / "output.log"
        environment = {key: value for key, value in os.environ.items()
                       if not key.startswith("CHAT_")} | {"BENCH_FOLDER": str(folder)}
        with open(self._log, "wb") as log:
            # In a session of its own: a Ctrl-C at the terminal is for the runner, which stops all.
            self._process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True)
        try:
            self._wait_until_up(health_path)
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()

    def alive(self) -> bool:
        return self._process.poll() is None

    def last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def cpu_seconds(self) -> float:
        """Returns the processor time of all its threads."""
        total = 0
        for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
            try:
                total += int((task / "schedstat").read_text().split()[0])
            except OSError:
                pass
        return total / 1e9

    def wait_until_quiet(self, seconds: float = 10) -> None:
        """Waits until the server is idle: what an earlier round left behind, such as thousands of
        closed sockets, must not be counted as work of the next one."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            before = self.cpu_seconds()
            time.sleep(0.1)
            # A node's own heartbeats take far less than a twentieth of a processor.
            if self.cpu_seconds() - before < 0.005:
                return

    def _wait_until_up(self, health_path: str | None) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if not self.alive():
                raise CannotStart(f"{self.name} ended: {self.last_words()}")
            if self._is_up(health_path):
                return
            time.sleep(0.05)
        raise CannotStart(f"{self.name} is not up after {START_SECONDS} s: {self.last_words()}")

    def _is_up(self, health_path: str | None) -> bool:
        try:
            if health_path:
                address = f"http://127.0.0.1:{self.port}{health_path}"
                with urllib.request.urlopen(address, timeout=1) as answer:
                    return answer.status == 200
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except (OSError, urllib.error.URLError):
            return False
