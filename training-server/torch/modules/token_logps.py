"""Log-probabilities of given tokens without the logits of a whole batch in memory.

A vocabulary is far wider than the model: the logits of 8 completions of 200 tokens are 1 GB in the 8B, their
gradient as much again. They are made chunk by chunk, and made once more in the backward pass.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint


class TokenScores(NamedTuple):
    """Scores of P given tokens under the model."""

    logps: Tensor
    """[P]: log-probabilities in nats, differentiable."""

    entropies: Tensor
    """[P]: entropy of each distribution in nats, without gradient."""

    likeliest: Tensor
    """[P] bool: whether no token is likelier than the given one."""


def token_logps(
    hidden: Tensor, head: Tensor, tokens: Tensor, *, temperature: float = 1.0, chunk: int = 1024
) -> TokenScores:
    """hidden [P, D], head [V, D], tokens [P] → their scores under softmax(logits / temperature).

    At least fp32; temperature 0 counts as 1. At most `chunk` rows of logits exist at a time.
    """
    scale = 1.0 / temperature if temperature else 1.0
    recompute = (
        torch.is_grad_enabled() and (hidden.requires_grad or head.requires_grad) and len(hidden) > chunk
    )
    pieces = []
    for h, t in zip(hidden.split(chunk), tokens.split(chunk), strict=True):
        if recompute:
            piece = checkpoint(_scores, h, head, t, scale, use_reentrant=False, preserve_rng_state=False)
        else:
            piece = _scores(h, head, t, scale)
        pieces.append(piece)
    return TokenScores(*(torch.cat(part) for part in zip(*pieces, strict=True)))


def _scores(hidden: Tensor, head: Tensor, tokens: Tensor, scale: float) -> tuple[Tensor, Tensor, Tensor]:
    logits = F.linear(hidden, head)
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32)) * scale
    whole = logits.logsumexp(-1)
    chosen = logits.gather(1, tokens[:, None])[:, 0]
    with torch.no_grad():
        entropies = whole - ((logits - whole[:, None]).exp() * logits).sum(-1)
        likeliest = chosen >= logits.amax(-1)
    return chosen - whole, entropies, likeliest
