"""What a bar's measurement comes to: rows of the two tables."""

import dataclasses

from .rounds import Figure


@dataclasses.dataclass(frozen=True)
class Row:
    """A figure beside its bar."""

    bar: str
    workload: str
    what: str
    figure: Figure | None
    limit: float | None = None  # None: for information
    at_least: bool = False
    unit: str = ""  # none: a ratio
    note: str = ""

    @property
    def verdict(self) -> str:
        if self.figure is None:
            return "not measured"
        if self.limit is None:
            return ""
        median = self.figure.median
        good = median >= self.limit if self.at_least else median <= self.limit
        return "reached" if good else "MISSED"

    @property
    def limit_text(self) -> str:
        if self.limit is None:
            return ""
        sign = "≥" if self.at_least else "≤"
        return f"{sign} {self.limit:g} {self.unit}".rstrip()


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
