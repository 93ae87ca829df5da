"""This build beside another one, usually that before a change: nothing may have grown."""

import contextlib

from .bars_fanout import cpu
from .bench import Bench
from .load import Result, Target, measure
from .rounds import ratio

# Whether a run can tell so little, its quartiles say.
MOST = 1.03
THIS, BEFORE = "this build", "the one before"


def before(bench: Bench) -> None:
    _fan_out(bench)
    _idle(bench)
    _connect(bench)


def _row(bench: Bench, bar: str, workload: str, what: str, results, key, **options) -> None:
    bench.row(bar, workload, f"{THIS} / {BEFORE}, {what}", results, [THIS, BEFORE],
              ratio(results, THIS, BEFORE, key), MOST, **options)


@contextlib.contextmanager
def _in_memory(bench: Bench, binary: str):
    candidate = bench.chatnode(binary=binary)
    with candidate.start(bench.folder) as node:
        yield Target(candidate, node)


@contextlib.contextmanager
def _on_redis(bench: Bench, binary: str):
    with bench.node_on_redis(binary=binary) as (target, _):
        yield target


@contextlib.contextmanager
def _both(bench: Bench, start):
    with start(bench, bench.binary) as this, start(bench, bench.before) as other:
        yield {THIS: this, BEFORE: other}


def _fan_out(bench: Bench) -> None:
    for where, bars, start in (("from memory", ("S1", "S2", "S3"), _in_memory),
                               ("through Redis", ("S4", "S4", "S4"), _on_redis)):
        with _both(bench, start) as targets:
            for bar, in_flight in zip(bars, (1, 8, 64), strict=True):
                results = bench.interleave(f"{bar} {where}, {in_flight} in flight", {
                    name: lambda each=each: bench.fanout(each, in_flight)
                    for name, each in targets.items()})
                _row(bench, bar, f"{bench.recipients:,} recipients, {in_flight} in flight, {where}",
                     "CPU a delivery", results, cpu)


def _idle(bench: Bench) -> None:
    clients, seconds = bench.idle_clients, bench.idle_seconds

    def fresh(binary: str) -> Result:
        # A new node each time, as in S7.
        with _on_redis(bench, binary) as target:
            return measure(target, "idle", bench.value_bytes, clients=clients, warm_up=5,
                           seconds=seconds, patience=20)

    results = bench.interleave("S7", {
        THIS: lambda: fresh(bench.binary), BEFORE: lambda: fresh(bench.before)}, bench.repeats)
    workload = f"{clients:,} idle, {seconds:g} s"
    _row(bench, "S7", workload, "node's memory a client", results,
         lambda r: r.node["after_kib"]["private"] - r.node["before_kib"]["private"],
         asked=bench.repeats)
    _row(bench, "S7", workload, "node's CPU a client and second", results,
         lambda r: r.cpu_each / r.report["wall_s"], asked=bench.repeats)


def _connect(bench: Bench) -> None:
    with _both(bench, _on_redis) as targets:
        results = bench.interleave("S8", {
            name: lambda each=each: measure(each, "connect", bench.value_bytes,
                                            clients=bench.new_clients)
            for name, each in targets.items()}, bench.repeats)
    _row(bench, "S8", f"{bench.new_clients:,} connect, upgrade and log in", "node's CPU a client",
         results, cpu, asked=bench.repeats)
