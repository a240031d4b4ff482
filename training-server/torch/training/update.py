"""The GRPO update: packed rows that share their prompts, the loss, the gradients, the step.

    encoder = Encoder(model, profile)
    metrics = update(model, encoder, optimizer, groups, options, lr=1e-6, reference=reference)

On several ranks: `accumulate` each rank's groups with the totals of the whole step, then `clip_and_step`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.optim import Optimizer

from modules.grpo_loss import LossConfig, PolicyLoss, grpo_loss
from modules.vqathinker import VQAThinkerModel
from training.clips import Encoder, FeatureCache
from training.metrics import MetricSums, policy_metrics
from training.objective import StepTotals, completion_weights
from training.optimizer import clip_and_step
from training.packing import Packing
from training.phases import phase
from training.teacher_forcing import Example, row_of, row_scores, rows_of
from training.trainable import trainable


@dataclass(kw_only=True, eq=False)
class Group(Example):
    """A video with its K answers, as the update gets them back from the driver. The answers' `logps` are the
    old policy's where `UpdateOptions.old_logps` says so."""

    advantages: Sequence[float]
    """[K]"""


@dataclass(kw_only=True)
class UpdateOptions:
    """What an update does; the driver decides most of it."""

    loss: LossConfig = field(default_factory=LossConfig)
    """Type of the loss, clip, β."""

    temperature: float = 1.0
    """Of the policy that is optimised: log-probabilities are of softmax(logits / temperature), as drawn."""

    old_logps: bool = False
    """Whether the ratio is to the answers' own `logps` (a later update of the same rollout); else the old
    policy is the current one, whose ratio is 1."""

    max_grad_norm: float | None = 1.0
    """Largest joint norm of the gradients."""

    max_tokens_per_row: int = 4096
    """Most places of a packed row; a group that is longer has a row of its own."""

    logits_chunk: int = 1024
    """Rows of logits that exist at a time."""


def frozen_reference(
    model: VQAThinkerModel, encoder: Encoder, *, share_frozen: bool = True
) -> tuple[VQAThinkerModel, Encoder]:
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
    reference: tuple[VQAThinkerModel, Encoder] | None = None,
) -> dict[str, float]:
    """One optimiser step on one process; metrics under TRL's names.

    reference: needed when β is not 0 (`frozen_reference`).
    """
    sums = accumulate(model, encoder, groups, options, totals=StepTotals.of(groups), reference=reference)
    norm, taken = clip_and_step(optimizer, lr=lr, max_norm=options.max_grad_norm)
    encoder.weights_changed()
    return {
        **policy_metrics(sums),
        "grad_norm": norm,
        "learning_rate": lr,
        "skipped": 0.0 if taken else 1.0,
    }


def accumulate(
    model: VQAThinkerModel,
    encoder: Encoder,
    groups: Sequence[Group],
    options: UpdateOptions,
    *,
    totals: StepTotals,
    reference: tuple[VQAThinkerModel, Encoder] | None = None,
    before_backward: Callable[[bool], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> MetricSums:
    """Adds the gradients of the groups' loss to the parameters, row by row.

    totals: counts of the whole step over all ranks. before_backward(last): called before each backward pass,
    for FSDP's gradient synchronisation. progress(done, groups): after each row. Every parameter that trains
    has a gradient afterwards, zero if nothing reached it, so that ranks and checkpoints agree.
    """
    if options.loss.beta != 0 and reference is None:
        raise ValueError("a KL weight needs a frozen reference")
    encoder.before_training()
    sums = MetricSums()
    rows = rows_of(groups, options.max_tokens_per_row)
    done = 0
    for number, batch in enumerate(rows):
        loss = _row_loss(model, encoder, batch, options, totals, reference, sums)
        if before_backward is not None:
            before_backward(number + 1 == len(rows))
        with phase("backward"):
            loss.backward()
        done += len(batch)
        if progress is not None:
            progress(done, len(groups))
    for p in trainable(model):
        if p.grad is None:
            p.grad = torch.zeros_like(p)
    return sums


def _row_loss(
    model: VQAThinkerModel,
    encoder: Encoder,
    groups: Sequence[Group],
    options: UpdateOptions,
    totals: StepTotals,
    reference: tuple[VQAThinkerModel, Encoder] | None,
    sums: MetricSums,
) -> Tensor:
    device = encoder.device
    packing = row_of(groups)
    ref_logps = None
    if options.loss.beta != 0 and reference is not None:
        with torch.no_grad(), phase("reference"):
            ref_logps = row_scores(*reference, groups, packing, options.temperature, options.logits_chunk)
            ref_logps = packing.padded(ref_logps.logps)
    with phase("forward"):
        scores = row_scores(model, encoder, groups, packing, options.temperature, options.logits_chunk)
    policy, mask = packing.padded(scores.logps), packing.mask(device)
    old_logps = None
    if options.old_logps:
        flat = [x for group in groups for completion in group.completions for x in completion.logps]
        old_logps = packing.padded(torch.tensor(flat, dtype=policy.dtype, device=device))
    advantages = torch.tensor(
        [a for group in groups for a in group.advantages], dtype=policy.dtype, device=device
    )
    result = grpo_loss(
        policy,
        mask,
        advantages,
        options.loss,
        old_logps=old_logps,
        ref_logps=ref_logps,
        batch_tokens=totals.generation_tokens or totals.tokens,
    )
    weights = completion_weights(packing.lengths.to(device), options.loss, totals)
    loss = (result.per_token * mask * weights[:, None]).sum()
    with torch.no_grad():
        _sum_up(
            sums,
            groups,
            packing,
            result,
            mask,
            advantages,
            scores.entropies,
            loss / totals.ranks,
            options.loss,
        )
    return loss


def _sum_up(
    sums: MetricSums,
    groups: Sequence[Group],
    packing: Packing,
    result: PolicyLoss,
    mask: Tensor,
    advantages: Tensor,
    entropies: Tensor,
    loss: Tensor,
    config: LossConfig,
) -> None:
    ratio, counted = result.ratio, mask
    if config.sequence_ratio:
        counted = torch.ones_like(ratio, dtype=torch.bool)
    low = (ratio < 1 - config.clip_low) & (advantages[:, None] < 0) & counted
    high = (ratio > 1 + config.clip_high) & (advantages[:, None] > 0) & counted
    count = counted.sum(1)
    sums.add("loss", loss)
    sums.add("kl", (result.per_token_kl * mask).sum())
    sums.add("entropy", entropies.sum())
    sums.add("clip_low", low.sum())
    sums.add("clip_high", high.sum())
    sums.add("clip_region", (low | high).sum())
    sums.add("ratios", count.sum())
    sums.spread("clip_low_rate", low.sum(1) / count)
    sums.spread("clip_high_rate", high.sum(1) / count)
    ended = torch.tensor([completion.stopped for group in groups for completion in group.completions])
    sums.add("completions", len(packing.lengths))
    sums.add("tokens", packing.lengths.sum())
    sums.add("ended", ended.sum())
    sums.add("ended_tokens", packing.lengths[ended].sum())
    sums.add("all_tokens", packing.length)
    sums.spread("length", packing.lengths.float())
    sums.spread("ended_length", packing.lengths[ended].float())
