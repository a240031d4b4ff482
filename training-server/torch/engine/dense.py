"""Stages without language: dense targets through a linear head, a closed-form fit of the motion projector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from engine.policy import OPTIMISERS, Policy
from engine.ranks import Ranks
from engine.weights import masters, write
from training.clips import ClipPixels
from training.metrics import MetricSums
from training.optimizer import clip_and_step
from training.regression_pretrain import (
    DenseExample,
    RegressionHeads,
    TargetSpec,
    accumulate_regression,
    regression_metrics,
    target_counts,
)


class DenseHead:
    """One number a name, read from the mean vision token beside the motion token; with its own optimiser.

    Every rank holds the whole head: it is a few thousand numbers.
    """

    def __init__(self, policy: Policy, names: Sequence[str], ranks: Ranks):
        self.policy, self.names, self.ranks = policy, tuple(names), ranks
        chosen = policy.request.optimiser
        width = policy.model.config.language.hidden_size
        # A head starts alike on every rank and in every run, whatever was drawn before.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(policy.request.seed)
            self.heads = RegressionHeads(
                {_key(n): TargetSpec(level="clip", size=1) for n in self.names}, width
            )
        self.heads.to(policy.device)
        options: dict[str, Any] = {"betas": chosen.betas, "eps": chosen.epsilon, "seed": policy.request.seed}
        self.optimiser = OPTIMISERS[chosen.kind](list(self.heads.parameters()), **options)

    def example(self, targets: Sequence[float | None], clip: ClipPixels) -> DenseExample:
        """A clip with its targets in the order of the names; None is an unknown one."""
        values = {
            _key(name): torch.tensor([torch.nan if value is None else value])
            for name, value in zip(self.names, targets, strict=True)
        }
        return DenseExample(clip=clip, targets=values)

    def accumulate(self, examples: Sequence[DenseExample]) -> MetricSums:
        """Adds up the gradients of model and head over all ranks."""
        local_counts = target_counts(examples, self.heads.specs)
        shares = self.ranks.gather(local_counts)
        counts = {name: sum(share[name] for share in shares) for name in local_counts}
        with self.policy.shards.accumulating():
            sums = accumulate_regression(
                self.policy.model,
                self.policy.encoder,
                self.heads,
                examples,
                counts=counts,
                ranks=self.ranks.world,
            )
        for p in self.heads.parameters():
            assert p.grad is not None  # zeros where nothing reached it
            self.ranks.average(p.grad)
        return sums

    def step(self, lr: float, max_grad_norm: float, taken: bool) -> None:
        """The head's own step; none where the model's gradients were no numbers."""
        if taken:
            clip_and_step(self.optimiser, lr=lr, max_norm=max_grad_norm)
        else:
            self.optimiser.zero_grad(set_to_none=True)

    def metrics(self, sums: MetricSums) -> dict[str, float]:
        metrics = regression_metrics(sums, self.heads)
        return {_name(key): value for key, value in metrics.items()}


def _key(name: str) -> str:
    # A module's name must not have a dot.
    return name.replace(".", "\u2024")


def _name(key: str) -> str:
    return key.replace("\u2024", ".")


@torch.no_grad()
def fit_projector(
    policy: Policy,
    examples: Sequence[tuple[ClipPixels, Sequence[float]]],
    ridge: float,
    ranks: Ranks,
) -> dict[str, float]:
    """Sets `motion_mlp.3` to the ridge regression of the targets [n, D] on its inputs [n, D].

    The penalty is ridge · the mean variance of the inputs on each slope; intercepts are free. Sums in double
    precision, over all ranks.
    """
    width = policy.model.config.language.hidden_size
    projector = policy.model.motion_mlp
    inputs = torch.zeros(0, width, dtype=torch.float64)
    with policy.shards.gathered():
        if examples:
            vectors = policy.encoder.motion_vectors([clip for clip, _ in examples])
            inputs = projector[:3](vectors).double().cpu()
    targets = torch.tensor([values for _, values in examples], dtype=torch.float64).reshape(-1, width)
    shares = ranks.gather((inputs, targets))
    inputs, targets = (torch.cat(part) for part in zip(*shares, strict=True))
    slopes, intercepts = _ridge(inputs, targets, ridge)
    _assign(policy, "motion_mlp.3.weight", projector[3], "weight", slopes.T)
    _assign(policy, "motion_mlp.3.bias", projector[3], "bias", intercepts)
    policy.encoder.weights_changed()
    left = (targets - inputs @ slopes - intercepts).square().sum()
    whole = (targets - targets.mean(0)).square().sum()
    return {
        "r2": float(1 - left / whole) if whole else 0.0,
        "loss": float(left / targets.numel()) if targets.numel() else 0.0,
        "examples": float(len(inputs)),
    }


def _ridge(inputs: Tensor, targets: Tensor, penalty: float) -> tuple[Tensor, Tensor]:
    if not len(inputs):
        raise ValueError("there is no video to fit to")
    centred = inputs - inputs.mean(0)
    gram = centred.T @ centred
    gram += max(penalty * float(gram.diagonal().mean()), 1e-12) * torch.eye(len(gram), dtype=gram.dtype)
    slopes = torch.linalg.solve(gram, centred.T @ (targets - targets.mean(0)))
    return slopes, targets.mean(0) - inputs.mean(0) @ slopes


def _assign(policy: Policy, name: str, module: nn.Module, field: str, value: Tensor) -> None:
    """Writes a whole tensor into a parameter, sharded or not, and into its fp32 master."""
    parameter = getattr(module, field)
    write(parameter, value)
    master = masters(policy).get(name)
    if master is not None:
        write(master, value)
