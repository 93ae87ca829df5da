"""S6: publishing, beside what the same Redis takes at best."""

from .bench import Bench
from .candidates import CHAT_BYTES_AROUND_VALUE, Candidate
from .load import Result, Target, measure
from .rounds import faults, ratio, single
from .rows import Cost

SENDERS = 64
# Of each sender; the bare commands have SENDERS times this on their way, too.
IN_FLIGHT = 16


def _messages(result: Result, recipients: int) -> float:
    """A second."""
    return result.report["per_second"] / recipients


def bare_publish(redis, bench: Bench, in_flight: int) -> Result:
    """PUBLISH of as many bytes as a chat has, and nothing else."""
    target = Target(Candidate("redis", (), extra_value_bytes=CHAT_BYTES_AROUND_VALUE), redis)
    return measure(target, "redis", bench.value_bytes, in_flight=in_flight, seconds=bench.seconds)


def s6(bench: Bench) -> None:
    workload = f"{SENDERS} senders, {IN_FLIGHT} in flight each, {SENDERS} recipients, through Redis"
    many, alone, bare = "64 senders", "one by one", "bare PUBLISH"
    with bench.node_on_redis() as (target, redis):
        # No holding back: here the rate counts. A generator that is too busy makes it void.
        common = {"clients": SENDERS, "seconds": bench.seconds, "ceiling": 1}
        results = bench.interleave("S6", {
            bare: lambda: bare_publish(redis, bench, SENDERS * IN_FLIGHT),
            many: lambda: measure(target, "fanout", bench.value_bytes, senders=SENDERS,
                                  in_flight=IN_FLIGHT, **common),
            alone: lambda: measure(target, "fanout", bench.value_bytes, in_flight=1, **common)})

    def rate(result: Result) -> float:
        return _messages(result, SENDERS)

    def bare_rate(result: Result) -> float:
        return _messages(result, 1)

    def redis_each(result: Result) -> float:
        return result.beside("redis")["cpu_us_each"] * SENDERS

    costs = bench.findings.costs
    bench.row("S6", workload, "chatnode / bare pipelined PUBLISH, messages a second", results,
              [many, bare], ratio(results, many, bare, rate, bare_rate), 0.35, at_least=True)
    bench.row("S6", workload, "64 senders / one by one, messages a second", results,
              [many, alone], ratio(results, many, alone, rate), 4, at_least=True)
    # Where node, Redis and generator share two processors, the rate says less than this.
    bench.row("S6", workload, "bare PUBLISH / chatnode, Redis's CPU a message", results,
              [bare, many], ratio(results, bare, many, lambda result: result.cpu_each, redis_each),
              note="for information")
    bench.row("S6", workload, "one by one / 64 senders, Redis's CPU a message", results,
              [alone, many], ratio(results, alone, many, redis_each), note="for information")
    for name, key, unit in [
            (bare, bare_rate, "messages/s"), (many, rate, "messages/s"),
            (alone, rate, "messages/s")]:
        costs.append(Cost("S6 " + name, "Redis" if name == bare else "chatnode on Redis",
                          single(results, name, key), unit, faults(results, name)))
    for name in (many, alone):
        costs.append(Cost("S6 " + name, "chatnode on Redis", single(
            results, name, lambda result: result.cpu_each * SENDERS), "µs of the node a message"))
        costs.append(Cost("S6 " + name, "Redis beside it", single(results, name, redis_each),
                          "µs of Redis a message"))
    costs.append(Cost("S6 " + bare, "Redis", single(results, bare, lambda result: result.cpu_each),
                      "µs of Redis a message"))
