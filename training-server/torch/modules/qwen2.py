"""The decoder: Qwen2 with the checkpoint's parameter names (`model.…`, `lm_head.weight`).

Shapes: B rows, N new positions, K key positions (past and new), D hidden, H query heads, G KV heads.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from modules.config import LanguageConfig
from modules.token_logps import TokenScores, token_logps


class KVCache:
    """Keys and values of every layer, in buffers allocated once.

    `length` positions are filled, the same number in every row (rows are left-padded). Used without
    gradients only.
    """

    def __init__(self, config: LanguageConfig, rows: int, capacity: int, *, dtype=torch.float32, device=None):
        shape = (config.num_hidden_layers, rows, config.num_key_value_heads, capacity, config.head_dim)
        self.keys = torch.empty(shape, dtype=dtype, device=device)
        self.values = torch.empty(shape, dtype=dtype, device=device)
        self.length = 0

    @property
    def capacity(self) -> int:
        return self.keys.shape[3]

    @property
    def rows(self) -> int:
        return self.keys.shape[1]

    def extend(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Writes [B, G, N, d] after the filled part and returns all [B, G, length + N, d] as views.

        The length moves once a forward pass, by `advance`, because every layer writes to the same positions.
        """
        end = self.length + keys.shape[2]
        if end > self.capacity:
            raise ValueError(f"the KV cache holds {self.capacity} positions, {end} are needed")
        self.keys[layer, :, :, self.length : end] = keys
        self.values[layer, :, :, self.length : end] = values
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]

    def advance(self, positions: int) -> None:
        self.length += positions

    def select(self, rows: Tensor) -> KVCache:
        """A new cache of the given rows [R] (repeats allowed: one prefill, K samples of it)."""
        chosen = object.__new__(KVCache)
        chosen.keys, chosen.values = self.keys[:, rows], self.values[:, rows]
        chosen.length = self.length
        return chosen

    def truncate(self, length: int) -> None:
        """Forgets the positions from `length` on."""
        self.length = min(self.length, length)


class Attend(Protocol):
    """Attention of one layer of a forward pass; training shares prompts between completions through it."""

    def __call__(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Rotated queries [B, H, N, d], and keys and values [B, G, N, d] of the same positions, of one layer
        → [B, H, N, d]."""
        ...


class CausalAttend:
    """Causal or masked attention to the cache, if any, and the new positions (see `Qwen2.forward`)."""

    def __init__(self, mask: Tensor | None = None, cache: KVCache | None = None):
        self.mask, self.cache = mask, cache

    def __call__(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        if self.cache is not None:
            k, v = self.cache.extend(layer, k, v)
        return F.scaled_dot_product_attention(
            q,
            k,
            v,
            attn_mask=self.mask,
            is_causal=self.mask is None and q.shape[2] > 1,
            enable_gqa=q.shape[1] != k.shape[1],
        )


class RMSNorm(nn.Module):
    def __init__(self, size: int, eps: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        # Statistics in at least fp32; the product with the weight in the model's type, as transformers does.
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        wide = wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.eps)
        return self.weight * wide.to(x.dtype)


def rotary_tables(
    positions: Tensor, head_dim: int, theta: float, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """cos and sin [B, 1, N, head_dim] for positions [B, N]; both halves of a head turn by the same angles.

    Frequencies and angles are fp32 in every type, rounded as transformers rounds them: at position 2,000
    another order of operations moves an angle by 1e-4.
    """
    exponents = torch.arange(0, head_dim, 2, device=positions.device, dtype=torch.float32) / head_dim
    angles = positions[:, None, :, None].float() * (1.0 / theta**exponents)
    angles = torch.cat([angles, angles], dim=-1)
    return angles.cos().to(dtype), angles.sin().to(dtype)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary embedding of x [B, heads, N, d] on halves (not on interleaved pairs)."""
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat([-second, first], dim=-1) * sin


class Attention(nn.Module):
    """Grouped-query attention; q, k, v have a bias, the output has none."""

    def __init__(self, config: LanguageConfig, layer: int):
        super().__init__()
        size, d = config.hidden_size, config.head_dim
        self.layer = layer
        self.heads, self.kv_heads, self.head_dim = config.num_attention_heads, config.num_key_value_heads, d
        self.q_proj = nn.Linear(size, self.heads * d)
        self.k_proj = nn.Linear(size, self.kv_heads * d)
        self.v_proj = nn.Linear(size, self.kv_heads * d)
        self.o_proj = nn.Linear(self.heads * d, size, bias=False)

    def forward(self, x: Tensor, rotary: tuple[Tensor, Tensor], attend: Attend) -> Tensor:
        q, k, v = (
            projection(x).unflatten(-1, (-1, self.head_dim)).transpose(1, 2)
            for projection in (self.q_proj, self.k_proj, self.v_proj)
        )
        out = attend(self.layer, rotate(q, *rotary), rotate(k, *rotary), v)
        return self.o_proj(out.transpose(1, 2).flatten(2))


class MLP(nn.Module):
    """SwiGLU."""

    def __init__(self, config: LanguageConfig):
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.up_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class DecoderLayer(nn.Module):
    def __init__(self, config: LanguageConfig, layer: int):
        super().__init__()
        self.input_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.self_attn = Attention(config, layer)
        self.post_attention_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, rotary: tuple[Tensor, Tensor], attend: Attend) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), rotary, attend)
        return x + self.mlp(self.post_attention_layernorm(x))


