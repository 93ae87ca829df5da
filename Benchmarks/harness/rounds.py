"""Interleaved rounds, and what can be said of them."""

import dataclasses
import random
import statistics
import sys
from collections.abc import Callable

from .load import Result

Trial = Callable[[], Result]
Rounds = dict[str, list[Result]]


def interleaved(title: str, trials: dict[str, Trial], count: int) -> Rounds:
    """Each trial once a round, in an order that is drawn anew: what else goes on in the machine
    then meets all alike. Rounds in which one of them is void are made up for, as often again."""
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
        complete = sum(all(results[name][i].fault is None for name in trials)
                       for i in range(number))
        # A trial that has not succeeded once in so many rounds will not: the others have enough.
        hopeless = number >= count and any(
            all(result.fault for result in results[name]) for name in trials)
        if complete >= count or hopeless:
            break
    _progress("")
    return results


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
    """Of one trial, over the rounds in which it is valid."""
    return figure([key(result) for result in results[name] if result.fault is None])


def ratio(results: Rounds, above: str, below: str, key: Callable[[Result], float],
          key_below: Callable[[Result], float] | None = None) -> Figure | None:
    """Within each round, over those in which both are valid."""
    key_below = key_below or key
    pairs = zip(results[above], results[below], strict=True)
    return figure([key(a) / key_below(b) for a, b in pairs
                   if a.fault is None and b.fault is None and key_below(b) > 0])


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    elif text:
        print(text, file=sys.stderr)
