"""The policy loss of GRPO and its siblings, from log-probabilities and ready advantages.

Shapes: R completions, T tokens (right-padded). Rewards and advantages are the driver's; this is tensors only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

LOSS_TYPES = ("grpo", "dapo", "dr_grpo", "bnpo")
"""Averages of the clipped loss."""

POLICY_LOSSES = (*LOSS_TYPES, "cispo", "sapo")


@dataclass(kw_only=True)
class LossConfig:
    """Options of the loss; the defaults are the official trainer's."""

    loss_type: str = "grpo"
    """Average over tokens: "grpo" a mean of means, "bnpo" over all tokens at hand, "dapo" over all of the
    generation batch, "dr_grpo" over a constant length. "cispo" weights log-probabilities with the ratio, cut
    at clip_high itself, and averages as "dapo"; "sapo" has a sigmoid of the ratio instead of a clip, and
    averages as "grpo"."""

    beta: float = 0.04
    """Weight of the KL to the reference."""

    clip_low: float = 0.2
    """The ratio is clipped below at 1 − clip_low."""

    clip_high: float = 0.2
    """The ratio is clipped above at 1 + clip_high."""

    delta: float | None = None
    """Upper bound of the ratio in the unclipped branch."""

    bias_correction_kl: bool = False
    """True multiplies k3 by the ratio (TRL's default)."""

    sequence_ratio: bool = False
    """One ratio a completion, the geometric mean of its tokens', instead of one a token (GSPO)."""

    sapo_positive: float = 1.0
    """Temperature of "sapo" where the advantage is positive."""

    sapo_negative: float = 1.05
    """… and where it is not."""

    gradient_accumulation: int = 1
    """Micro-batches of one optimiser step; the loss is divided by it."""

    steps_per_generation: int = 1
    """Micro-batches of one generation batch (dapo)."""

    processes: int = 1
    """Processes that share the generation batch (dapo)."""

    max_completion_length: int = 2048
    """The constant length of dr_grpo, in tokens."""

    def __post_init__(self):
        if self.loss_type not in POLICY_LOSSES:
            raise ValueError(f"loss_type is {self.loss_type!r}, not one of {', '.join(POLICY_LOSSES)}")

    @property
    def bounds(self) -> tuple[float, float]:
        """Ratios beyond which the clip may bind."""
        if self.loss_type == "sapo":
            return -math.inf, math.inf
        if self.loss_type == "cispo":
            return -math.inf, self.clip_high
        return 1 - self.clip_low, 1 + self.clip_high


@dataclass(kw_only=True)
class PolicyLoss:
    """The loss and what it was made of."""

    loss: Tensor
    """Scalar with gradient."""

    per_token: Tensor
    """[R, T], KL included, before masking."""

    per_token_kl: Tensor
    """[R, T] as added; zeros when beta is 0."""

    ratio: Tensor
    """π / π_old [R, T], or [R, 1] for one ratio a completion."""


def grpo_loss(
    policy: Tensor,
    mask: Tensor,
    advantages: Tensor,
    config: LossConfig,
    *,
    old_logps: Tensor | None = None,
    ref_logps: Tensor | None = None,
    batch_tokens: int | None = None,
) -> PolicyLoss:
    """policy, old_logps, ref_logps, mask [R, T], advantages [R].

    policy: log-probabilities under the weights that train. old_logps: at generation; None means the policy
    itself (its first update). ref_logps: of the frozen reference, needed when beta is not 0. batch_tokens:
    completion tokens of the whole generation batch, for dapo.
    """
    mask = mask.to(policy.dtype)
    old_logps = policy.detach() if old_logps is None else old_logps
    log_ratio = policy - old_logps
    if config.sequence_ratio:
        log_ratio = (log_ratio * mask).sum(1, keepdim=True) / mask.sum(1, keepdim=True).clamp(min=1)
    ratio = log_ratio.exp()
    per_token = -_objective(policy, ratio, advantages[:, None], config).expand_as(policy)
    kl = torch.zeros_like(policy)
    if config.beta != 0:
        if ref_logps is None:
            raise ValueError("a KL weight needs the reference's log-probabilities")
        kl = k3(policy, ref_logps)
        if config.bias_correction_kl:
            kl = kl * ratio
        per_token = per_token + config.beta * kl
    loss = _averaged(per_token, mask, config, batch_tokens)
    return PolicyLoss(loss=loss, per_token=per_token, per_token_kl=kl, ratio=ratio)


def _objective(policy: Tensor, ratio: Tensor, advantage: Tensor, config: LossConfig) -> Tensor:
    """The quantity that is maximised, a token or a completion: [R, T] or [R, 1]."""
    if config.loss_type == "cispo":
        return ratio.clamp(max=config.clip_high).detach() * advantage * policy
    if config.loss_type == "sapo":
        positive = torch.full_like(advantage, config.sapo_positive)
        temperature = torch.where(advantage > 0, positive, torch.full_like(advantage, config.sapo_negative))
        return torch.sigmoid(temperature * (ratio - 1)) * 4 / temperature * advantage
    clipped = ratio.clamp(1 - config.clip_low, 1 + config.clip_high)
    bounded = ratio if config.delta is None else ratio.clamp(max=config.delta)
    return torch.minimum(bounded * advantage, clipped * advantage)


def k3(policy: Tensor, ref_logps: Tensor) -> Tensor:
    """The k3 estimate of KL(policy ‖ reference) a token: e^d − d − 1 with d = reference − policy."""
    difference = ref_logps - policy
    return difference.exp() - difference - 1


def _averaged(per_token: Tensor, mask: Tensor, config: LossConfig, batch_tokens: int | None) -> Tensor:
    masked = per_token * mask
    if config.loss_type in ("grpo", "sapo"):
        loss = (masked.sum(1) / mask.sum(1).clamp(min=1)).mean()
    elif config.loss_type == "bnpo":
        loss = masked.sum() / mask.sum().clamp(min=1)
    elif config.loss_type == "dr_grpo":
        loss = masked.sum() / (len(masked) * config.max_completion_length)
    else:
        if batch_tokens is None:
            raise ValueError(f"{config.loss_type} needs the completion tokens of the generation batch")
        share = max(batch_tokens, 1) / config.processes / config.steps_per_generation
        return masked.sum() / (share * config.gradient_accumulation)
    return loss / config.gradient_accumulation


def clip_rates(result: PolicyLoss, mask: Tensor, advantages: Tensor, config: LossConfig) -> dict[str, float]:
    """Where the clip binds, as shares (TRL's `clip_ratio/*`).

    low_mean, high_mean, region_mean: over all masked tokens, or over completions with one ratio each; low_min
    and high_max: least and greatest share of one completion.
    """
    ratio, advantage = result.ratio, advantages[:, None]
    below, above = config.bounds
    low = (ratio < below) & (advantage < 0)
    high = (ratio > above) & (advantage > 0)
    weight = torch.ones_like(ratio) if config.sequence_ratio else mask.to(ratio.dtype)
    count = weight.sum().clamp(min=1)

    def mean(where: Tensor) -> float:
        return float((where * weight).sum() / count)

    def by_completion(where: Tensor) -> Tensor:
        return ((where * weight).sum(1) / weight.sum(1))[weight.sum(1) > 0]

    return {
        "low_mean": mean(low),
        "high_mean": mean(high),
        "region_mean": mean(low | high),
        "low_min": float(by_completion(low).min()),
        "high_max": float(by_completion(high).max()),
    }
