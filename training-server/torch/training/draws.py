"""Random numbers of completions: each completion has its own, whatever runs beside it.

Completion k of video n under a seed always draws the same numbers: in another batch size, another slot, on
another rank, after a resume.
"""

from __future__ import annotations

import torch
from torch import Tensor

_MASK = (1 << 64) - 1


def mixed(*numbers: int) -> int:
    """One number below 2⁶³ from several (SplitMix64 over them): neighbouring inputs, unrelated outputs."""
    state = 0
    for number in numbers:
        state = (state + (number & _MASK) + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state >> 1


def completion_draws(seed: int, number: int, sample: int, count: int) -> Tensor:
    """Uniform draws [count] in [0, 1), double, of one completion; a longer list starts with the shorter one.

    number: the video's number in the whole batch of the step, over all ranks.
    """
    generator = torch.Generator().manual_seed(mixed(seed, number, sample))
    return torch.rand(count, generator=generator, dtype=torch.float64)
