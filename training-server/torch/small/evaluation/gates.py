"""The gates, `gates.json`, and the tables that the command prints."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from small.evaluation.figure import OF_HEADS, Figure


@dataclass(frozen=True, kw_only=True)
class Gate:
    """A value that a figure must reach."""

    figure: str
    at: Literal["least", "most", "within"]
    """`within`: between minus the value and the value."""

    goal: float
    """Of a model trained on a graphics card."""

    floor: float | None = None
    """Of a model trained on two cores; none = the goal is all there is, and missing it is no failure."""

    interval: bool = False
    """The whole interval must lie beyond the value."""

    def reached(self, figure: Figure, wanted: float) -> bool:
        value = figure.value
        if self.interval:
            end = figure.low if self.at == "least" else figure.high
            return end is not None and (end > wanted if self.at == "least" else end < wanted)
        if math.isnan(value):
            return False
        value = round(value, 6)  # 1.9999999 out of a mean of ones is 2
        return {"least": value >= wanted, "most": value <= wanted, "within": abs(value) <= wanted}[self.at]

    def met(self, figure: Figure) -> bool:
        return self.reached(figure, self.goal if self.floor is None else self.floor)

    def wanted(self, value: float | None) -> str:
        if value is None:
            return "–"
        sign = {"least": ">" if self.interval else "≥", "most": "<" if self.interval else "≤", "within": "±"}
        return f"{sign[self.at]} {value:g}"


GATES = tuple(
    Gate(**row) for row in json.loads(Path(__file__).with_name("gates.json").read_text("utf-8"))["gates"]
)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    gate: Gate
    figure: Figure | None
    """None = not measured."""

    @property
    def failed(self) -> bool:
        """A floor that was measured and missed."""
        return self.figure is not None and self.gate.floor is not None and not self.gate.met(self.figure)

    @property
    def word(self) -> str:
        if self.figure is None:
            return "not measured"
        if self.gate.floor is None:
            return "goal met" if self.gate.met(self.figure) else "goal missed"
        return "met" if self.gate.met(self.figure) else "MISSED"


def verdicts(figures: Sequence[Figure], gates: Sequence[Gate] = GATES) -> list[Verdict]:
    """Every gate with its figure; where there is one head only, its figure is the mean of heads."""
    by_name = {figure.name: figure for figure in figures}
    return [
        Verdict(gate=g, figure=by_name.get(g.figure) or by_name.get(g.figure.removesuffix(OF_HEADS)))
        for g in gates
    ]


def _value(figure: Figure) -> str:
    return (
        f"{figure.value:g}"
        if figure.value == int(figure.value or 0) and figure.value > 1
        else f"{figure.value:.3f}"
    )


def _interval(figure: Figure) -> str:
    return "" if figure.low is None or figure.high is None else f"{figure.low:.3f} to {figure.high:.3f}"


def gate_table(found: Sequence[Verdict]) -> str:
    """Markdown: gate, value, interval, n, floor, goal, met."""
    lines = [
        "| gate | value | 95 % interval | n | floor (two cores) | goal (CUDA) | |",
        "|---|---|---|---|---|---|---|",
    ]
    for v in found:
        measured = (
            ("", "", "") if v.figure is None else (_value(v.figure), _interval(v.figure), str(v.figure.n))
        )
        wanted = (v.gate.wanted(v.gate.floor), v.gate.wanted(v.gate.goal))
        lines.append(f"| {' | '.join((v.gate.figure, *measured, *wanted, v.word))} |")
    return "\n".join(lines)


def figure_table(figures: Sequence[Figure]) -> str:
    """Markdown: every figure with its interval and n."""
    lines = ["| figure | value | 95 % interval | n |", "|---|---|---|---|"]
    lines += [f"| {f.name} | {_value(f)} | {_interval(f)} | {f.n} |" for f in figures]
    return "\n".join(lines)
