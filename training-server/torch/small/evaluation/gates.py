"""The gates of `gates.json`, and the tables that `npm run evaluate-small` prints."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from small.evaluation.metric import OF_HEADS, Metric


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Requirement on a metric."""

    metric: str
    at: Literal["least", "most", "within"]
    """`within`: between minus the value and the value."""

    goal: float
    """Required of a model trained on a graphics card."""

    floor: float | None = None
    """Required of a model trained on two cores; None: missing the goal is no failure."""

    interval: bool = False
    """The whole interval must lie beyond the value."""

    def reached(self, metric: Metric, wanted: float) -> bool:
        value = metric.value
        if self.interval:
            end = metric.low if self.at == "least" else metric.high
            return end is not None and (end > wanted if self.at == "least" else end < wanted)
        if math.isnan(value):
            return False
        value = round(value, 6)  # 1.9999999 out of a mean of ones is 2
        return {"least": value >= wanted, "most": value <= wanted, "within": abs(value) <= wanted}[self.at]

    def met(self, metric: Metric) -> bool:
        return self.reached(metric, self.goal if self.floor is None else self.floor)

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
    metric: Metric | None
    """None: not measured."""

    @property
    def failed(self) -> bool:
        """True where the metric was measured and its floor missed."""
        return self.metric is not None and self.gate.floor is not None and not self.gate.met(self.metric)

    @property
    def outcome(self) -> str:
        if self.metric is None:
            return "not measured"
        if self.gate.floor is None:
            return "goal met" if self.gate.met(self.metric) else "goal missed"
        return "met" if self.gate.met(self.metric) else "MISSED"


def verdicts(metrics: Sequence[Metric], gates: Sequence[Gate] = GATES) -> list[Verdict]:
    """Every gate with its metric; the metric of a single head stands for the mean of heads."""
    by_name = {metric.name: metric for metric in metrics}
    return [
        Verdict(gate=g, metric=by_name.get(g.metric) or by_name.get(g.metric.removesuffix(OF_HEADS)))
        for g in gates
    ]


def _value(metric: Metric) -> str:
    return (
        f"{metric.value:g}"
        if metric.value == int(metric.value or 0) and metric.value > 1
        else f"{metric.value:.3f}"
    )


def _interval(metric: Metric) -> str:
    return "" if metric.low is None or metric.high is None else f"{metric.low:.3f} to {metric.high:.3f}"


def gate_table(every: Sequence[Verdict], floor: str = "floor (two cores)", goal: str = "goal (CUDA)") -> str:
    """Markdown: gate, value, interval, n, floor, goal, met. floor, goal: titles of their columns."""
    lines = [
        f"| gate | value | 95 % interval | n | {floor} | {goal} | |",
        "|---|---|---|---|---|---|---|",
    ]
    for v in every:
        measured = (
            ("", "", "") if v.metric is None else (_value(v.metric), _interval(v.metric), str(v.metric.n))
        )
        wanted = (v.gate.wanted(v.gate.floor), v.gate.wanted(v.gate.goal))
        lines.append(f"| {' | '.join((v.gate.metric, *measured, *wanted, v.outcome))} |")
    return "\n".join(lines)


def metric_table(metrics: Sequence[Metric]) -> str:
    """Markdown: every metric with its interval and n."""
    lines = ["| metric | value | 95 % interval | n |", "|---|---|---|---|"]
    lines += [f"| {f.name} | {_value(f)} | {_interval(f)} | {f.n} |" for f in metrics]
    return "\n".join(lines)
