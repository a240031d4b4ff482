"""Teacher forcing over packed rows: scores of given completions, each prompt computed once.

A `RowBatch` owns the examples of one forward pass, their packing and the padded views of token values.

Shapes: Q completion tokens of a row, R completions, T tokens of the longest completion, L prompt tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from modules.token_logps import TokenScores
from modules.vqathinker import VQAThinkerModel
from training.clips import ClipPixels, Encoder
from training.packing import Packing, indices_by_row, pack, packed_length, tree_attention
from training.rollout import Completion


@dataclass(kw_only=True, eq=False)
class Example:
    """A video, its prompt and completions of it."""

    input_ids: Tensor
    """[L] int64: the prompt with its context ids."""

    clip: ClipPixels
    """The video's pixels."""

    completions: Sequence[Completion]
    """One or more, each of at least one token."""


@dataclass(kw_only=True, eq=False)
class Group(Example):
    """A video with its K completions, as the update receives them from the driver. The `logps` of the
    completions are the old policy's where `UpdateOptions.old_logps` is true."""

    advantages: Sequence[float]
    """[K]"""


SomeExample = TypeVar("SomeExample", bound=Example)


class RowBatch:
    """Examples that share one packed row: each prompt once, followed by its completions."""

    def __init__(self, examples: Sequence[Example], device: torch.device):
        self.examples, self.device = examples, device
        self.packing: Packing = pack(
            [len(example.input_ids) for example in examples],
            [[completion.tokens for completion in example.completions] for example in examples],
        )
        self.lengths = self.packing.lengths
        """[R], on the CPU: tokens of each completion."""

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def completions(self) -> list[Completion]:
        """R completions in the order of the row."""
        return [completion for example in self.examples for completion in example.completions]

    @property
    def mask(self) -> Tensor:
        """[R, T] bool: true on completion tokens."""
        return self.packing.mask(self.device)

    def padded(self, values: Tensor) -> Tensor:
        """Values [Q] of the completion tokens → [R, T], zeros after each completion; differentiable."""
        return self.packing.padded(values)

    def scores(
        self,
        model: VQAThinkerModel,
        encoder: Encoder,
        *,
        temperature: float = 1.0,
        logits_chunk: int = 1024,
    ) -> TokenScores:
        """Scores [Q] of all completion tokens under a model, differentiable in the parts that train.

        logits_chunk: rows of logits that exist at a time.
        """
        packing, device = self.packing, self.device
        hidden = model.language_model(
            torch.cat(self._embeddings(model, encoder))[None],
            position_ids=packing.position_ids.to(device),
            attend=tree_attention(packing, device),
        )
        return model.language_model.token_logps(
            hidden[0, packing.predicts.to(device)],
            packing.targets.to(device),
            temperature=temperature,
            chunk=logits_chunk,
        )

    def _embeddings(self, model: VQAThinkerModel, encoder: Encoder) -> list[Tensor]:
        """Inputs of the row in pieces [n, D]: a prompt, its completions, the next prompt …"""
        encoded = encoder.encode([example.clip for example in self.examples])
        pieces = []
        for i, example in enumerate(self.examples):
            one = encoded.select(torch.tensor([i], device=self.device))
            # Only prompts receive the encoders' tokens: a completion may contain a context id as text.
            ids = example.input_ids.to(self.device)[None]
            pieces.append(model.inputs_embeds(ids, one, encoder.profile)[0])
            inputs = [token for completion in example.completions for token in completion.tokens[:-1]]
            if inputs:
                pieces.append(model.language_model.embed(torch.tensor([inputs], device=self.device))[0])
        return pieces


class GroupBatch(RowBatch):
    """A row of groups, with what the policy loss needs beside the tokens."""

    def __init__(self, groups: Sequence[Group], device: torch.device):
        super().__init__(groups, device)
        self.groups = groups

    def advantages(self, dtype: torch.dtype) -> Tensor:
        """[R]"""
        values = [advantage for group in self.groups for advantage in group.advantages]
        return torch.tensor(values, dtype=dtype, device=self.device)

    def old_logps(self, dtype: torch.dtype) -> Tensor:
        """[R, T]: log-probabilities that came with the completions, under the policy that drew them."""
        values = [logp for completion in self.completions for logp in completion.logps]
        return self.padded(torch.tensor(values, dtype=dtype, device=self.device))

    @property
    def stopped(self) -> Tensor:
        """[R] bool, on the CPU: true where a stop token ended the completion."""
        return torch.tensor([completion.stopped for completion in self.completions])


def row_batches(examples: Sequence[Example], max_tokens: int, device: torch.device) -> list[RowBatch]:
    """Consecutive examples in rows of at most `max_tokens`; a longer example has its own row."""
    return [RowBatch(row, device) for row in _cut(examples, max_tokens)]


def group_batches(groups: Sequence[Group], max_tokens: int, device: torch.device) -> list[GroupBatch]:
    """The same for groups."""
    return [GroupBatch(row, device) for row in _cut(groups, max_tokens)]


def _cut(examples: Sequence[SomeExample], max_tokens: int) -> list[list[SomeExample]]:
    sizes = [
        packed_length(len(example.input_ids), [completion.tokens for completion in example.completions])
        for example in examples
    ]
    return [[examples[i] for i in row] for row in indices_by_row(sizes, max_tokens)]
