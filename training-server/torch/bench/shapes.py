"""Inputs for measurements and estimates of models by size: prompts, pixels, lengths of completions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import torch
from torch import Generator, Tensor

from engine.shapes import PUBLISHED, config_of, published
from modules.config import ModelConfig
from training.clips import ClipPixels


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A model's sizes and the prompt that goes with its profile."""

    config: Callable[[], ModelConfig]
    """The configuration."""

    text: int
    """Tokens of the prompt beside the context tokens and the pairs around images."""

    mean_completion: int
    """Tokens of a typical completion."""

    def prompt_length(self) -> int:
        """Tokens of a prompt."""
        profile = self.config().profile
        return profile.context_tokens + 2 * (profile.frames + 1) + self.text

    def prompt_ids(self, seed: int) -> Tensor:
        """A prompt of the official layout with random words [L]."""
        config = self.config()
        ids, profile = config.profile.token_ids, config.profile
        generator = Generator().manual_seed(seed)
        text_ids = torch.randint(0, min(1000, ids.image_start), (self.text,), generator=generator)
        pieces = [text_ids[: self.text // 2]]
        for count in [profile.tokens_per_frame] * profile.frames + [1]:
            pieces.append(torch.tensor([ids.image_start, *[ids.context] * count, ids.image_end]))
        return torch.cat([*pieces, text_ids[self.text // 2 :]])

    def clip(self, seed: int) -> ClipPixels:
        """Random pixels of the profile's clip."""
        profile = self.config().profile
        generator = Generator().manual_seed(seed)

        def frames(count: int) -> Tensor:
            return torch.randint(
                0, 256, (count, profile.size, profile.size, 3), generator=generator, dtype=torch.uint8
            )

        pairs = profile.motion_frames != profile.frames
        return ClipPixels(
            frames=frames(profile.frames),
            motion_frames=frames(profile.motion_frames) if pairs else None,
            key=seed,
            frame_keys=[(seed, k) for k in range(profile.frames)],
        )


SHAPES = {
    "small": Shape(config=cache(partial(config_of, "small")), text=110, mean_completion=60),
    **{
        name: Shape(config=cache(partial(published, name)), text=160, mean_completion=170)
        for name in PUBLISHED
    },
}
"""By name; the family's prompts are about 1.7 k tokens, an estimate until a tokenizer has counted them."""
