"""S1 to S4: what one delivery costs the server, from memory and through Redis."""

from .bench import Bench
from .candidates import FLOOR
from .load import Result
from .rounds import Rounds, faults, ratio, single
from .rows import Cost

RUBY = "em-websocket"
UWS = "uWebSockets"


def cpu(result: Result) -> float:
    return result.cpu_each


def per_cpu_second(result: Result) -> float:
    return 1e6 / result.cpu_each


def redis_cpu(result: Result) -> float:
    return result.beside("redis")["cpu_us_each"]


def _workload(bench: Bench, in_flight: int) -> str:
    return f"1 sender, {bench.recipients:,} recipients, {in_flight} in flight"


def _against_peers(bench: Bench, bar: str, in_flight: int) -> Rounds:
    with bench.running(FLOOR, bench.chatnode(), *bench.peers) as targets:
        results = bench.interleave(bar, {
            name: lambda target=target: bench.fanout(target, in_flight)
            for name, target in targets.items()})
    for name in results:
        bench.findings.costs.append(Cost(
            _workload(bench, in_flight), name, single(results, name, cpu), "µs a delivery",
            faults(results, name)))
    for name, why in bench.missing.items():
        bench.findings.costs.append(
            Cost(_workload(bench, in_flight), name, None, "", f"not available here: {why}"))
    return results


def _rows(bench: Bench, bar: str, in_flight: int, limits: dict[str, float]) -> Rounds:
    results = _against_peers(bench, bar, in_flight)
    for name in [FLOOR.name, *(peer.name for peer in bench.peers), *bench.missing]:
        # The ratios to the others are for information.
        there = name in results
        bench.row(
            bar, _workload(bench, in_flight), f"chatnode / {name}, CPU a delivery", results,
            ["chatnode", name] if there else [],
            ratio(results, "chatnode", name, cpu) if there else None, limits.get(name),
            note="" if there else f"not available here: {bench.missing[name]}")
    return results


def s1(bench: Bench) -> None:
    _rows(bench, "S1", 1, {UWS: 0.95, FLOOR.name: 1.15})


def s2(bench: Bench) -> None:
    _rows(bench, "S2", 8, {UWS: 1.0, FLOOR.name: 1.25})


def s3(bench: Bench) -> None:
    results = _rows(bench, "S3", 64, {UWS: 0.4, FLOOR.name: 1.6})
    there = RUBY in results
    bench.row(
        "S3", _workload(bench, 64), f"chatnode / {RUBY}, deliveries a CPU second", results,
        ["chatnode", RUBY] if there else [],
        ratio(results, "chatnode", RUBY, per_cpu_second) if there else None, 12, at_least=True,
        note="" if there else "not available here")


def s4(bench: Bench) -> None:
    with bench.running(bench.chatnode()) as targets, bench.node_on_redis() as (target, _):
        targets[target.candidate.name] = target
        for in_flight in (1, 8, 64):
            results = bench.interleave(f"S4, {in_flight} in flight", {
                name: lambda each=each: bench.fanout(each, in_flight)
                for name, each in targets.items()})
            bench.row(
                "S4", _workload(bench, in_flight), "chatnode on Redis / in memory, node's CPU",
                results, list(targets), ratio(results, target.candidate.name, "chatnode", cpu), 1.1)
            for name in targets:
                bench.findings.costs.append(Cost(
                    _workload(bench, in_flight) + " (S4)", name, single(results, name, cpu),
                    "µs a delivery", faults(results, name)))
            # For each message, because the work of Redis does not depend on the recipients.
            bench.findings.costs.append(Cost(
                _workload(bench, in_flight) + " (S4)", "Redis beside it",
                single(results, target.candidate.name,
                       lambda result: redis_cpu(result) * bench.recipients), "µs a message"))
