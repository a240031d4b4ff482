"""Prompts and their completions in one row: each prompt once, followed by its completions, which do not
attend to each other.

A row is [prompt, c1 … cK] of one video, then the next video's. Positions restart at the prompt's length for
every completion, so that it is computed as if it alone followed the prompt. The last token of a completion is
no input (nothing is predicted from it).

Shapes: N tokens of a row, Q predicted tokens, R completions.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor

ALIGN = 128
"""Rows for block masks are filled up to a multiple of this."""


@dataclass(kw_only=True)
class Segment:
    """One video's part of a row."""

    start: int
    """Index of the prompt's first token."""

    prompt: int
    """Tokens of the prompt."""

    completions: list[int]
    """Inputs of each completion: its tokens but the last."""

    @property
    def length(self) -> int:
        return self.prompt + sum(self.completions)


@dataclass(kw_only=True)
class Packing:
    """Layout of one row; tensors on the CPU."""

    segments: list[Segment]
    """In the order of the row."""

    position_ids: Tensor
    """[1, N]"""

    predicts: Tensor
    """[Q]: index of the hidden state that predicts each completion token, completion by completion."""

    targets: Tensor
    """[Q]: the completion tokens."""

    lengths: Tensor
    """[R]: tokens of each completion."""

    @property
    def length(self) -> int:
        return self.position_ids.shape[1]

    def padded(self, values: Tensor) -> Tensor:
        """Values [Q] of the completion tokens → [R, longest], zeros after each completion; differentiable."""
        rows = torch.split(values, self.lengths.tolist())
        return torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True)

    def mask(self, device: torch.device | None = None) -> Tensor:
        """[R, longest] bool: true on completion tokens."""
        longest = int(self.lengths.max()) if len(self.lengths) else 0
        return (torch.arange(longest) < self.lengths[:, None]).to(device or "cpu")


def pack(prompts: Sequence[int], completions: Sequence[Sequence[Sequence[int]]]) -> Packing:
    """The row of prompts of given lengths, each with its completions' tokens (at least one a completion)."""
    segments, positions, predicts, targets, lengths = [], [], [], [], []
    start = 0
    for prompt, group in zip(prompts, completions, strict=True):
        segment = Segment(start=start, prompt=prompt, completions=[len(tokens) - 1 for tokens in group])
        segments.append(segment)
        positions.append(torch.arange(prompt))
        position = start + prompt
        for tokens in group:
            if not tokens:
                raise ValueError("a completion without a token has nothing to train on")
            inputs = len(tokens) - 1
            positions.append(torch.arange(prompt, prompt + inputs))
            predicts.append(torch.tensor([start + prompt - 1]))
            predicts.append(torch.arange(position, position + inputs))
            targets.append(torch.tensor(list(tokens)))
            lengths.append(len(tokens))
            position += inputs
        start = position
    empty = torch.empty(0, dtype=torch.long)
    return Packing(
        segments=segments,
        position_ids=torch.cat([empty, *positions])[None],
        predicts=torch.cat([empty, *predicts]),
        targets=torch.cat([empty, *targets]),
        lengths=torch.tensor(lengths, dtype=torch.long),
    )


def indices_by_row(sizes: Sequence[int], limit: int) -> Iterator[list[int]]:
    """Indices of consecutive groups whose sizes together stay within `limit` tokens; a larger one alone."""
    row: list[int] = []
    total = 0
    for i, size in enumerate(sizes):
        if row and total + size > limit:
            yield row
            row, total = [], 0
        row.append(i)
        total += size
    if row:
        yield row


def packed_length(prompt: int, completions: Sequence[Sequence[int]]) -> int:
    """Tokens of a row that a prompt and its completions take."""
    return prompt + sum(len(tokens) - 1 for tokens in completions)


def tree_mask(packing: Packing) -> Tensor:
    """[N, N] bool, true where a token may attend to another: the definition that both attentions follow."""
    document, branch = owners(packing)
    position = torch.arange(packing.length)
    same = document[:, None] == document[None]
    visible = (branch[None] == 0) | (branch[:, None] == branch[None])
    return same & visible & (position[:, None] >= position[None])


def owners(packing: Packing) -> tuple[Tensor, Tensor]:
    """Of each token [N]: its video's number in the row, and 0 for the prompt, k for completion k."""
    documents, branches = [], []
    for d, segment in enumerate(packing.segments):
        documents.append(torch.full((segment.length,), d))
        branches.append(torch.zeros(segment.prompt, dtype=torch.long))
        branches += [torch.full((n,), k + 1) for k, n in enumerate(segment.completions)]
    return torch.cat(documents), torch.cat(branches)


