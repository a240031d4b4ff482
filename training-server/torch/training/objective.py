"""Weights of tokens and completions in an optimiser step of many rows on many ranks.

Every loss type of `modules.grpo_loss` is a weighted sum over completion tokens whose weights follow from
counts of the whole step. With the counts known beforehand the parts of a step add up exactly, however they
are cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from modules.grpo_loss import LossConfig


class HasTokens(Protocol):
    """A completion."""

    @property
    def tokens(self) -> Sequence[int]: ...


class HasCompletions(Protocol):
    """A group of completions."""

    @property
    def completions(self) -> Sequence[HasTokens]: ...


@dataclass(frozen=True, kw_only=True)
class StepTotals:
    """Counts over all rows of an optimiser step, on all ranks."""

    completions: int
    """Completions, those included that are masked and have no tokens here."""

    tokens: int
    """Completion tokens."""

    generation_tokens: int | None = None
    """Completion tokens of the generation batch, where it feeds several steps ("dapo"); None for the same."""

    ranks: int = 1
    """Processes whose gradients are averaged later: the loss is scaled so that the average is the sum."""

    @classmethod
    def of(cls, groups: Sequence[HasCompletions], ranks: int = 1) -> StepTotals:
        """The totals of groups that are all at hand."""
        lengths = [len(completion.tokens) for group in groups for completion in group.completions]
        return cls(completions=len(lengths), tokens=sum(lengths), ranks=ranks)


def completion_weights(lengths: Tensor, config: LossConfig, totals: StepTotals) -> Tensor:
    """Weight [R] of each token of R completions with the given numbers of tokens; fp32.

    "grpo" is a mean of means, "bnpo" a mean over the step's tokens, "dapo" over the generation batch's share
    of a step, "dr_grpo" over a constant length. The fields of `config` that cut a step into micro-batches
    (gradient_accumulation, processes) are not read: the totals say what there is.
    """
    counts = lengths.clamp(min=1).float()
    if config.loss_type in ("grpo", "sapo"):
        weights = 1 / (counts * totals.completions)
    elif config.loss_type == "bnpo":
        weights = counts.new_full(counts.shape, 1 / max(totals.tokens, 1))
    elif config.loss_type in ("dapo", "cispo"):
        whole = totals.tokens if totals.generation_tokens is None else totals.generation_tokens
        share = max(whole, 1) / (1 if totals.generation_tokens is None else config.steps_per_generation)
        weights = counts.new_full(counts.shape, 1 / share)
    else:
        weights = counts.new_full(counts.shape, 1 / (totals.completions * config.max_completion_length))
    return weights * totals.ranks
