"""S7 to S10, and churn: clients that idle, connect, do not read, wait, and vanish."""

from .bars_redis import bare_publish
from .bench import Bench
from .candidates import FLOOR
from .load import Result, Target, measure
from .rounds import Rounds, figure, ratio, single
from .rows import Cost


def s7(bench: Bench) -> None:
    clients, seconds = bench.idle_clients, bench.idle_seconds
    workload = f"{clients:,} idle, logged in, names in Redis, {seconds:g} s"
    name = "chatnode on Redis"

    def fresh_node() -> Result:
        # A new node each time: memory that it has kept from earlier clients would hide the cost of
        # new ones.
        with bench.node_on_redis() as (target, _):
            return measure(target, "idle", bench.value_bytes, clients=clients, warm_up=5,
                           seconds=seconds, patience=20)

    results = bench.interleave("S7", {name: fresh_node}, bench.repeats)

    def memory(result: Result) -> float:
        """Returns bytes, from the KiB that the system reports."""
        node = result.node
        grown_kib = node["after_kib"]["private"] - node["before_kib"]["private"]
        return grown_kib * 1024 / clients

    def per_second(result: Result) -> float:
        return result.cpu_each / result.report["wall_s"]

    pings = [result.report.get("pings", 0) for result in results[name]]
    # The bar is 3.0 KB, and a KB is 1,000 bytes.
    bench.row("S7", workload, "node's memory a client", results, [name],
              single(results, name, memory), 3000, below=True, unit="bytes", asked=bench.repeats)
    bench.row("S7", workload, "node's CPU a client and second", results, [name],
              single(results, name, per_second), 1.1, unit="µs", asked=bench.repeats,
              note=f"{min(pings):,} pings in it, at least")


def s8(bench: Bench) -> None:
    clients = bench.new_clients
    workload = f"{clients:,} connect, upgrade and log in, names in Redis"
    # The clients of all rounds are more than one loop lets in within that time.
    without_limit = bench.node_on_redis("--login-rate", "0")
    with bench.running(FLOOR) as targets, without_limit as (target, _):
        targets[target.candidate.name] = target
        results = bench.interleave("S8", {
            name: lambda each=each: measure(each, "connect", bench.value_bytes, clients=clients)
            for name, each in targets.items()}, bench.repeats)
    name = target.candidate.name
    bench.row("S8", workload, "node's CPU a client, names and presence in Redis / C floor's, which has none",
              results, [name, FLOOR.name], ratio(results, name, FLOOR.name, lambda r: r.cpu_each), 3.0,
              asked=bench.repeats)
    for each in targets:
        bench.findings.costs.append(Cost("S8", each, single(results, each, lambda r: r.cpu_each),
                                         "µs a client (the floor has no names)"
                                         if each == FLOOR.name else "µs a client"))
    bench.findings.costs.append(Cost("S8", "Redis beside it", single(
        results, name, lambda r: r.beside("redis")["cpu_us_each"]), "µs a client"))
    bench.findings.costs.append(Cost("S8", name, single(
        results, name, lambda r: r.report["per_second"]), "clients/s, 64 at one time"))


