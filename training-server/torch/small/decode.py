"""Greedy answers of many videos at once."""

from __future__ import annotations

import torch
from tokenizers import Tokenizer
from torch import Tensor

from modules.qwen2 import Qwen2
from small.greedy import greedy
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
) -> list[str]:
    """Greedy texts of n videos: frames [n, F, D] (or [1, F, D], shared), motion [n, D]; `rows` at a time."""
    texts: list[str] = []
    for begin in range(0, len(motion), rows):
        shared = frames if len(frames) == 1 else frames[begin : begin + rows]
        prompts = prompt_embeddings(decoder, prompt, shared, motion[begin : begin + rows])
        tokens = greedy(decoder, prompts, most=LONGEST_ANSWER, end=tokenizer.token_to_id(END))
        texts += tokenizer.decode_batch(tokens, skip_special_tokens=True)
    return texts
