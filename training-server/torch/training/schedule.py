"""The learning rate of a step."""

from __future__ import annotations

import math
from dataclasses import dataclass

KINDS = ("constant", "linear", "cosine")


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Warm-up, then a decay over the rest of the steps."""

    lr: float
    """Peak."""

    kind: str = "constant"
    """After the warm-up: "constant", or down to `floor` by a straight line or half a cosine."""

    steps: int = 0
    """Optimiser steps of the whole run; needed by the kinds that decay."""

    warmup: int = 0
    """Steps of linear warm-up from lr / warmup to lr."""

    floor: float = 0.0
    """Learning rate at the end, as a share of the peak."""

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"schedule.kind is {self.kind!r}, not one of {', '.join(KINDS)}")
        if self.kind != "constant" and self.steps <= self.warmup:
            raise ValueError(f"schedule.steps is {self.steps}, which the warm-up of {self.warmup} uses up")

    def at(self, step: int) -> float:
        """Learning rate of optimiser step `step`, counted from 0; past the end it is the floor."""
        if step < self.warmup:
            return self.lr * (step + 1) / self.warmup
        if self.kind == "constant":
            return self.lr
        done = min(1.0, (step - self.warmup) / (self.steps - self.warmup))
        left = 1 - done if self.kind == "linear" else 0.5 * (1 + math.cos(math.pi * done))
        return self.lr * (self.floor + (1 - self.floor) * left)