def s9(bench: Bench) -> None:
    deaf = max(1, bench.recipients // 100)
    hearing = bench.recipients - deaf
    workload = f"1 sender, {hearing:,} recipients, 64 in flight, {deaf} never read"
    # The kernel's buffers have to be full before a node notices which clients do not read.
    seconds = max(bench.seconds, 8)
    with_deaf, without = "some never read", "all read"
    with bench.running(bench.chatnode()) as targets:
        target = targets["chatnode"]
        common = {"clients": hearing, "each": True, "seconds": seconds}
        results = bench.interleave("S9", {
            without: lambda: bench.fanout(target, 64, **common),
            with_deaf: lambda: bench.fanout(target, 64, deaf=deaf, **common)})

    def p99(result: Result) -> float:
        return result.report["each_us"]["p99"]

    valid = [result for result in results[with_deaf] if result.fault is None]
    closed = sum(result.report["deaf_closed"] for result in valid)
    bench.row("S9", workload, "p99 of the others, with / without those", results,
              [with_deaf, without], ratio(results, with_deaf, without, p99), 1.2,
              note=f"{closed} times one was closed, and came back")
    # From the first to the last of all rounds: what each of them might leave behind adds up.
    kept = [result.node["after_kib"]["private"] for result in valid]
    bench.row("S9", workload, "node's memory after each round / after the first", results,
              [with_deaf], figure([each / kept[0] for each in kept[1:]]), 1.05,
              asked=bench.rounds - 1, note=f"{kept[0]:,} KiB after the first" if kept else "")


def s10(bench: Bench) -> None:
    workload = f"10 messages/s to {bench.recipients:,}, sent to last received"
    # Thirty messages, enough for a median.
    seconds = max(bench.seconds, 3)
    trip = "a Redis round trip"
    with (bench.running(FLOOR, bench.chatnode()) as targets,
          bench.node_on_redis() as (target, redis)):
        on_redis = target.candidate.name
        targets[on_redis] = target
        trials = {name: lambda each=each: bench.fanout(each, 1, rate=10, seconds=seconds)
                  for name, each in targets.items()}
        trials[trip] = lambda: bare_publish(redis, bench, 1)
        results = bench.interleave("S10", trials)

    def p50(result: Result) -> float:
        return result.report["last_us"]["p50"]

    def p99(result: Result) -> float:
        return result.report["last_us"]["p99"]

    def trip_us(result: Result) -> float:
        return 1e6 / result.report["per_second"]

    both = ["chatnode", FLOOR.name]
    bench.row("S10", workload, "chatnode / floor, median", results, both,
              ratio(results, *both, p50), 1.1)
    bench.row("S10", workload, "chatnode / floor, 99th percentile", results, both,
              ratio(results, *both, p99), note="for information")
    allowed = [(node, floor, there) for node, floor, there in zip(
        results[on_redis], results[FLOOR.name], results[trip], strict=True)
        if not (node.fault or floor.fault or there.fault)]
    on_redis_what = "on Redis / (1.1 × floor + a Redis round trip), median"
    bench.row("S10", workload, on_redis_what, results, [on_redis, FLOOR.name, trip], figure(
        [p50(node) / (1.1 * p50(floor) + trip_us(there)) for node, floor, there in allowed]), 1.0)
    for name in targets:
        bench.findings.costs.append(Cost("S10", name, single(results, name, p50), "µs, median"))
    bench.findings.costs.append(Cost("S10", trip, single(results, trip, trip_us), "µs, mean"))


# For clients that wait while others come and vanish. A quarter of the 100 ms up to which people
# take an answer for immediate: broadcasts (Limits.broadcastTime), deferred work
# (Limits.deferredWorkTime), a turn's newcomers, and thousands of ends to be noted, in whatever
# combination.
DENT_MS = 25
STAYING = 50


def churn(bench: Bench) -> None:
    # FIN: the kernel closes this way for a killed process that had read everything.
    in_order = vanish_at_once(bench, "churn", in_order=True)
    # A reset: the kernel closes this way for a killed process that had not.
    resets = vanish_at_once(bench, "churn, with resets")
    workload = f"{bench.new_clients:,} come and vanish at once, {STAYING} stay and are pinged"
    # The floor does nothing for vanished clients but close.
    both, beside = ["chatnode", FLOOR.name], "chatnode / floor, the same"
    bench.row("churn", workload, "server's work from ping to pong, 99th percentile", in_order,
              ["chatnode"], single(in_order, "chatnode", dent), DENT_MS, unit="ms",
              asked=bench.repeats)
    bench.row("churn", workload, beside, in_order, both, ratio(in_order, *both, dent), 1,
              asked=bench.repeats)
    bench.row("churn", workload + ", with resets", beside, resets, both, ratio(resets, *both, dent),
              note="for information")
    vanish_in_silence(bench)


def dent(result: Result) -> float:
    """Returns milliseconds of the server's processor time from a ping to its pong: a machine's
    other work is not the server's."""
    return result.report["churn_work_us"]["p99"] / 1e3


def come_and_go(bench: Bench, target: Target, **options) -> Result:
    """Connects from many addresses, because each port is then in TIME_WAIT for a minute."""
    return measure(target, "churn", bench.value_bytes, clients=STAYING,
                   newcomers=bench.new_clients, sources=100, **options)


def vanish_at_once(bench: Bench, title: str, **options) -> Rounds:
    fastest = bench.peer("uWebSockets")
    with bench.running(FLOOR, bench.chatnode(), *([fastest] if fastest else [])) as targets:
        results = bench.interleave(title, {
            name: lambda each=each: come_and_go(bench, each, **options)
            for name, each in targets.items()}, bench.repeats)
    for name in targets:
        bench.findings.costs.append(Cost(title, name, single(results, name, dent),
                                         "ms of its work from ping to pong, 99th percentile"))
        for phase in ("quiet", "coming", "going"):
            bench.findings.costs.append(Cost(title, f"{name}, {phase}", single(
                results, name, lambda r, phase=phase: r.report[f"{phase}_us"]["p99"]),
                "µs from ping to pong, 99th percentile"))
    return results


def vanish_in_silence(bench: Bench) -> None:
    """A network fails: what remains are pings without an answer, all of them due together."""
    ping, pong = 3, 2
    # And two seconds in which a node still reads from the clients it has closed
    # (Limits.lingerTimeout), and two for its ticks and deferred work.
    silence = ping + pong + 2 + 2
    workload = f"{bench.new_clients:,} come and say nothing more, {STAYING} stay and are pinged"
    node = bench.chatnode(more=["--ping-interval", f"{ping}s", "--pong-timeout", f"{pong}s"])
    with bench.running(node) as targets:
        results = bench.interleave("churn, in silence", {"chatnode": lambda: come_and_go(
            bench, targets["chatnode"], silence=silence)}, bench.repeats)
    # The longest: a hundredth of such a long time is longer than all the work for these clients.
    bench.row("churn", workload, "node's work from ping to pong, the longest", results,
              ["chatnode"], single(results, "chatnode",
                                   lambda r: r.report["going_work_us"]["max"] / 1e3),
              DENT_MS, unit="ms", asked=bench.repeats)
