"""The whole model: frames to vision tokens, the clip to one motion token, both into the decoder's input.

Shapes: V videos, R rows of the decoder (a video may have several), N sampled frames, T frames of the motion
branch, S pixels a side, L positions, D decoder width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from modules.config import ModelConfig, VisionConfig
from modules.internvit import InternViT
from modules.profiles import Profile
from modules.projector import pixel_shuffle, projector
from modules.quality_head import QualityHead
from modules.qwen2 import KVCache, Qwen2
from modules.slowfast import SlowFast

if TYPE_CHECKING:
    from modules.fragment_encoder import FragmentEncoder


@dataclass(kw_only=True)
class Encoded:
    """Encoder outputs of V videos; computed once each, whatever the number of completions."""

    frames: Tensor
    """[V, N · tokens per frame, D]: vision tokens in time order."""

    motion: Tensor
    """[V, D]: the motion token."""

    def select(self, videos: Tensor) -> Encoded:
        """Rows [R] of videos, repeats allowed."""
        return Encoded(frames=self.frames[videos], motion=self.motion[videos])


class MotionStatistics(nn.Module):
    """Mean and standard deviation that standardise the input's statistics (`motion_statistics.*`)."""

    def __init__(self, count: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(count))
        self.register_buffer("std", torch.ones(count))


def vision_encoder(config: VisionConfig) -> InternViT | FragmentEncoder:
    """The transformer, or the closed-form values of fragments that stand in its place."""
    if not config.statistics:
        return InternViT(config)
    from modules import fragment_encoder  # a model without them needs no table

    return fragment_encoder.FragmentEncoder(config)


class VQAThinkerModel(nn.Module):
    """Vision encoder, motion encoder, projectors and decoder under the checkpoint's names."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.config = config
        width = config.language.hidden_size
        self.vision_model = vision_encoder(config.vision)
        self.language_model = Qwen2(config.language)
        self.mlp1 = projector(config.shuffled_size, width)
        self.slowfast_model = SlowFast(config.motion)
        self.motion_mlp = projector(config.motion.features, width)
        if config.motion.statistics:
            self.motion_statistics = MotionStatistics(len(config.motion.statistics))
        if config.motion.quality_features:
            motion = config.motion
            shape = len(motion.quality_features), motion.quality_hidden, motion.quality_outputs
            self.quality_head = QualityHead(*shape, width)

    @property
    def dtype(self) -> torch.dtype:
        """Of the weights; pixels are cast to it, statistics are taken from them in fp32."""
        return self.language_model.model.norm.weight.dtype

    def vision_tokens(self, pixels: Tensor) -> Tensor:
        """Normalised frames [V, N, 3, S, S] → [V, N · tokens per frame, D]."""
        frames = pixels.flatten(0, 1)
        if self.config.vision.statistics:
            tokens = self.vision_model(frames).to(self.dtype)
        else:
            tokens = pixel_shuffle(self.vision_model(frames.to(self.dtype)))
        return self.mlp1(tokens).unflatten(0, pixels.shape[:2]).flatten(1, 2)

    def motion_vector(self, pixels: Tensor, profile: Profile) -> Tensor:
        """Normalised frames [V, T, 3, S, S] → the motion projector's input [V, features]."""
        pooled = self.slowfast_model(
            pixels.to(self.dtype), profile.slow_indices, profile.pool_time, profile.pool_space
        )
        names = self.config.motion.statistics
        if not names:
            return pooled
        from modules.statistics import standardised, statistics  # a model without them needs no table

        with torch.no_grad():
            raw = statistics(pixels.float(), names, profile.motion.cell or pixels.shape[-1])
            buffers = self.motion_statistics
            standard = standardised(raw, buffers.mean.float(), buffers.std.float())
        return torch.cat([pooled, standard.to(pooled.dtype)], dim=1)

    def quality_token(self, features: Tensor | None, like: Tensor) -> Tensor:
        """Raw quality features [V, n], NaN or None where missing → addition to motion tokens `like`."""
        names = self.config.motion.quality_features
        if not names:
            return torch.zeros_like(like)
        if features is None:
            features = like.new_full((len(like), len(names)), torch.nan)
        return self.quality_head(features.to(like))

    def motion_token(self, pixels: Tensor, profile: Profile, features: Tensor | None = None) -> Tensor:
        """Normalised frames [V, T, 3, S, S] and quality features [V, n], NaN where missing → [V, D].

        Without features all are missing; a model without a quality head does not read them.
        """
        token = self.motion_mlp(self.motion_vector(pixels, profile))
        return token + self.quality_token(features, token)

    def encode(
        self,
        pixels: Tensor,
        profile: Profile,
        motion_pixels: Tensor | None = None,
        features: Tensor | None = None,
    ) -> Encoded:
        """Normalised frames of the two branches, [V, N, 3, S, S] and [V, T, 3, S, S], to decoder tokens.

        `motion_pixels` may be left out where both branches see the same tensor; features: see `motion_token`.
        """
        motion_pixels = pixels if motion_pixels is None else motion_pixels
        motion = self.motion_token(motion_pixels, profile, features)
        return Encoded(frames=self.vision_tokens(pixels), motion=motion)

    def inputs_embeds(self, input_ids: Tensor, encoded: Encoded, profile: Profile) -> Tensor:
        """Ids [R, L] → [R, L, D], every `<IMG_CONTEXT>` replaced; row r belongs to row r of `encoded`.

        All but the last context id of a row take vision tokens in order, the last takes the motion token.
        Prompts without the motion's slot (an ablation) take the vision tokens alone. Any other number of
        context ids is an error (the official code goes on with unreplaced embeddings).
        """
        tokens = torch.cat([encoded.frames, encoded.motion[:, None]], dim=1)
        slots = input_ids == profile.token_ids.context
        counts = slots.sum(1)
        if (counts == encoded.frames.shape[1]).all():
            tokens = encoded.frames
        if len(tokens) != len(input_ids) or (counts != tokens.shape[1]).any():
            raise ValueError(
                f"prompts with {counts.tolist()} context ids for {len(tokens)} videos of {tokens.shape[1]} "
                "tokens"
            )
        embeds = self.language_model.embed(input_ids)
        return embeds.masked_scatter(slots[..., None], tokens.to(embeds.dtype))

    def forward(
        self,
        input_ids: Tensor,
        encoded: Encoded,
        profile: Profile,
        *,
        position_ids: Tensor | None = None,
        mask: Tensor | None = None,
        cache: KVCache | None = None,
    ) -> Tensor:
        """Ids [R, L] and the tokens of their videos → normed hidden states [R, L, D]; see `Qwen2.forward`."""
        embeds = self.inputs_embeds(input_ids, encoded, profile)
        return self.language_model(embeds, position_ids=position_ids, mask=mask, cache=cache)


def normalised(frames: Tensor, profile: Profile, dtype: torch.dtype = torch.float32) -> Tensor:
    """RGB bytes [..., T, S, S, 3] → [..., T, 3, S, S]: (x / 255 − mean) / std in fp32, then cast."""
    mean, std = (torch.tensor(v, device=frames.device) for v in (profile.mean, profile.std))
    return ((frames.float() / 255 - mean) / std).movedim(-1, -3).to(dtype)
