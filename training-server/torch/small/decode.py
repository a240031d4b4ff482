"""Greedy answers for many videos at once."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from tokenizers import Tokenizer
from torch import Tensor

from modules.generate import generate
from modules.qwen2 import Qwen2
from small.prompt import PromptIds
from small.tokenizer import END

LONGEST_ANSWER = 128
"""Tokens; the longest training text has about 80."""


def prompt_embeddings(decoder: Qwen2, prompt: PromptIds, frames: Tensor, motion: Tensor) -> Tensor:
    """Embedded prompts [B, P, D] with frames [B, F, D] and, at the last context position, motion [B, D]."""
    rows = decoder.embed(prompt.ids).expand(len(motion), -1, -1).clone()
    rows[:, prompt.context] = frames.to(rows.dtype)
    rows[:, prompt.motion] = motion.to(rows.dtype)
    return rows


@torch.no_grad()
def answers(
    decoder: Qwen2,
    tokenizer: Tokenizer,
    prompt: PromptIds,
    frames: Tensor,
    motion: Tensor,
    *,
    rows: int = 32,
) -> Iterator[str]:
    """Greedy texts of n videos: frames [n, F, D] (or [1, F, D], shared), motion [n, D]; `rows` at a time."""
    end = tokenizer.token_to_id(END)
    for begin in range(0, len(motion), rows):
        part = motion[begin : begin + rows]
        shared = frames if len(frames) == 1 else frames[begin : begin + rows]
        embeds = prompt_embeddings(decoder, prompt, shared, part)
        generated = generate(decoder, embeds, max_new_tokens=LONGEST_ANSWER, stop_ids={end})
        yield from tokenizer.decode_batch(generated.tokens, skip_special_tokens=True)
