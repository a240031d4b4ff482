"""The tensors between the stages of the model, under the names of the conformance folder.

These names are defined here alone; `conformance` compares them with recorded ones, `random_checkpoint`
records them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from modules.generate import Completions, Sampling, generate
from modules.profiles import Profile
from modules.projector import pixel_shuffle
from modules.slowfast import pooled
from modules.vqathinker import Encoded, VQAThinkerModel, normalised

LAST = 8
"""Positions at the end of the prompt that are recorded of every decoder layer."""

COMPLETION = 20
"""Greedy tokens that are recorded."""


@dataclass(kw_only=True)
class Clip:
    """One prompt and its video, as the model gets them."""

    frames: Tensor
    """[N, S, S, 3] uint8: the sampled frames."""

    input_ids: Tensor
    """[1, L]: the prompt."""

    motion_frames: Tensor | None = None
    """[T, S, S, 3] uint8 where the motion branch sees other frames than the vision branch."""

    quality_features: Tensor | None = None
    """[n], NaN where missing, of a model with a quality head."""

    def tensors(self) -> dict[str, Tensor]:
        given = {
            "input.frames": self.frames,
            "input.input_ids": self.input_ids,
            "input.motion_frames": self.motion_frames,
            "input.quality_features": self.quality_features,
        }
        return {name: tensor for name, tensor in given.items() if tensor is not None}

    def encode(self, model: VQAThinkerModel, profile: Profile) -> Encoded:
        """Both branches' tokens, V = 1."""
        motion = None if self.motion_frames is None else normalised(self.motion_frames[None], profile)
        return model.encode(normalised(self.frames[None], profile), profile, motion, self.features)

    @property
    def features(self) -> Tensor | None:
        """[1, n]"""
        return None if self.quality_features is None else self.quality_features[None]


def _vision_stages(model: VQAThinkerModel, profile: Profile, pixels: Tensor) -> Iterator[tuple[str, Tensor]]:
    """The vision branch, of the normalised frames [N, 3, S, S]."""
    if model.config.vision.statistics:
        values = model.vision_model(pixels)
        yield "vision_statistics.frame0", values[0]
        yield "mlp1.frame0", model.mlp1(values[:1].to(model.dtype))[0]
        return
    vision = model.vision_model
    grid = profile.size // model.config.vision.patch_size
    yield "vit.position_embedding", vision.embeddings.positions(grid)[0]
    yield "vit.patch_conv.frame0", vision.embeddings.patches(pixels[:1])[0]
    names = ["vit.embeddings", *(f"vit.layers.{i}" for i in range(model.config.vision.num_hidden_layers))]
    for name, tokens in zip(names, vision.layer_outputs(pixels), strict=True):
        yield f"{name}.frame0", tokens[0]
    yield f"{name}.mean_over_tokens", tokens[:, 1:].mean(1)
    shuffled = pixel_shuffle(tokens[:, 1:])
    yield "pixel_shuffle.frame0", shuffled[0]
    yield "mlp1.frame0", model.mlp1(shuffled[:1])[0]


@torch.no_grad()
def stage_tensors(model: VQAThinkerModel, profile: Profile, clip: Clip) -> Iterator[tuple[str, Tensor]]:
    """Yields name and tensor from the pixels to the logits of the prompt's last positions."""
    pixels = normalised(clip.frames, profile)
    yield "pixel_values.row_mid", pixels[:, :, profile.size // 2]
    yield "pixel_values.mean", pixels.mean((2, 3))
    yield from _vision_stages(model, profile, pixels)

    motion = pixels if clip.motion_frames is None else normalised(clip.motion_frames, profile)
    for b, (slow, fast) in enumerate(model.slowfast_model.blocks(motion[None], profile.slow_indices)):
        for pathway, features in (("slow", slow), ("fast", fast)):
            by_channel = features[0].transpose(0, 1)  # [C, t, h, w]
            yield f"slowfast.{b}.{pathway}.row_mid", by_channel[:, :, by_channel.shape[2] // 2]
            yield f"slowfast.{b}.{pathway}.mean", by_channel.mean((2, 3))
    width = model.config.motion.slow_features + model.config.motion.fast_features
    if width:
        vectors = [
            pooled(slow, profile.pool_time.slow, profile.pool_space),
            pooled(fast, profile.pool_time.fast, profile.pool_space),
        ]
        yield "slowfast.pooled", torch.cat(vectors, dim=1)[0]
    if model.config.motion.statistics:
        yield "motion_statistics", model.motion_vector(motion[None], profile)[0, width:]
    if model.config.motion.quality_features and clip.features is not None:
        yield "quality_head", model.quality_head.predicted(clip.features)[0]
    yield "motion_mlp", model.motion_token(motion[None], profile, clip.features)[0]

    embeds = model.inputs_embeds(clip.input_ids, clip.encode(model, profile), profile)
    yield "lm.inputs_embeds", embeds[0]
    layers = range(model.config.language.num_hidden_layers)
    for name, hidden in zip(
        [*(f"lm.layers.{i}" for i in layers), "lm.norm"],
        model.language_model.layer_outputs(embeds),
        strict=True,
    ):
        yield f"{name}.last{LAST}", hidden[0, -LAST:]
    yield f"lm.logits.last{LAST}", model.language_model.logits(hidden, slice(-LAST, None))[0]


@torch.no_grad()
def greedy(
    model: VQAThinkerModel,
    profile: Profile,
    input_ids: Tensor,
    encoded: Encoded,
    attention_mask: Tensor | None = None,
    steps: int = COMPLETION,
) -> tuple[Tensor, Tensor, Tensor]:
    """Greedy tokens [R, n], the logits [R, n, V] each came from, and the gap of the best two [R, n]."""
    embeds = model.inputs_embeds(input_ids, encoded, profile)
    completions: Completions = generate(
        model.language_model,
        embeds,
        attention_mask=attention_mask,
        max_new_tokens=steps,
        sampling=Sampling(),
        keep_logits=True,
    )
    best = completions.logits.topk(2, dim=-1).values
    return torch.tensor(completions.tokens), completions.logits, best[..., 0] - best[..., 1]


def completion_logps(
    model: VQAThinkerModel, profile: Profile, input_ids: Tensor, encoded: Encoded, completion: Tensor
) -> Tensor:
    """Log-probabilities [R, n] of completions [R, n], teacher-forced in one forward pass; differentiable."""
    ids = torch.cat([input_ids, completion], dim=1)
    hidden = model(ids, encoded, profile)
    start = input_ids.shape[1] - 1
    logits = model.language_model.logits(hidden, slice(start, start + completion.shape[1]))
    return logits.log_softmax(-1).gather(2, completion[..., None])[..., 0]
