"""Generation with the language decoder: greedy or sampled, batches of prompts of unequal length, a KV cache.

A row draws from its own generator, so its completion does not depend on the rows beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from modules.qwen2 import KVCache, Qwen2, causal_mask, padded_positions


@dataclass(kw_only=True)
class Sampling:
    """Options of drawing the next token."""

    temperature: float = 0.0
    """0 is greedy; else logits are divided by it."""

    top_k: int = 0
    """Keep the k likeliest tokens; 0 keeps all."""

    top_p: float = 1.0
    """Keep the likeliest tokens whose probabilities reach p, at least one."""

    repetition_penalty: float = 1.0
    """Logits of tokens that the row has generated are divided by it where positive and multiplied where
    negative, once each; the prompt's tokens are left alone, as transformers does with `inputs_embeds`."""

    seed: int = 0
    """Row r of the result draws from a generator seeded with (seed, r)."""


@dataclass(kw_only=True)
class Completions:
    """Completions of R rows."""

    tokens: list[list[int]]
    """One list a row, the stop token included where one came."""

    logps: list[list[float]]
    """Log-probability of each token at the sampling temperature, before top-k and top-p (as in TRL)."""

    logits: Tensor | None
    """[R, steps, V] of the model, before penalty and temperature, if `keep_logits`."""


@torch.no_grad()
def generate(
    model: Qwen2,
    inputs_embeds: Tensor,
    *,
    attention_mask: Tensor | None = None,
    max_new_tokens: int,
    stop_ids: Collection[int] = (),
    sampling: Sampling | None = None,
    num_generations: int = 1,
    keep_logits: bool = False,
) -> Completions:
    """Continues prompts [B, L, D]; rows of the result are prompt-major, R = B · num_generations.

    attention_mask [B, L]: 0 on the left padding, whose embeddings are ignored. Each prompt is read once,
    whatever the number of completions. Generation ends when every row has met a stop id or has
    max_new_tokens."""
    sampling = sampling or Sampling()
    prompts, length = inputs_embeds.shape[:2]
    device, dtype = inputs_embeds.device, inputs_embeds.dtype
    if attention_mask is None:
        attention_mask = torch.ones(prompts, length, dtype=torch.long, device=device)
    padded = not bool(attention_mask.all())
    cache = KVCache(model.config, prompts, length + max_new_tokens, dtype=dtype, device=device)
    hidden = model(
        inputs_embeds,
        position_ids=padded_positions(attention_mask) if padded else None,
        mask=causal_mask(attention_mask, length, dtype=dtype) if padded else None,
        cache=cache,
    )
    logits = model.logits(hidden, slice(-1, None))[:, 0]
    if num_generations > 1:
        rows_of = torch.arange(prompts, device=device).repeat_interleave(num_generations)
        cache, logits, attention_mask = cache.select(rows_of), logits[rows_of], attention_mask[rows_of]
    rows = len(logits)
    if padded:
        # A step's one query sees all that is not padding, so one row of mask serves every step.
        seen = causal_mask(F.pad(attention_mask, (0, max_new_tokens), value=1), 1, dtype=dtype)
        lengths = attention_mask.sum(1, keepdim=True)
    draws = _uniforms(sampling, rows, max_new_tokens).to(device)
    stops = torch.tensor(sorted(stop_ids), device=device, dtype=torch.long)
    finished = torch.zeros(rows, dtype=torch.bool, device=device)
    tokens, logps, step_logits = [], [], []
    for step in range(max_new_tokens):
        token, logp = choose(_penalised(logits, tokens, sampling), sampling, draws[:, step])
        tokens.append(token)
        logps.append(logp)
        if keep_logits:
            step_logits.append(logits)
        finished |= torch.isin(token, stops)
        if step + 1 == max_new_tokens or finished.all():
            break
        hidden = model(
            model.embed(token[:, None]),
            position_ids=lengths + step if padded else None,
            mask=seen[..., : cache.length + 1] if padded else None,
            cache=cache,
        )
        logits = model.logits(hidden)[:, 0]
    token_table, logp_table = torch.stack(tokens, 1).tolist(), torch.stack(logps, 1).tolist()
    lengths = [_completion_length(row, stop_ids) for row in token_table]
    return Completions(
        tokens=[row[:n] for row, n in zip(token_table, lengths, strict=True)],
        logps=[row[:n] for row, n in zip(logp_table, lengths, strict=True)],
        logits=torch.stack(step_logits, 1) if keep_logits else None,
    )


def _penalised(logits: Tensor, tokens: Sequence[Tensor], sampling: Sampling) -> Tensor:
    """Logits [R, V] with the repetition penalty for the tokens [R] of each step before."""
    if sampling.repetition_penalty == 1 or not tokens:
        return logits
    generated = torch.stack(list(tokens), 1)
    scores = logits.gather(1, generated)
    penalty = sampling.repetition_penalty
    return logits.scatter(1, generated, torch.where(scores < 0, scores * penalty, scores / penalty))


def choose(logits: Tensor, sampling: Sampling, draws: Tensor) -> tuple[Tensor, Tensor]:
    """Next tokens [R] and their log-probabilities [R] from logits [R, V] and uniform draws [R] in [0, 1)."""
    wide = logits.float()
    if sampling.temperature == 0:
        token = wide.argmax(-1)
        return token, wide.log_softmax(-1).gather(1, token[:, None])[:, 0]
    wide = wide / sampling.temperature
    logp = wide.log_softmax(-1)
    size = logp.shape[-1]
    candidates = sampling.top_k if 0 < sampling.top_k < size else size
    if candidates < size or sampling.top_p < 1:
        # Likeliest first, so that both cuts keep a prefix.
        ranked, order = logp.topk(candidates, dim=-1)
    else:
        ranked, order = logp, None
    mass = ranked.double().softmax(-1)
    if sampling.top_p < 1:
        mass = mass * (mass.cumsum(-1) - mass < sampling.top_p)
    total = mass.cumsum(-1)
    whole = total[:, -1:]
    # Rounding must not carry a draw next to 1 past the last token that was kept.
    target = torch.minimum(draws.double()[:, None] * whole, whole.nextafter(torch.zeros_like(whole)))
    rank = torch.searchsorted(total, target, right=True)
    token = rank if order is None else order.gather(1, rank)
    return token[:, 0], logp.gather(1, token)[:, 0]


def _uniforms(sampling: Sampling, rows: int, steps: int) -> Tensor:
    if sampling.temperature == 0:
        return torch.zeros(rows, steps)
    draws = torch.empty(rows, steps, dtype=torch.float64)
    generator = torch.Generator()
    for row in range(rows):
        generator.manual_seed((sampling.seed * 1_000_003 + row) % 2**63)
        draws[row] = torch.rand(steps, generator=generator, dtype=torch.float64)
    return draws


def _completion_length(row: Sequence[int], stop_ids: Collection[int]) -> int:
    return next((i + 1 for i, token in enumerate(row) if token in stop_ids), len(row))
