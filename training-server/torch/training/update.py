"""The GRPO update: packed rows that share their prompts, the loss, the gradients, the step.

    encoder = Encoder(model, profile)
    metrics = update(model, encoder, optimizer, groups, options, lr=1e-6, reference=reference)

On several ranks: `accumulate` each rank's groups with the totals of the whole step, then `clip_and_step`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from modules.grpo_loss import LossConfig, PolicyLoss, grpo_loss
from modules.vqathinker import VQAThinkerModel
from training.clips import Encoder, FeatureCache
from training.metrics import MetricSums, policy_metrics, step_metrics
from training.objective import StepTotals, completion_weights
from training.optimizer import clip_and_step
from training.phases import phase
from training.teacher_forcing import Group, GroupBatch, group_batches
from training.trainable import trainable, zero_missing_gradients


@dataclass(kw_only=True)
class UpdateOptions:
    """Options of an update; the driver sets most of them."""

    loss: LossConfig = field(default_factory=LossConfig)
    """Type of the loss, clip, β."""

    temperature: float = 1.0
    """Of the policy that is optimised: log-probabilities are of softmax(logits / temperature), as drawn."""

    old_logps: bool = False
    """True takes the ratio to the completions' `logps` (a later update of the same rollout); else the old
    policy is the current one, whose ratio is 1."""

    max_grad_norm: float | None = 1.0
    """Largest joint norm of the gradients."""

    max_tokens_per_row: int = 4096
    """Most tokens of a packed row; a group that is longer has a row of its own."""

    logits_chunk: int = 1024
    """Rows of logits that exist at a time."""


Reference = tuple[VQAThinkerModel, Encoder]
"""A frozen copy of the policy and its encoder, for the KL term."""


def frozen_reference(model: VQAThinkerModel, encoder: Encoder, *, share_frozen: bool = True) -> Reference:
    """A copy of the policy as it is, that never trains, and its encoder.

    share_frozen: parameters that do not train are shared with the policy (not under FSDP, which owns each
    tensor), and features of frozen encoders with its encoder.
    """
    # deepcopy takes what is in its memo for copied already.
    shared = {id(p): p for p in model.parameters() if not p.requires_grad} if share_frozen else {}
    reference = copy.deepcopy(model, shared).eval().requires_grad_(False)
    ref_encoder = Encoder(
        reference,
        encoder.profile,
        frames_at_once=encoder.frames_at_once,
        clips_at_once=encoder.clips_at_once,
        cache_bytes=encoder.motion_cache.capacity,
    )
    if not model.slowfast_model.training and not any(
        p.requires_grad for p in model.slowfast_model.parameters()
    ):
        ref_encoder.motion_cache = encoder.motion_cache
    parts = (model.vision_model, model.mlp1)
    if not any(p.requires_grad for part in parts for p in part.parameters()):
        ref_encoder.vision_cache = encoder.vision_cache
    elif encoder.device.type == "cuda":
        ref_encoder.vision_cache = FeatureCache(
            0
        )  # a clip comes back in another epoch; the device has no room so long
    return reference, ref_encoder


def update(
    model: VQAThinkerModel,
    encoder: Encoder,
    optimizer: Optimizer,
    groups: Sequence[Group],
    options: UpdateOptions,
    *,
    lr: float,
    reference: Reference | None = None,
) -> dict[str, float]:
    """One optimiser step on one process; metrics under TRL's names.

    reference: needed when β is not 0 (`frozen_reference`).
    """
    sums = accumulate(model, encoder, groups, options, totals=StepTotals.of(groups), reference=reference)
    norm, taken = clip_and_step(optimizer, lr=lr, max_norm=options.max_grad_norm)
    encoder.weights_changed()
    return {**policy_metrics(sums), **step_metrics(norm, taken, lr)}


def accumulate(
    model: VQAThinkerModel,
    encoder: Encoder,
    groups: Sequence[Group],
    options: UpdateOptions,
    *,
    totals: StepTotals,
    reference: Reference | None = None,
    before_backward: Callable[[bool], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> MetricSums:
    """Adds the gradients of the groups' loss to the parameters, row by row.

    totals: counts of the whole step over all ranks. before_backward(last): called before each backward pass,
    for FSDP's gradient synchronisation. progress(done, groups): after each row. Every parameter that trains
    has a gradient afterwards, zero if nothing reached it, so that ranks and checkpoints agree.
    """
    config = options.loss
    if config.beta != 0 and reference is None:
        raise ValueError("a KL weight needs a frozen reference")
    scoring: dict[str, Any] = {"temperature": options.temperature, "logits_chunk": options.logits_chunk}
    encoder.before_training()
    sums = MetricSums()
    rows = group_batches(groups, options.max_tokens_per_row, encoder.device)
    done = 0
    for number, row in enumerate(rows):
        # Score the completions under the frozen reference.
        ref_logps = None
        if config.beta != 0 and reference is not None:
            with torch.no_grad(), phase("reference"):
                ref_logps = row.padded(row.scores(*reference, **scoring).logps)
        # Score them under the policy.
        with phase("forward"):
            scores = row.scores(model, encoder, **scoring)
        # Compute the loss of the row, as a share of the step's.
        loss, result = row_loss(row, scores.logps, ref_logps, options, totals)
        with torch.no_grad():
            sums.add("loss", loss / totals.ranks)
            sums.add("entropy", scores.entropies.sum())
            add_policy_metrics(sums, row, result, config)
        # Propagate it back.
        if before_backward is not None:
            before_backward(number + 1 == len(rows))
        with phase("backward"):
            loss.backward()
        done += len(row)
        if progress is not None:
            progress(done, len(groups))
    zero_missing_gradients(trainable(model))
    return sums


def row_loss(
    row: GroupBatch, logps: Tensor, ref_logps: Tensor | None, options: UpdateOptions, totals: StepTotals
) -> tuple[Tensor, PolicyLoss]:
    """The row's share of the step's loss, a scalar with gradient, and the terms it was made of.

    logps [Q]: log-probabilities under the policy; ref_logps [R, T]: under the reference.
    """
    policy = row.padded(logps)
    result = grpo_loss(
        policy,
        row.mask,
        row.advantages(policy.dtype),
        options.loss,
        old_logps=row.old_logps(policy.dtype) if options.old_logps else None,
        ref_logps=ref_logps,
        batch_tokens=totals.generation_tokens or totals.tokens,
    )
    weights = completion_weights(row.lengths.to(row.device), options.loss, totals)
    return (result.per_token * row.mask * weights[:, None]).sum(), result


def add_policy_metrics(sums: MetricSums, row: GroupBatch, result: PolicyLoss, config: LossConfig) -> None:
    """Adds KL, clip rates and lengths of a row. A clip rate is a share of the tokens, or of the completions
    where each has one ratio."""
    ratio, mask = result.ratio, row.mask
    advantages = row.advantages(ratio.dtype)[:, None]
    counted = torch.ones_like(ratio, dtype=torch.bool) if config.sequence_ratio else mask
    below, above = config.bounds
    low = (ratio < below) & (advantages < 0) & counted
    high = (ratio > above) & (advantages > 0) & counted
    count = counted.sum(1)
    sums.add("kl", (result.per_token_kl * mask).sum())
    sums.add("clip_low", low.sum())
    sums.add("clip_high", high.sum())
    sums.add("clip_region", (low | high).sum())
    sums.add("ratios", count.sum())
    sums.add("ratio", (ratio * counted).sum())
    sums.spread("clip_low_rate", low.sum(1) / count)
    sums.spread("clip_high_rate", high.sum(1) / count)
    lengths, stopped = row.lengths, row.stopped
    sums.add("completions", len(lengths))
    sums.add("tokens", lengths.sum())
    sums.add("ended", stopped.sum())
    sums.add("ended_tokens", lengths[stopped].sum())
    sums.add("all_tokens", row.packing.length)
    sums.spread("length", lengths.float())
    sums.spread("ended_length", lengths[stopped].float())
