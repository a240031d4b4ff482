"""The motion network: the fast pathway of SlowFast alone, one feature a dense frame.

The official model computes both pathways and reads the fast one. Lateral connections run from fast to slow
only, so the slow pathway cannot change a feature; it is neither built nor loaded here.

Shapes: T dense frames, S pixels a side, C feature width.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from modules.slowfast import FAST_TIME_KERNELS, SPATIAL_STRIDES, Stage, Stem
from modules.vqa2.config import FastConfig


class FastBlock(nn.Module):
    """One depth of the network under its official name, where index 0 was the slow pathway."""

    def __init__(self, fast: nn.Module):
        super().__init__()
        self.multipathway_blocks = nn.ModuleDict({"1": fast})

    def forward(self, frames: Tensor, time: int) -> Tensor:
        return self.multipathway_blocks["1"](frames, time)


class MotionNet(nn.Module):
    """`model.slowfast` of the checkpoint: stem, four stages, mean over space, position embedding."""

    def __init__(self, config: FastConfig):
        super().__init__()
        c = config
        blocks: list[nn.Module] = [Stem(c.stem, c.stem_time)]
        inputs = c.stem
        for i, depth in enumerate(c.depths):
            inner = c.inner << i
            outputs = inner * c.expansion
            blocks.append(Stage(depth, inputs, inner, outputs, FAST_TIME_KERNELS[i], SPATIAL_STRIDES[i]))
            inputs = outputs
        self.feature_extraction = nn.ModuleList(FastBlock(block) for block in blocks)
        self.position_embedding = nn.Embedding(c.positions, c.features)
        self.config = config
        self.gradient = True
        """False where the convolutions run without gradient, as in all code but the latest trainer."""

    def blocks(self, pixels: Tensor) -> Iterator[Tensor]:
        """Yields [T, channels, h, w] after each of the five blocks of one clip [T, 3, S, S]."""
        frames, time = pixels, len(pixels)
        for block in self.feature_extraction:
            frames = block(frames, time)
            yield frames

    def pooled(self, pixels: Tensor, chunk: int | None = None) -> Tensor:
        """Normalised frames [T, 3, S, S] of a whole clip → features [T, C] before the position embedding.

        chunk: frames computed at a time, each with `halo` neighbours on both sides, so that memory does not
        grow with the clip; equal to the whole clip but for rounding. Not while batch norms train: their
        statistics are those of the clip.
        """
        if chunk is not None and self.training:
            raise ValueError("batch norm in training takes its statistics from the whole clip: no chunks")
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.gradient):
            time = len(pixels)
            if chunk is None or chunk >= time:
                return self._last(pixels).mean((2, 3))
            halo, parts = self.config.halo, []
            for start in range(0, time, chunk):
                first, end = max(0, start - halo), min(time, start + chunk)
                features = self._last(pixels[first : min(time, end + halo)])
                parts.append(features[start - first : end - first].mean((2, 3)))
            return torch.cat(parts)

    def _last(self, pixels: Tensor) -> Tensor:
        return deque(self.blocks(pixels), maxlen=1).pop()

    def forward(self, pixels: Tensor, chunk: int | None = None) -> Tensor:
        """Normalised frames [T, 3, S, S] → features [T, C] with their positions added."""
        time = len(pixels)
        if not self.config.position_embedding:
            return self.pooled(pixels, chunk)
        if time > self.config.positions:
            raise ValueError(f"{time} dense frames; the position embedding has {self.config.positions} rows")
        return self.pooled(pixels, chunk) + self.position_embedding.weight[:time]
