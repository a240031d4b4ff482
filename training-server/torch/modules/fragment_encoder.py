"""A vision encoder without weights: standardised closed-form values of every fragment.

It stands in the place of the transformer where `vision_config.statistics` names values; `mlp1` then reads one
token of each fragment. A token sees its own fragment of its own frame and nothing else.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from modules.config import ConfigError, VisionConfig
from modules.statistics import FRAME_MAPS, ROWS, fragment_values, standardised


class FragmentEncoder(nn.Module):
    """`vision_model.{mean, std}`: of the values, in the order of `vision_config.statistics`.

    Raises ConfigError for a name that is none of a statistic of one frame.
    """

    def __init__(self, config: VisionConfig):
        super().__init__()
        for name in config.statistics:
            if name not in ROWS or ROWS[name]["map"] not in FRAME_MAPS:
                raise ConfigError(f"vision_config.statistics: no statistic of one frame is called {name}")
        self.config = config
        self.register_buffer("mean", torch.zeros(len(config.statistics)))
        self.register_buffer("std", torch.ones(len(config.statistics)))
        self.recompute_layers = False

    @property
    def layers(self) -> list[nn.Module]:
        """No layer that could be sharded or computed again."""
        return []

    @torch.no_grad()
    def forward(self, pixels: Tensor) -> Tensor:
        """Normalised pixels [n, 3, S, S] → [n, (S / block)², k] fp32; a block is 2 × 2 patches."""
        raw = fragment_values(pixels.float(), self.config.statistics, 2 * self.config.patch_size)
        return standardised(raw, self.mean.float(), self.std.float())
