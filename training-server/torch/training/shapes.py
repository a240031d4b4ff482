"""Shapes of models to measure and to reckon with: the released family and the bundled small model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from modules.config import LanguageConfig, ModelConfig, MotionConfig, VisionConfig
from modules.profiles import BUILT_IN_PROFILES, BranchPixels, TokenIds, profile_of
from training.clips import ClipPixels


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A model's sizes and the prompt that goes with its profile."""

    config: Callable[[], ModelConfig]
    """The configuration."""

    text: int
    """Tokens of the prompt beside the context tokens and the pairs around images."""

    mean_answer: int
    """Tokens of a typical answer."""

    def prompt_length(self) -> int:
        """Tokens of a prompt."""
        profile = self.config().profile
        return profile.context_tokens + 2 * (profile.frames + 1) + self.text

    def prompt_ids(self, seed: int) -> Tensor:
        """A prompt of the official layout with random words [L]."""
        config = self.config()
        ids, profile = config.profile.token_ids, config.profile
        generator = Generator().manual_seed(seed)
        words = torch.randint(0, min(1000, ids.image_start), (self.text,), generator=generator)
        pieces = [words[: self.text // 2]]
        for count in [profile.tokens_per_frame] * profile.frames + [1]:
            pieces.append(torch.tensor([ids.image_start, *[ids.context] * count, ids.image_end]))
        return torch.cat([*pieces, words[self.text // 2 :]])

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


def _family(hidden: int, intermediate: int, layers: int, heads: int, kv_heads: int) -> Callable:
    def config() -> ModelConfig:
        return ModelConfig(
            language=LanguageConfig(
                hidden_size=hidden,
                intermediate_size=intermediate,
                num_hidden_layers=layers,
                num_attention_heads=heads,
                num_key_value_heads=kv_heads,
            ),
            profiles=dict(BUILT_IN_PROFILES),
            default_profile="train6@448",
        )

    return config


def _small() -> ModelConfig:
    """The bundled model: 8 pairs of frames of 7 × 7 fragments of 32 pixels."""
    fragments = BranchPixels(pixels="fragments", cell=32)
    profile = profile_of(
        "small",
        frames=8,
        size=224,
        patch=16,
        token_ids=TokenIds(image_start=1078, image_end=1079, context=1080),
        places="golden",
        vision=fragments,
        motion=BranchPixels(pixels="fragments", cell=32, take="pairs"),
    )
    return ModelConfig(
        vision=VisionConfig(
            hidden_size=192,
            num_hidden_layers=3,
            num_attention_heads=6,
            intermediate_size=768,
            patch_size=16,
            image_size=224,
        ),
        language=LanguageConfig(
            vocab_size=1081,
            hidden_size=192,
            intermediate_size=512,
            num_hidden_layers=4,
            num_attention_heads=6,
            num_key_value_heads=2,
            tie_word_embeddings=True,
        ),
        motion=MotionConfig(
            stem_slow=12,
            stem_fast=4,
            fast_stem_time=3,
            inner_slow=8,
            inner_fast=4,
            expansion=2,
            depths=(1, 2, 1, 1),
            fast_to_slow_kernel=5,
        ),
        profiles={profile.name: profile},
        default_profile=profile.name,
    )


SHAPES = {
    "small": Shape(config=_small, text=100, mean_answer=60),
    "1b": Shape(config=_family(896, 4864, 24, 14, 2), text=160, mean_answer=170),
    "2b": Shape(config=_family(1536, 8960, 28, 12, 2), text=160, mean_answer=170),
    "8b": Shape(config=_family(3584, 18944, 28, 28, 4), text=160, mean_answer=170),
}
"""By name; the family's prompts are about 1.7 k tokens, an estimate until a tokenizer has counted them."""
