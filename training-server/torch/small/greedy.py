"""Greedy decoding of many prompts side by side: the tokens of `modules.generate`, faster on a processor core.

Prompts are prefilled a few at a time, so that a layer's activations stay in the core's cache. A step reads
keys and values once for all query heads of a group, and finished answers leave the batch.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from modules.qwen2 import Qwen2

PREFILL = 4
"""Prompts prefilled at once."""

COMPACT_BELOW = 0.6
"""Finished answers leave when at most this share of the rows is unfinished."""


class Grouped:
    """Attention over buffers of keys and values, [layers, B, G, positions, d]; see `modules.qwen2.Attend`."""

    def __init__(self, decoder: Qwen2, rows: int, positions: int):
        config = decoder.config
        shape = (config.num_hidden_layers, rows, config.num_key_value_heads, positions, config.head_dim)
        self.keys, self.values = torch.empty(shape), torch.empty(shape)
        self.rows = slice(0, rows)
        """Rows of the next pass."""

        self.length = 0
        """Positions filled in those rows."""

    def __call__(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        end = self.length + k.shape[2]
        self.keys[layer, self.rows, :, self.length : end] = k
        self.values[layer, self.rows, :, self.length : end] = v
        if self.length == 0:
            return F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        keys, values = self.keys[layer, self.rows, :, :end], self.values[layer, self.rows, :, :end]
        grouped = q.unflatten(1, (k.shape[1], -1)).squeeze(3) * q.shape[-1] ** -0.5
        return (torch.matmul(grouped, keys.mT).softmax(-1) @ values).flatten(1, 2).unsqueeze(2)

    def select(self, rows: Tensor) -> None:
        self.keys, self.values = self.keys[:, rows], self.values[:, rows]
        self.rows = slice(0, len(rows))


@torch.no_grad()
def greedy(decoder: Qwen2, prompts: Tensor, *, most: int, end: int) -> list[list[int]]:
    """Continues embedded prompts [B, P, D] until the token `end`, which is left out, or `most` tokens."""
    rows, length, _ = prompts.shape
    attend = Grouped(decoder, rows, length + most)
    positions = torch.arange(length)[None]
    last = []
    for begin in range(0, rows, PREFILL):
        part = prompts[begin : begin + PREFILL]
        attend.rows = slice(begin, begin + len(part))
        last.append(decoder(part, position_ids=positions.expand(len(part), -1), attend=attend)[:, -1:])
    hidden, attend.rows, attend.length = torch.cat(last), slice(0, rows), length
    written: list[list[int]] = [[] for _ in range(rows)]
    alive = torch.arange(rows)
    running = torch.ones(rows, dtype=torch.bool)
    for step in range(most):
        tokens = decoder.logits(hidden)[:, 0].argmax(-1)
        running &= tokens != end
        for row, token, runs in zip(alive.tolist(), tokens.tolist(), running.tolist(), strict=True):
            if runs:
                written[row].append(token)
        if not running.any() or step + 1 == most:
            break
        if running.float().mean() <= COMPACT_BELOW:
            left = running.nonzero()[:, 0]
            attend.select(left)
            alive, tokens, running = alive[left], tokens[left], running[left]
        at = torch.full((len(tokens), 1), attend.length)
        hidden = decoder(decoder.embed(tokens[:, None]), position_ids=at, attend=attend)
        attend.length += 1
    return written
