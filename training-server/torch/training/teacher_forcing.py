"""Teacher forcing over packed rows: what the model says of given answers, prompts computed once.

Shapes: Q answer tokens of a row, L prompt tokens.
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
    """A video, its prompt and answers to it."""

    input_ids: Tensor
    """[L] int64: the prompt with its context ids."""

    clip: ClipPixels
    """The video's pixels."""

    completions: Sequence[Completion]
    """One or more, each of at least one token."""


SomeExample = TypeVar("SomeExample", bound=Example)


def rows_of(examples: Sequence[SomeExample], max_tokens: int) -> list[list[SomeExample]]:
    """Consecutive examples cut into rows of at most `places` places; a longer example has its own row."""
    sizes = [
        packed_length(len(example.input_ids), [completion.tokens for completion in example.completions])
        for example in examples
    ]
    return [[examples[i] for i in row] for row in indices_by_row(sizes, max_tokens)]


def row_of(examples: Sequence[Example]) -> Packing:
    """The packed row of some examples."""
    return pack(
        [len(example.input_ids) for example in examples],
        [[completion.tokens for completion in example.completions] for example in examples],
    )


def row_scores(
    model: VQAThinkerModel,
    encoder: Encoder,
    examples: Sequence[Example],
    packing: Packing,
    temperature: float = 1.0,
    logits_chunk: int = 1024,
) -> TokenScores:
    """Scores of all answer tokens [Q] of a packed row, differentiable in whatever trains."""
    device = encoder.device
    encoded = encoder.encode([example.clip for example in examples])
    pieces = []
    for row, example in enumerate(examples):
        one = encoded.select(torch.tensor([row], device=device))
        # Prompts alone are given to the encoders' tokens: an answer may hold a context id of its own.
        pieces.append(model.inputs_embeds(example.input_ids.to(device)[None], one, encoder.profile)[0])
        inputs = [token for completion in example.completions for token in completion.tokens[:-1]]
        if inputs:
            pieces.append(model.language_model.embed(torch.tensor([inputs], device=device))[0])
    hidden = model.language_model(
        torch.cat(pieces)[None],
        position_ids=packing.position_ids.to(device),
        attend=tree_attention(packing, device),
    )
    return model.language_model.token_logps(
        hidden[0, packing.predicts.to(device)],
        packing.targets.to(device),
        temperature=temperature,
        chunk=logits_chunk,
    )