class Decoder(nn.Module):
    """Embeddings, layers and the final norm (`language_model.model` of the checkpoint)."""

    def __init__(self, config: LanguageConfig):
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(DecoderLayer(config, i) for i in range(config.num_hidden_layers))
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)


class Qwen2(nn.Module):
    """The language model. `recompute_layers` trades time for memory in the backward pass."""

    def __init__(self, config: LanguageConfig):
        super().__init__()
        self.config = config
        self.model = Decoder(config)
        if not config.tie_word_embeddings:
            self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.recompute_layers = False

    @property
    def head_weight(self) -> Tensor:
        """The head [V, D]; the embedding itself where the two are tied."""
        if self.config.tie_word_embeddings:
            return self.model.embed_tokens.weight
        return self.lm_head.weight

    def embed(self, input_ids: Tensor) -> Tensor:
        """Ids [B, N] → [B, N, D]."""
        return self.model.embed_tokens(input_ids)

    def rotary(self, position_ids: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """cos and sin of positions [B, N]; a decoder with positions of several axes has its own."""
        return rotary_tables(position_ids, self.config.head_dim, self.config.rope_theta, dtype)

    def layer_outputs(
        self,
        inputs_embeds: Tensor,
        *,
        position_ids: Tensor | None = None,
        mask: Tensor | None = None,
        cache: KVCache | None = None,
        attend: Attend | None = None,
    ) -> Iterator[Tensor]:
        """Yields [B, N, D] after each layer and, last, after the final norm. Arguments: see `forward`."""
        rows, count = inputs_embeds.shape[:2]
        past = cache.length if cache is not None else 0
        if attend is None and past + count > self.config.max_position_embeddings:
            raise ValueError(
                f"{past + count} positions exceed the model's {self.config.max_position_embeddings}"
            )
        if position_ids is None:
            position_ids = torch.arange(past, past + count, device=inputs_embeds.device).expand(rows, -1)
        if mask is None and past and count > 1:
            # is_causal of SDPA aligns the first query with the first key; after a cache it must not.
            mask = causal_mask(
                torch.ones(rows, past + count, device=inputs_embeds.device), count, dtype=inputs_embeds.dtype
            )
        if attend is None:
            attend = CausalAttend(mask, cache)
        x = inputs_embeds
        rotary = self.rotary(position_ids, x.dtype)
        for layer in self.model.layers:
            if self.recompute_layers and torch.is_grad_enabled() and cache is None:
                x = checkpoint(layer, x, rotary, attend, use_reentrant=False)
            else:
                x = layer(x, rotary, attend)
            yield x
        if cache is not None:
            cache.advance(count)
        yield self.model.norm(x)

    def forward(
        self,
        inputs_embeds: Tensor,
        *,
        position_ids: Tensor | None = None,
        mask: Tensor | None = None,
        cache: KVCache | None = None,
        attend: Attend | None = None,
    ) -> Tensor:
        """inputs_embeds [B, N, D] → normed hidden states [B, N, D]; `logits` maps the chosen ones on.

        position_ids [B, N] (default: consecutive after the cache); mask: additive [B or 1, 1, N, K] or
        boolean (true = may attend), default causal; cache: extended by the N positions; attend: in place of
        mask and cache, with position_ids within the model's range.
        """
        outputs = self.layer_outputs(
            inputs_embeds, position_ids=position_ids, mask=mask, cache=cache, attend=attend
        )
        return deque(outputs, maxlen=1).pop()

    def token_logps(
        self, hidden: Tensor, tokens: Tensor, *, temperature: float = 1.0, chunk: int = 1024
    ) -> TokenScores:
        """Scores of tokens [P] after hidden states [P, D]: `modules.token_logps` with the model's head.

        A method, so that sharded weights can be gathered around it.
        """
        return token_logps(hidden, self.head_weight, tokens, temperature=temperature, chunk=chunk)

    def logits(self, hidden: Tensor, positions: Tensor | slice | None = None) -> Tensor:
        """Hidden states [B, N, D] → logits [B, P, V] at the chosen positions only.

        positions: a slice of N, indices [P] or [B, P], or a boolean [B, N] (then the result is [P, V],
        row-major); None for all.
        """
        if isinstance(positions, slice):
            hidden = hidden[:, positions]
        elif positions is not None and (positions.dtype == torch.bool):
            hidden = hidden[positions]
        elif positions is not None and positions.dim() == 2:
            hidden = hidden.gather(1, positions[..., None].expand(-1, -1, hidden.shape[-1]))
        elif positions is not None:
            hidden = hidden[:, positions]
        return F.linear(hidden, self.head_weight)


def causal_mask(attention_mask: Tensor, queries: int, *, dtype: torch.dtype = torch.float32) -> Tensor:
    """Additive [B, 1, queries, K] for the last `queries` of K positions.

    attention_mask [B, K] is 0 on padding. A padding query attends to itself alone, so that no row of the
    softmax is empty.
    """
    keys = attention_mask.shape[1]
    key = torch.arange(keys, device=attention_mask.device)
    query = key[keys - queries :, None]
    allowed = (key <= query) & attention_mask[:, None, None, :].bool() | (key == query)
    return torch.zeros(allowed.shape, dtype=dtype, device=allowed.device).masked_fill_(
        ~allowed, torch.finfo(dtype).min
    )


def padded_positions(attention_mask: Tensor) -> Tensor:
    """Positions [B, K] that start at 0 on the first real token of each left-padded row."""
    return (attention_mask.long().cumsum(-1) - 1).clamp(min=0)
