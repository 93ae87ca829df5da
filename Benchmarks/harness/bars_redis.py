"""S6: publishing, beside what the same Redis takes at best."""

import dataclasses
from typing import Any

from .bench import Bench
from .candidates import CHAT_BYTES_AROUND_VALUE, Candidate
from .load import Result, Target, measure
from .rounds import Rounds, faults, ratio, single
from .rows import Cost

# The number of messages on their way at one time, in each scenario but "one by one".
IN_FLIGHT = 1024
BARE = "bare PUBLISH"
RATE = "chatnode / bare pipelined PUBLISH, messages a second"


@dataclasses.dataclass(frozen=True)
class Conversation:
    """Some clients send. In the plain dialect all `clients` receive, since every socket receives
    everything; in chat.v1 the senders speak and do not join."""

    name: str
    clients: int
    senders: int
    in_flight: int
    in_v1: bool = False
    acks: bool = False

    @property
    def recipients(self) -> int:
        return self.clients - self.senders if self.in_v1 else self.clients

    @property
    def workload(self) -> str:
        return (f"{self.senders} senders{' that do not listen' * self.in_v1}, {self.in_flight} in flight "
                f"each{', with acks' * self.acks}, {self.recipients} "
                f"recipient{'s' * (self.recipients > 1)}, through Redis")

    def run(self, bench: Bench, target: Target) -> Result:
        # Without a ceiling: here the rate counts. A generator that is too busy makes the round
        # void.
        options: dict[str, Any] = {"acks": True} if self.acks else {}
        if self.in_v1:
            target = dataclasses.replace(
                target, candidate=dataclasses.replace(target.candidate, dialect="chatnode-v1"))
            options["mute"] = True
        return measure(target, "fanout", bench.value_bytes, clients=self.clients,
                       senders=self.senders, in_flight=self.in_flight, seconds=bench.seconds,
                       ceiling=1, **options)

    # Figures for a message, while the generator counts deliveries.

    def rate(self, result: Result) -> float:
        return result.report["per_second"] / self.recipients

    def node_us(self, result: Result) -> float:
        return result.cpu_each * self.recipients

    def redis_us(self, result: Result) -> float:
        return result.beside("redis")["cpu_us_each"] * self.recipients

    def generator_us(self, result: Result) -> float:
        return 1e6 * result.report["generator"] / self.rate(result)


MANY = Conversation("64 senders", 64, 64, IN_FLIGHT // 64)
# With 64 recipients, most of the work at both ends is deliveries; here it is publishing.
FEW = Conversation("8 senders", 8, 8, IN_FLIGHT // 8)
ALONE = Conversation("one by one", 64, 1, 1)
# The bar's own: those who speak hear nothing, so that publishing is nearly all of the work.
MUTE = Conversation("64 mute senders", 65, 64, IN_FLIGHT // 64, in_v1=True)
MUTE_WITH_ACKS = dataclasses.replace(MUTE, name="64 mute senders, with acks", acks=True)
MUTE_ALONE = Conversation("one by one, mute", 2, 1, 1, in_v1=True)
ALL = (MANY, FEW, ALONE, MUTE, MUTE_WITH_ACKS, MUTE_ALONE)


def bare_publish(redis, bench: Bench, in_flight: int) -> Result:
    """Sends PUBLISH with as many bytes as a chat has, and nothing else."""
    target = Target(Candidate("redis", (), extra_value_bytes=CHAT_BYTES_AROUND_VALUE), redis)
    return measure(target, "redis", bench.value_bytes, in_flight=in_flight, seconds=bench.seconds)


def bare_rate(result: Result) -> float:
    return result.report["per_second"]


def bare_us(result: Result) -> float:
    return result.cpu_each


def s6(bench: Bench) -> None:
    with bench.node_on_redis() as (target, redis):
        trials = {each.name: lambda each=each: each.run(bench, target)
                  for each in ALL}
        trials[BARE] = lambda: bare_publish(redis, bench, IN_FLIGHT)
        results = bench.interleave("S6", trials)
    _judge(bench, results)
    _tell_costs(bench, results)


def _judge(bench: Bench, results: Rounds) -> None:
    many, alone = MANY.name, ALONE.name
    bench.row("S6", MUTE.workload, RATE, results, [MUTE.name, BARE],
              ratio(results, MUTE.name, BARE, MUTE.rate, bare_rate), 0.35, at_least=True)
    bench.row("S6", MUTE.workload, "64 mute senders / one by one, mute, messages a second", results,
              [MUTE.name, MUTE_ALONE.name],
              ratio(results, MUTE.name, MUTE_ALONE.name, MUTE.rate, MUTE_ALONE.rate), 4,
              at_least=True)
    bench.row("S6", MUTE_WITH_ACKS.workload, RATE, results, [MUTE_WITH_ACKS.name, BARE],
              ratio(results, MUTE_WITH_ACKS.name, BARE, MUTE_WITH_ACKS.rate, bare_rate),
              note="for information")
    bench.row("S6", MANY.workload, RATE, results, [many, BARE],
              ratio(results, many, BARE, MANY.rate, bare_rate), 0.35, at_least=True)
    bench.row("S6", MANY.workload, "64 senders / one by one, messages a second", results,
              [many, alone], ratio(results, many, alone, MANY.rate, ALONE.rate), 4, at_least=True)
    bench.row("S6", FEW.workload, RATE, results, [FEW.name, BARE],
              ratio(results, FEW.name, BARE, FEW.rate, bare_rate), 0.35, at_least=True)
    # If node, Redis and generator share two processors, the rate says less than these.
    bench.row("S6", MANY.workload, "bare PUBLISH / chatnode, Redis's CPU a message", results,
              [BARE, many], ratio(results, BARE, many, bare_us, MANY.redis_us),
              note="for information")
    bench.row("S6", MANY.workload, "one by one / 64 senders, Redis's CPU a message", results,
              [alone, many], ratio(results, alone, many, ALONE.redis_us, MANY.redis_us),
              note="for information")


def _tell_costs(bench: Bench, results: Rounds) -> None:
    def tell(name: str, who: str, key, unit: str) -> None:
        bench.findings.costs.append(Cost("S6 " + name, who, single(results, name, key), unit,
                                         faults(results, name) if "/s" in unit else ""))

    tell(BARE, "Redis", bare_rate, "messages/s")
    tell(BARE, "Redis", bare_us, "µs of Redis a message")
    for each in ALL:
        tell(each.name, "chatnode on Redis", each.rate, "messages/s")
        tell(each.name, "chatnode on Redis", each.node_us, "µs of the node a message")
        tell(each.name, "Redis beside it", each.redis_us, "µs of Redis a message")
        tell(each.name, "the generator beside it", each.generator_us, "µs of the generator a message")
