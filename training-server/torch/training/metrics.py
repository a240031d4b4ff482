"""Sums of a step's metrics that add up over rows and ranks, and the names that TRL gives the results."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass
class MetricSums:
    """Sums, least and greatest values, in double precision."""

    sums: dict[str, Tensor | float] = field(default_factory=lambda: defaultdict(float))
    least: dict[str, Tensor] = field(default_factory=dict)
    greatest: dict[str, Tensor] = field(default_factory=dict)

    def add(self, name: str, value: Tensor | float) -> None:
        # Tensors stay where they are: reading one would wait for the device in the middle of a step.
        self.sums[name] += value.detach().double() if isinstance(value, Tensor) else value

    def spread(self, name: str, values: Tensor) -> None:
        """Takes the extremes of values [n] into account; none of them change nothing."""
        if values.numel():
            low, high = values.detach().amin().double(), values.detach().amax().double()
            self.least[name] = torch.minimum(low, self.least.get(name, low))
            self.greatest[name] = torch.maximum(high, self.greatest.get(name, high))

    def total(self, name: str) -> float:
        return float(self.sums.get(name, 0.0))

    def mean(self, name: str, count: str) -> float:
        """Ratio of two sums, 0 without any."""
        return self.total(name) / self.total(count) if self.total(count) else 0.0

    def extremes(self, name: str) -> tuple[float, float]:
        """Least and greatest value, 0 without any."""
        return float(self.least.get(name, 0.0)), float(self.greatest.get(name, 0.0))

    def reduced(self, all_reduce: Callable[[Tensor, str], Tensor]) -> MetricSums:
        """The same over all ranks; all_reduce(tensor, "sum" | "min" | "max") is the caller's collective.

        Every rank must have added the same names.
        """
        merged = MetricSums()

        def reduce(values_by_name: Mapping[str, Tensor | float], kind: str) -> dict[str, Tensor]:
            names = sorted(values_by_name)
            if not names:
                return {}
            values = torch.tensor([float(values_by_name[name]) for name in names], dtype=torch.float64)
            return dict(zip(names, all_reduce(values, kind), strict=True))

        merged.sums.update(reduce(self.sums, "sum"))
        merged.least.update(reduce(self.least, "min"))
        merged.greatest.update(reduce(self.greatest, "max"))
        return merged


def step_metrics(norm: float, taken: bool, lr: float) -> dict[str, float]:
    """Metrics of an optimiser step: gradient norm before clipping, learning rate, and 1 where the step was
    skipped because the norm was not finite."""
    return {"grad_norm": norm, "learning_rate": lr, "skipped": 0.0 if taken else 1.0}


def policy_metrics(sums: MetricSums) -> dict[str, float]:
    """TRL's names for what a policy update has summed up."""
    lengths, ended = sums.extremes("length"), sums.extremes("ended_length")
    return {
        "loss": sums.total("loss"),
        "kl": sums.mean("kl", "tokens"),
        "entropy": sums.mean("entropy", "tokens"),
        "importance_ratio/mean": sums.mean("ratio", "ratios"),
        "clip_ratio/low_mean": sums.mean("clip_low", "ratios"),
        "clip_ratio/low_min": sums.extremes("clip_low_rate")[0],
        "clip_ratio/high_mean": sums.mean("clip_high", "ratios"),
        "clip_ratio/high_max": sums.extremes("clip_high_rate")[1],
        "clip_ratio/region_mean": sums.mean("clip_region", "ratios"),
        "completions/mean_length": sums.mean("tokens", "completions"),
        "completions/min_length": lengths[0],
        "completions/max_length": lengths[1],
        "completions/clipped_ratio": 1 - sums.mean("ended", "completions")
        if sums.total("completions")
        else 0.0,
        "completions/mean_terminated_length": sums.mean("ended_tokens", "ended"),
        "completions/min_terminated_length": ended[0],
        "completions/max_terminated_length": ended[1],
        "num_tokens": sums.total("all_tokens"),
    }
