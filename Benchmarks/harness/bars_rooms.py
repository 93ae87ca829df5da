"""S5: many rooms at the same time, each with a sender."""

from .bars_fanout import UWS, cpu
from .bench import Bench
from .candidates import FLOOR, in_rooms
from .load import Result, Target, measure
from .rounds import faults, ratio, single
from .rows import Cost

ROOMS = 100
MEMBERS = 50
# The node is measured once more with senders that ask for an ack of each message.
WITH_ACKS = "chatnode, with acks"


def _workload(in_flight: int) -> str:
    return f"{ROOMS} rooms of {MEMBERS}, a sender in each, {in_flight} in flight each"


def _talk(bench: Bench, target: Target, in_flight: int, **options) -> Result:
    return measure(target, "fanout", bench.value_bytes, clients=ROOMS * MEMBERS, senders=ROOMS,
                   rooms=ROOMS, in_flight=in_flight, seconds=bench.seconds, burst=True, **options)


def s5(bench: Bench) -> None:
    wanted = [each for each in (in_rooms(peer) for peer in (FLOOR, *bench.peers)) if each]
    node = in_rooms(bench.chatnode())
    with bench.running(node, *wanted) as targets:
        for in_flight in (1, 8):
            _measure(bench, targets, in_flight)


def _measure(bench: Bench, targets: dict[str, Target], in_flight: int) -> None:
    trials = {name: lambda each=each: _talk(bench, each, in_flight)
              for name, each in targets.items()}
    trials[WITH_ACKS] = lambda: _talk(bench, targets["chatnode"], in_flight, acks=True)
    results = bench.interleave(f"S5, {in_flight} in flight", trials)
    for name in trials:
        bench.findings.costs.append(Cost(
            _workload(in_flight), name, single(results, name, cpu), "µs a delivery",
            faults(results, name)))
    if UWS not in targets:
        bench.row("S5", _workload(in_flight), f"chatnode / {UWS}, CPU a delivery", results, [],
                  None, 0.8, note="not available here")
    for name in targets:
        if name == "chatnode":
            continue
        # The ratios to the others are for information.
        bench.row("S5", _workload(in_flight), f"chatnode / {name}, CPU a delivery", results,
                  ["chatnode", name], ratio(results, "chatnode", name, cpu),
                  0.8 if name == UWS else None)
    bench.row("S5", _workload(in_flight), f"{WITH_ACKS} / without", results,
              [WITH_ACKS, "chatnode"], ratio(results, WITH_ACKS, "chatnode", cpu),
              note="for information")
