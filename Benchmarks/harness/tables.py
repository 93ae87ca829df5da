"""The findings as text for a terminal, as Markdown for the pages, as JSON for programs."""

import dataclasses
import json
from typing import Any

from .rounds import Figure
from .rows import Findings


def number(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    if value >= 100:
        return f"{value:.0f}"
    if value >= 10:
        return f"{value:.1f}"
    if value >= 0.1:
        return f"{value:.2f}"
    return f"{value:.4f}"


def spread(figure: Figure | None) -> tuple[str, str]:
    """Returns the median, and the quartiles with the extremes in brackets."""
    if figure is None:
        return "–", ""
    if figure.count == 1:
        return number(figure.median), ""
    quartiles = f"{number(figure.low)}–{number(figure.high)}"
    return number(figure.median), f"{quartiles} ({number(figure.least)}–{number(figure.most)})"


BAR_HEAD = ["", "workload", "what", "median", "quartiles (extremes)", "n", "bar", "", "note"]
COST_HEAD = ["workload", "candidate", "median", "quartiles (extremes)", "n", "unit", "note"]


def bar_lines(findings: Findings) -> list[list[str]]:
    lines = []
    for row in findings.rows:
        median, around = spread(row.figure)
        unit = f" {row.unit}" if row.unit and row.figure else ""
        lines.append([row.bar, row.workload, row.what, median + unit, around,
                      str(row.figure.count) if row.figure else "0", row.limit_text, row.verdict,
                      row.note])
    return lines


def cost_lines(findings: Findings) -> list[list[str]]:
    lines = []
    for cost in findings.costs:
        median, around = spread(cost.figure)
        lines.append([cost.workload, cost.candidate, median, around,
                      str(cost.figure.count) if cost.figure else "0", cost.unit, cost.note])
    return lines


def text_table(head: list[str], lines: list[list[str]]) -> str:
    widths = [max(len(line[column]) for line in [head, *lines]) for column in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
                     for line in [head, *lines])


def markdown_table(head: list[str], lines: list[list[str]]) -> str:
    def row(cells: list[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    return "\n".join([row(head), "|" + "---|" * len(head), *map(row, lines)])


def markdown(findings: Findings, about: dict[str, Any]) -> str:
    facts = "\n".join(f"- {key}: {value}" for key, value in about.items())
    return (f"{facts}\n\n{markdown_table(BAR_HEAD, bar_lines(findings))}\n\n"
            f"{markdown_table(COST_HEAD, cost_lines(findings))}\n")


def text(findings: Findings, about: dict[str, Any]) -> str:
    facts = "\n".join(f"{key}: {value}" for key, value in about.items())
    return (f"{facts}\n\n{text_table(BAR_HEAD, bar_lines(findings))}\n\n"
            f"{text_table(COST_HEAD, cost_lines(findings))}\n")


def as_json(findings: Findings, about: dict[str, Any]) -> str:
    rows = [{**dataclasses.asdict(row), "verdict": row.verdict} for row in findings.rows]
    costs = [dataclasses.asdict(cost) for cost in findings.costs]
    return json.dumps({"about": about, "bars": rows, "costs": costs, "rounds": findings.raw},
                      indent=1, ensure_ascii=False)
