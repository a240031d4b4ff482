"""Floating-point operations of the model's parts, from its config: the numerator of MFU.

A multiplication and its addition are two operations. Only matrix products and convolutions count; attention
counts the pairs that the mask allows. Forward passes: a backward pass costs twice as much again, and what is
computed a second time to save memory counts as nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modules.config import ModelConfig
from modules.profiles import Profile
from modules.slowfast import (
    CHANNEL_RATIO,
    FAST_TIME_KERNELS,
    FUSION_STRIDE,
    SLOW_TIME_KERNELS,
    SPATIAL_STRIDES,
)


@dataclass(frozen=True, kw_only=True)
class ModelFlops:
    """Operations of one forward pass of each part."""

    config: ModelConfig
    """Widths and depths."""

    profile: Profile
    """Frames and sizes."""

    @property
    def vision_frame(self) -> float:
        """One frame: encoder and projector."""
        c, d = self.config.vision, self.config.vision.hidden_size
        patches = (self.profile.size // c.patch_size) ** 2
        tokens = patches + 1
        layer = tokens * 2 * (4 * d * d + 2 * d * c.intermediate_size) + 4 * tokens * tokens * d
        embedding = patches * 2 * 3 * c.patch_size**2 * d
        width = self.config.language.hidden_size
        projector = self.profile.tokens_per_frame * 2 * (4 * d * width + width * width)
        return embedding + c.num_hidden_layers * layer + projector

    @property
    def motion_clip(self) -> float:
        """One clip through the motion extractor."""
        return 2.0 * slowfast_products(self.config, self.profile)

    @property
    def motion_projector(self) -> float:
        """One motion vector."""
        width = self.config.language.hidden_size
        return 2.0 * (self.config.motion.features * width + width * width)

    @property
    def token(self) -> float:
        """One token through the decoder's layers, attention's pairs and the head left out."""
        c = self.config.language
        heads = (2 * c.num_attention_heads + 2 * c.num_key_value_heads) * c.head_dim
        return c.num_hidden_layers * 2.0 * c.hidden_size * (heads + 3 * c.intermediate_size)

    @property
    def pair(self) -> float:
        """One query meeting one key, in all layers and heads."""
        c = self.config.language
        return 4.0 * c.num_hidden_layers * c.num_attention_heads * c.head_dim

    @property
    def head(self) -> float:
        """The logits of one position."""
        return 2.0 * self.config.language.hidden_size * self.config.language.vocab_size

    def prompt(self, length: int) -> float:
        """Reading a prompt of `length` tokens, the logits of its last position included."""
        return length * self.token + self.pair * length * (length + 1) / 2 + self.head

    def completion(self, prompt: int, tokens: int) -> float:
        """Drawing (or scoring) a completion after the prefill of its prompt: its first token comes with the
        prompt, its last is no input."""
        inputs = tokens - 1
        pairs = inputs * prompt + inputs * (inputs + 1) / 2
        return inputs * (self.token + self.head) + self.pair * pairs

    def packed(self, prompt: int, completions: Sequence[int]) -> float:
        """Scoring all completions of one prompt in a packed row, each with the logits of its first token."""
        drawn = sum(self.completion(prompt, tokens) for tokens in completions)
        return self.prompt(prompt) + drawn + (len(completions) - 1) * self.head


def slowfast_products(config: ModelConfig, profile: Profile) -> float:
    """Multiplications of the motion extractor for one clip (48.99 G at 6 × 448², SlowFast-R50)."""
    c = config.motion
    if not c.depths:
        return 0.0
    fast_time, slow_time = profile.motion_frames, len(profile.slow_indices)
    size = _halved(profile.size)  # after the stems' convolutions
    total = size**2 * 3 * 49 * (c.stem_slow * slow_time + c.stem_fast * c.fast_stem_time * fast_time)
    size = _halved(size)  # after their pools
    fused = -(-fast_time // FUSION_STRIDE)
    kernel = c.fast_to_slow_kernel

    def lateral(channels: int) -> float:
        return fused * size**2 * channels * CHANNEL_RATIO * channels * kernel

    slow_in, fast_in = c.stem_slow, c.stem_fast
    total += lateral(fast_in)
    slow_in += CHANNEL_RATIO * fast_in
    for i, depth in enumerate(c.depths):
        before, size = size, -(-size // SPATIAL_STRIDES[i])
        for inputs, inner, kernels, time in (
            (slow_in, c.inner_slow << i, SLOW_TIME_KERNELS, slow_time),
            (fast_in, c.inner_fast << i, FAST_TIME_KERNELS, fast_time),
        ):
            outputs = inner * c.expansion
            for block in range(depth):
                here = before if block == 0 else size
                entering = inputs if block == 0 else outputs
                total += time * here**2 * entering * inner * kernels[i]
                total += time * size**2 * (9 * inner * inner + inner * outputs)
                total += time * size**2 * entering * outputs * (block == 0)
        slow_in, fast_in = (c.inner_slow << i) * c.expansion, (c.inner_fast << i) * c.expansion
        if i + 1 < len(c.depths):
            total += lateral(fast_in)
            slow_in += CHANNEL_RATIO * fast_in
    return float(total)


def _halved(size: int) -> int:
    return -(-size // 2)


@dataclass(frozen=True, kw_only=True)
class StepFlops:
    """Operations that a GRPO step needs when nothing is computed twice."""

    rollout: float
    """Encoding, prompts and completions, of clean and perturbed clips."""

    reference: float
    """Scores by the reference."""

    policy: float
    """Scores by the policy and their gradients: three forward passes of what trains."""

    @property
    def total(self) -> float:
        return self.rollout + self.reference + self.policy


def step_flops(
    flops: ModelFlops,
    *,
    prompt: int,
    completions: Sequence[Sequence[int]],
    perturbed: Sequence[Sequence[int]] = (),
    vision_trains: bool = True,
    with_reference: bool = True,
) -> StepFlops:
    """A step over videos with the given completion lengths, and perturbed clips, whose completions are only
    drawn.

    The motion extractor is frozen: it runs once a clip, and not at all for what is trained on.
    """
    vision = flops.profile.frames * flops.vision_frame
    rollout = 0.0
    for lengths in [*completions, *perturbed]:
        rollout += vision + flops.motion_clip + flops.motion_projector + flops.prompt(prompt)
        rollout += sum(flops.completion(prompt, tokens) for tokens in lengths)
    packed = sum(flops.packed(prompt, lengths) for lengths in completions)
    seen = len(completions) * (vision if vision_trains else 0.0)
    return StepFlops(
        rollout=rollout,
        reference=(packed + seen) if with_reference else 0.0,
        policy=3 * (packed + seen),
    )
