"""The machine, the versions and the sizes of a measurement, without which a figure means
nothing."""

import datetime
import os
import platform
import statistics
import subprocess
from typing import Any

from . import paths
from .bench import Bench


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              cwd=paths.PROJECT)
        return done.stdout.strip()
    except OSError:
        return ""


def _processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return f"{len(models) or os.cpu_count()} × {models[0] if models else platform.machine()}"


def _quietness(bench: Bench) -> str:
    waited = [trial["report"]["generator_waited"] for rounds in bench.findings.raw.values()
              for trial in rounds if trial["report"]]
    if not waited:
        return "unknown"
    share = statistics.median(waited)
    judgement = "quiet" if share < 0.05 else "NOT QUIET, so trust no figure"
    return f"the generator waited for a processor {share:.1%} of the time (median): {judgement}"


def about(bench: Bench, command: str, given: bool, load_before: float) -> dict[str, Any]:
    loop = "the next message when one is through" if bench.slide else \
        "the next K messages when the last of K is through"
    versions = ", ".join(dict.fromkeys(peer.version for peer in bench.peers))
    # A binary that was given may be of any commit.
    source = bench.binary if given else f"commit {_said('git', 'describe', '--always', '--dirty')}"
    return {
        "command": command,
        "date": datetime.date.today().isoformat(),
        "machine": f"{_processor()}, Linux {platform.release()}, load before {load_before:.1f}",
        "quiet": _quietness(bench),
        "chatnode": f"{(_said(bench.binary, '--version') or '?').removeprefix('chatnode ')}, {source}",
        "beside": versions + "".join(
            f"; {name} not available here: {why}" for name, why in bench.missing.items()),
        "rounds": f"{bench.rounds} of {bench.seconds:g} s, interleaved in random order; "
                  f"values of {bench.value_bytes} bytes; closed loop: {loop}",
    }
