"""Regression pretraining of the encoders: dense targets through linear heads, no language.

Encoders from scratch learn far faster from many numbers a clip (what was done to each frame, how strongly)
than from one text. Heads sit on the tokens that the decoder will read, so that encoders and projectors train
together; they are not part of the model and are thrown away after the stage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer

from modules.vqathinker import VQAThinkerModel
from training.clips import ClipPixels, Encoder
from training.metrics import MetricSums, step_metrics
from training.optimizer import clip_and_step
from training.trainable import trainable, zero_missing_gradients

LEVELS = ("token", "frame", "clip", "motion")
LOSSES = ("mse", "bce")


@dataclass(frozen=True, kw_only=True)
class TargetSpec:
    """One family of targets."""

    level: str
    """Where they sit: "token" and "frame" on vision tokens (each, or their mean over a frame), "clip" on the
    mean over all vision tokens beside the motion token, "motion" on the motion token alone."""

    size: int
    """Numbers at each position."""

    loss: str = "mse"
    """"mse", or "bce" for targets in [0, 1] read as probabilities."""

    weight: float = 1.0
    """Weight of this family in the loss."""

    def __post_init__(self) -> None:
        if self.level not in LEVELS or self.loss not in LOSSES:
            raise ValueError(
                f"a target of level {self.level!r} and loss {self.loss!r}: choose from {LEVELS}, {LOSSES}"
            )


class RegressionHeads(nn.Module):
    """A LayerNorm and a linear layer for each family of targets, by name."""

    def __init__(self, specs: Mapping[str, TargetSpec], width: int):
        super().__init__()
        self.specs = dict(specs)
        self.heads = nn.ModuleDict(
            {
                name: nn.Sequential(
                    nn.LayerNorm(width * (2 if spec.level == "clip" else 1)),
                    nn.Linear(width * (2 if spec.level == "clip" else 1), spec.size),
                )
                for name, spec in self.specs.items()
            }
        )

    def forward(self, frames: Tensor, motion: Tensor, count: int) -> dict[str, Tensor]:
        """Vision tokens [V, N · t, D] of `count` frames and motion tokens [V, D] → predictions by name:
        [V, N, t, size], [V, N, size], [V, size], [V, size] by level."""
        tokens = frames.unflatten(1, (count, -1))
        inputs = {
            "token": tokens,
            "frame": tokens.mean(2),
            "clip": torch.cat([frames.mean(1), motion], dim=-1),
            "motion": motion,
        }
        return {name: head(inputs[self.specs[name].level]) for name, head in self.heads.items()}


@dataclass(kw_only=True, eq=False)
class DenseExample:
    """A clip and what is known of it."""

    clip: ClipPixels
    """The pixels."""

    targets: Mapping[str, Tensor]
    """By family: shape of one clip's prediction; NaN where a number is unknown. A family may be missing."""


def regression_step(
    model: VQAThinkerModel,
    encoder: Encoder,
    heads: RegressionHeads,
    optimizer: Optimizer,
    examples: Sequence[DenseExample],
    *,
    lr: float,
    max_grad_norm: float | None = 1.0,
    clips_at_once: int = 8,
) -> dict[str, float]:
    """One optimiser step on one process over the parameters of model and heads; the loss and its parts.

    A family's loss is the mean over its known numbers in the step.
    """
    counts = target_counts(examples, heads.specs)
    sums = accumulate_regression(model, encoder, heads, examples, counts=counts, clips_at_once=clips_at_once)
    norm, taken = clip_and_step(optimizer, lr=lr, max_norm=max_grad_norm)
    encoder.weights_changed()
    return {**regression_metrics(sums, heads), **step_metrics(norm, taken, lr)}


def target_counts(examples: Sequence[DenseExample], specs: Mapping[str, TargetSpec]) -> dict[str, int]:
    """Number of known targets of each family."""
    return {
        name: sum(int(torch.isfinite(e.targets[name]).sum()) for e in examples if name in e.targets)
        for name in specs
    }


def accumulate_regression(
    model: VQAThinkerModel,
    encoder: Encoder,
    heads: RegressionHeads,
    examples: Sequence[DenseExample],
    *,
    counts: Mapping[str, int],
    clips_at_once: int = 8,
    ranks: int = 1,
    before_backward: Callable[[bool], None] | None = None,
) -> MetricSums:
    """Adds the gradients of the examples' loss; known: numbers of each family in the step, all ranks."""
    sums = MetricSums()
    for start in range(0, len(examples), clips_at_once):
        batch = examples[start : start + clips_at_once]
        encoded = encoder.encode([example.clip for example in batch])
        predicted = heads(encoded.frames.float(), encoded.motion.float(), encoder.profile.frames)
        loss = encoded.frames.new_zeros((), dtype=torch.float32)
        for name, spec in heads.specs.items():
            family_loss = _family_loss(
                predicted[name], [example.targets.get(name) for example in batch], spec
            )
            family_loss = family_loss / max(counts[name], 1)
            sums.add(name, family_loss)
            loss = loss + spec.weight * family_loss
        sums.add("loss", loss)
        if before_backward is not None:
            before_backward(start + clips_at_once >= len(examples))
        (loss * ranks).backward()
    zero_missing_gradients(chain(trainable(model), heads.parameters()))
    return sums


def _family_loss(predicted: Tensor, targets: Sequence[Tensor | None], spec: TargetSpec) -> Tensor:
    missing = torch.full(predicted.shape[1:], torch.nan)
    target = torch.stack([missing if t is None else t.reshape(missing.shape).float() for t in targets])
    target = target.to(predicted.device)
    present = torch.isfinite(target)
    target = torch.where(present, target, 0.0)
    errors = (
        F.binary_cross_entropy_with_logits(predicted, target, reduction="none")
        if spec.loss == "bce"
        else (predicted - target).square()
    )
    return (errors * present).sum()


def regression_metrics(sums: MetricSums, heads: RegressionHeads) -> dict[str, float]:
    """The loss, and each family's mean as `loss/NAME`."""
    return {"loss": sums.total("loss"), **{f"loss/{name}": sums.total(name) for name in heads.specs}}
