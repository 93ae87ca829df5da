"""The results of a bar's measurement: rows of the two tables."""

import dataclasses

from .rounds import Figure


@dataclasses.dataclass(frozen=True)
class Row:
    """A figure beside its bar."""

    bar: str
    workload: str
    what: str
    figure: Figure | None
    limit: float | None = None  # None: for information only
    at_least: bool = False
    below: bool = False  # whether the figure must be below the bar, and not reach it
    unit: str = ""  # empty for a ratio
    note: str = ""
    asked: int = 1  # valid rounds asked for; with fewer it is not measured
    is_wrong: bool = False  # whether chatnode was wrong in any round, which fails the bar

    @property
    def verdict(self) -> str:
        if self.is_wrong:
            return "WRONG"
        if self.figure is None or self.figure.count < self.asked:
            return "not measured"
        if self.limit is None:
            return ""
        median = self.figure.median
        if self.at_least:
            good = median >= self.limit
        else:
            good = median < self.limit if self.below else median <= self.limit
        return "reached" if good else "MISSED"

    @property
    def limit_text(self) -> str:
        if self.limit is None:
            return ""
        sign = "≥" if self.at_least else "<" if self.below else "≤"
        return f"{sign} {self.limit:,g} {self.unit}".rstrip()


@dataclasses.dataclass(frozen=True)
class Cost:
    """What one candidate costs under one workload."""

    workload: str
    candidate: str
    figure: Figure | None
    unit: str
    note: str = ""


@dataclasses.dataclass
class Findings:
    rows: list[Row] = dataclasses.field(default_factory=list)
    costs: list[Cost] = dataclasses.field(default_factory=list)
    raw: dict[str, list] = dataclasses.field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether all bars are reached, and chatnode was never wrong, not even in rows for
        information."""
        judged = [row for row in self.rows if row.limit is not None]
        return (bool(judged) and all(row.verdict == "reached" for row in judged)
                and not any(row.is_wrong for row in self.rows))