class SegmentAttend:
    """Tree attention by dense kernels: a prompt causally, then its completions to the prompt and themselves.

    Never makes the mask of a whole row: the largest is [completion tokens, tokens of one segment].
    """

    def __init__(self, packing: Packing, device: torch.device | str = "cpu"):
        self.segments = packing.segments
        self.masks = [_completions_mask(segment).to(device) for segment in packing.segments]

    def __call__(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        outs = []
        shared = q.shape[1] != k.shape[1]
        for segment, mask in zip(self.segments, self.masks, strict=True):
            middle, end = segment.start + segment.prompt, segment.start + segment.length
            prompt, completions, whole = (
                slice(segment.start, middle),
                slice(middle, end),
                slice(segment.start, end),
            )
            outs.append(
                F.scaled_dot_product_attention(
                    q[:, :, prompt], k[:, :, prompt], v[:, :, prompt], is_causal=True, enable_gqa=shared
                )
            )
            if end > middle:
                outs.append(
                    F.scaled_dot_product_attention(
                        q[:, :, completions],
                        k[:, :, whole],
                        v[:, :, whole],
                        attn_mask=mask,
                        enable_gqa=shared,
                    )
                )
        return torch.cat(outs, dim=2)


def _completions_mask(segment: Segment) -> Tensor:
    """[completion tokens, tokens of the segment] bool."""
    causal = [torch.ones(n, n, dtype=torch.bool).tril() for n in segment.completions]
    visible = torch.block_diag(*causal).bool() if causal else torch.zeros(0, 0, dtype=torch.bool)
    return F.pad(visible, (segment.prompt, 0), value=True)


class BlockAttend:
    """Tree attention by FlexAttention: blocks that no token of the row attends to are never read.

    The row is filled up to a multiple of `ALIGN` tokens inside the attention, so that few shapes compile.
    """

    def __init__(self, packing: Packing, device: torch.device | str = "cuda", *, compiled: bool = True):
        from torch.nn.attention.flex_attention import create_block_mask

        self.filling = -packing.length % ALIGN
        document, branch = (F.pad(t, (0, self.filling), value=-1).to(device) for t in owners(packing))
        size = packing.length + self.filling
        self.block_mask = create_block_mask(
            tree_rule(document, branch),
            B=None,
            H=None,
            Q_LEN=size,
            KV_LEN=size,
            device=device,
            _compile=compiled,
        )
        self.attention = _flex_attention(compiled)

    def __call__(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        shared = q.shape[1] != k.shape[1]
        length = q.shape[2]
        if self.filling:
            q, k, v = (F.pad(t, (0, 0, 0, self.filling)) for t in (q, k, v))
        out: Tensor = self.attention(q, k, v, block_mask=self.block_mask, enable_gqa=shared)
        return out[:, :, :length]


def tree_rule(document: Tensor, branch: Tensor) -> Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]:
    """The rule of `tree_mask` in the form of FlexAttention."""

    def may_see(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        visible = (branch[key] == 0) | (branch[query] == branch[key])
        return (document[query] == document[key]) & visible & (query >= key)

    return may_see


@cache
def _flex_attention(compiled: bool) -> Callable[..., Any]:
    from torch.nn.attention.flex_attention import flex_attention

    attention: Any = torch.compile(flex_attention, dynamic=True) if compiled else flex_attention
    return cast(Callable[..., Any], attention)


def tree_attention(packing: Packing, device: torch.device) -> SegmentAttend | BlockAttend:
    """The attention of a packed row: block masks on CUDA where they compile, else dense kernels."""
    blocks = device.type == "cuda" and _blocks_compile(device)
    return BlockAttend(packing, device) if blocks else SegmentAttend(packing, device)


@cache
def _blocks_compile(device: torch.device) -> bool:
    """True if FlexAttention runs forward and backward here (it needs Triton and a C compiler)."""
    row = pack([ALIGN], [[[0] * 8, [0] * 8]])
    try:
        with torch.enable_grad():
            q, k, v = (
                torch.zeros(1, heads, row.length, 64, dtype=torch.bfloat16, device=device, requires_grad=True)
                for heads in (2, 1, 1)
            )
            BlockAttend(row, device)(0, q, k, v).sum().backward()
    except Exception as error:  # whatever the compiler raises: the dense kernels compute the same
        warnings.warn(f"FlexAttention does not run here, dense attention is used: {error}", stacklevel=2)
        return False
    return True
