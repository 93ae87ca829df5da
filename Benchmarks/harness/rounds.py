"""Interleaved rounds, and their statistics."""

import dataclasses
import random
import statistics
import sys
from collections.abc import Callable

from .load import Result

Trial = Callable[[], Result]
Rounds = dict[str, list[Result]]


def interleaved(title: str, trials: dict[str, Trial], count: int) -> Rounds:
    """Runs each trial once a round, in an order that is drawn anew, so that the machine's other
    work affects all alike. Rounds in which a trial may not be used are replaced, up to the same
    number again."""
    results: Rounds = {name: [] for name in trials}
    for number in range(1, 2 * count + 1):
        order = list(trials)
        random.shuffle(order)
        for name in order:
            _progress(f"{title}: round {number} of {count}, {name}")
            result = trials[name]()
            results[name].append(result)
            if result.fault:
                _progress("")
                print(f"  {title}, round {number}, {name}: {result.fault}", file=sys.stderr)
        if number >= count and _are_enough(results, count):
            break
    _progress("")
    return results


def _are_enough(results: Rounds, count: int) -> bool:
    """A trial that has not succeeded once in `count` rounds will not: no other waits for it."""
    hopeful = [several for several in results.values()
               if any(result.fault is None for result in several)]
    complete = sum(all(result.fault is None for result in together)
                   for together in zip(*hopeful, strict=True))
    return not hopeful or complete >= count


def faults(results: Rounds, *names: str) -> str:
    """Returns how many rounds of these were not used, and whose fault it was; empty if all were."""
    void = sum(result.is_void for name in names for result in results[name])
    wrong = [(name, sum(result.is_wrong for result in results[name])) for name in names]
    return ", ".join([f"{void} void"] * (void > 0)
                     + [f"{name}: {count} wrong" for name, count in wrong if count])


def is_wrong(results: Rounds) -> bool:
    """Returns whether chatnode was wrong in any of them."""
    return any(result.is_wrong and result.is_ours for several in results.values()
               for result in several)


@dataclasses.dataclass(frozen=True)
class Figure:
    """A median with its spread: the quartiles, and the extremes."""

    median: float
    low: float
    high: float
    least: float
    most: float
    count: int


def figure(values: list[float]) -> Figure | None:
    if not values:
        return None
    if len(values) == 1:
        low = high = values[0]
    else:
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return Figure(statistics.median(values), low, high, min(values), max(values), len(values))


def single(results: Rounds, name: str, key: Callable[[Result], float]) -> Figure | None:
    """Returns the figure of one trial, over the rounds in which it is valid."""
    return figure([key(result) for result in results[name] if result.fault is None])


def ratio(results: Rounds, above: str, below: str, key: Callable[[Result], float],
          key_below: Callable[[Result], float] | None = None) -> Figure | None:
    """Returns the ratio within each round, over those in which both are valid."""
    key_below = key_below or key
    pairs = zip(results[above], results[below], strict=True)
    return figure([key(a) / key_below(b) for a, b in pairs
                   if a.fault is None and b.fault is None and key_below(b) > 0])


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    elif text:
        print(text, file=sys.stderr)
