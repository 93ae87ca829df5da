"""What all bars share: the servers, the sizes, and the duration of measurements."""

import contextlib
import dataclasses
import pathlib
from collections.abc import Sequence

from . import candidates
from .candidates import Candidate
from .load import Result, Target, measure
from .rounds import Figure, Rounds, Trial, faults, interleaved, is_wrong
from .rows import Findings, Row
from .servers import CannotStart, Server


@dataclasses.dataclass
class Bench:
    binary: str
    chatnode_arguments: list[str]
    folder: pathlib.Path
    rounds: int
    seconds: float
    recipients: int
    value_bytes: int
    slide: bool
    idle_clients: int
    idle_seconds: float
    new_clients: int
    peers: list[Candidate]
    missing: dict[str, str]
    before: str | None = None  # another build of chatnode
    findings: Findings = dataclasses.field(default_factory=Findings)

    @property
    def repeats(self) -> int:
        """The number of rounds for what takes a minute each time and spreads little."""
        return max(1, self.rounds // 3)

    def chatnode(self, redis: Server | None = None, more: Sequence[str] = (),
                 binary: str | None = None) -> Candidate:
        return candidates.chatnode(
            binary or self.binary, [*self.chatnode_arguments, *more], redis)

    def peer(self, name: str) -> Candidate | None:
        return next((peer for peer in self.peers if peer.name == name), None)

    @contextlib.contextmanager
    def running(self, *wanted: Candidate):
        """Starts each candidate; yields the targets by name. A peer that does not start is left
        out, and the table says so; without chatnode or the floor there is nothing to measure."""
        with contextlib.ExitStack() as stack:
            targets: dict[str, Target] = {}
            for candidate in wanted:
                try:
                    server = stack.enter_context(candidate.start(self.folder))
                except CannotStart as error:
                    # By name: the same peer may be started with rooms.
                    if not self.peer(candidate.name):
                        raise
                    self.missing[candidate.name] = str(error)
                    self.peers.remove(self.peer(candidate.name))
                    continue
                targets[candidate.name] = Target(candidate, server)
            yield targets

    @contextlib.contextmanager
    def node_on_redis(self, *more: str, binary: str | None = None):
        """Starts a node and its Redis, whose work is counted beside the node's."""
        with candidates.redis_server(self.folder) as redis:
            candidate = self.chatnode(redis, more, binary)
            with candidate.start(self.folder) as node:
                yield Target(candidate, node, (redis,)), redis

    def fanout(self, target: Target, in_flight: int, **options) -> Result:
        """Measures one sender, whose messages all clients receive."""
        options = {"clients": self.recipients, "seconds": self.seconds, **options}
        if not self.slide and in_flight > 1:
            options["burst"] = True
        return measure(target, "fanout", self.value_bytes, in_flight=in_flight, **options)

    def interleave(self, title: str, trials: dict[str, Trial], rounds: int | None = None) -> Rounds:
        results = interleaved(title, trials, rounds or self.rounds)
        self.findings.raw[title] = [
            {"trial": name, "fault": result.fault, "void": result.is_void,
             "report": result.report} for name, several in results.items() for result in several]
        return results

    def row(self, bar: str, workload: str, what: str, results: Rounds, names: list[str],
            figure: Figure | None, limit: float | None = None, *, note: str = "",
            asked: int | None = None, **options) -> None:
        """Judges a figure that was computed from these trials: it needs as many valid rounds as
        were asked for, and chatnode must have been right in all of them."""
        notes = ", ".join(filter(None, [note, faults(results, *names)]))
        self.findings.rows.append(Row(
            bar, workload, what, figure, limit, note=notes,
            asked=self.rounds if asked is None else asked, is_wrong=is_wrong(results), **options))
