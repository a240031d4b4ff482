"""Metrics of a step from the sums of all ranks."""

from __future__ import annotations

import torch

from engine.ranks import Ranks
from training.metrics import MetricSums


def merged(sums: MetricSums, ranks: Ranks) -> MetricSums:
    """The same over all ranks. A rank without a row has added nothing, so names travel with values."""
    local = tuple(
        {name: float(value) for name, value in values.items()}
        for values in (sums.sums, sums.least, sums.greatest)
    )
    total = MetricSums()
    for added, least, greatest in ranks.gather(local):
        for name, value in added.items():
            total.add(name, value)
        for name in least:
            total.spread(name, torch.tensor([least[name], greatest[name]], dtype=torch.float64))
    return total
