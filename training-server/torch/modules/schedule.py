"""The learning-rate schedule of every stage that has one: linear warm-up, then a cosine to zero."""

from __future__ import annotations

import math


def warmup_cosine(step: int, *, peak: float, warmup: int, progress: float) -> float:
    """Learning rate of optimiser step `step`, counted from 1.

    It rises linearly to `peak` over `warmup` steps and is multiplied by (1 + cos(π · progress)) / 2.
    progress: share of the training that is done, 0 to 1, in steps or in a budget of seconds.
    """
    return peak * min(1.0, step / warmup) * 0.5 * (1 + math.cos(math.pi * progress))
