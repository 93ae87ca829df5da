"""Puts load on a server with c/load.c, and decides whether the result may be used."""

import dataclasses
import json
import subprocess
from typing import Any

from . import paths
from .candidates import Candidate
from .servers import Server


@dataclasses.dataclass(frozen=True)
class Target:
    """A running server, and the others whose work is counted beside it (its Redis)."""

    candidate: Candidate
    server: Server
    beside: tuple[Server, ...] = ()


@dataclasses.dataclass(frozen=True)
class Result:
    """What the generator reported; `fault` says why it may not be used, if so."""

    report: dict[str, Any]
    fault: str | None = None
    # Whether the fault is the generator's alone: it was too busy. Any other fault counts as the
    # server's, which has to be shown to be right.
    is_void: bool = False
    # Whether it is a result of chatnode, whose faults fail its bar.
    is_ours: bool = False

    @property
    def is_wrong(self) -> bool:
        """Whether a message went astray, or the server ended or gave no answer."""
        return self.fault is not None and not self.is_void

    @property
    def node(self) -> dict[str, Any]:
        return self.report["servers"]["server"]

    def beside(self, name: str) -> dict[str, Any]:
        return self.report["servers"][name]

    @property
    def cpu_each(self) -> float:
        """Microseconds of the server's processor time for each delivery, client or message."""
        return self.node["cpu_us_each"]


def measure(target: Target, mode: str, value_bytes: int = 64, **options: Any) -> Result:
    """Runs the generator; `in_flight=8` becomes `--in-flight 8`, `burst=True` becomes `--burst`."""
    is_ours = target.candidate.dialect.startswith("chatnode")
    if ended := _ended(target):
        return Result({}, ended, is_ours=is_ours)
    target.server.wait_until_quiet()
    command = [str(paths.BIN / "load"), mode, "--port", str(target.server.port),
               "--dialect", target.candidate.dialect,
               "--value-bytes", str(value_bytes + target.candidate.extra_value_bytes),
               "--pid", f"server={target.server.pid}"]
    for other in target.beside:
        command += ["--pid", f"{other.name}={other.pid}"]
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        command += [flag] if value is True else [flag, str(value)]
    # The generator has time limits of its own for connecting and draining; this one is for a
    # generator that hangs.
    limit = 120 + options.get("seconds", 1) + options.get("warm_up", 0)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return Result({}, f"the generator hung for {limit:.0f} s", is_ours=is_ours)
    if ended := _ended(target):
        return Result({}, ended, is_ours=is_ours)
    if not done.stdout.startswith("{"):
        return Result({}, done.stderr.strip().splitlines()[-1] if done.stderr.strip()
                      else f"the generator ended with {done.returncode}", is_ours=is_ours)
    report = json.loads(done.stdout)
    return Result(report, fault(report), report["verdict"] == "void", is_ours)


def _ended(target: Target) -> str | None:
    for server in (target.server, *target.beside):
        if not server.alive():
            return f"{server.name} has ended: {server.last_words()}"
    return None


def fault(report: dict[str, Any]) -> str | None:
    if report["verdict"] == "void":
        return f"void: the generator was busy for {report['generator']:.0%} of the time"
    if report["verdict"] == "wrong":
        counts = ", ".join(f"{report[key]} {key}" for key in
                           ("lost", "doubled", "reordered", "corrupted", "astray", "refused", "closed")
                           if report[key])
        return f"wrong: {counts or 'something'} ({report['problem']})"
    if report["count"] == 0:
        return "wrong: nothing was delivered"
    return None
