"""Batched decoding over shared prompts: a fixed number of slots, each of which generates one completion.

The keys and values of a prompt are cached once, in a prompt row; the K samples of the prompt read it. The
cache of a slot holds the suffix, that is, the completion's own tokens; attention to the two parts is merged
by their log-sum-exp. A slot whose completion has ended takes the next one. All tensors of a step are
allocated once and all its shapes are fixed, so that on CUDA a step is one graph.

Shapes: M slots, P prompt rows, K samples of a prompt (`num_generations`), H query heads, G KV heads, d head
width, L longest prompt, W positions of the suffix window, V vocabulary, T longest completion, all in tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from modules.config import LanguageConfig
from modules.generate import Sampling, choose
from modules.qwen2 import Qwen2

WINDOW = 32
"""Suffix windows are multiples of this on a CPU, and four times as wide where each width is a CUDA graph."""


def attention_part(q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Attention of q [B, G, n, d] to one part of the keys [B, G, m, d], and its log-sum-exp [B, G, n, 1].

    bias [B, 1, 1, m]: 0, or −∞ on keys that are not there (at least one must be). Scores are fp32.
    """
    scores = _scores(q, k) * q.shape[-1] ** -0.5 + bias
    highest = scores.amax(-1, keepdim=True)
    weights = (scores - highest).exp_()
    total = weights.sum(-1, keepdim=True)
    return (weights.to(v.dtype) @ v).to(scores.dtype) / total, highest + total.log()


def _scores(q: Tensor, k: Tensor) -> Tensor:
    if q.is_cuda and q.dtype != torch.float32:
        # A product rounded to bf16 would cost three digits of every score.
        flat = torch.bmm(q.flatten(0, 1), k.flatten(0, 1).transpose(1, 2), out_dtype=torch.float32)
        scores: Tensor = flat.unflatten(0, q.shape[:2])
        return scores
    return (q @ k.transpose(-1, -2)).to(torch.promote_types(q.dtype, torch.float32))


def merge_attention(a: Tensor, a_lse: Tensor, b: Tensor, b_lse: Tensor) -> Tensor:
    """Attention to the union of two parts from the attention to each; a part without keys has lse −∞."""
    share = torch.sigmoid(a_lse - b_lse)
    return torch.lerp(b, a, share)


@dataclass(kw_only=True, frozen=True)
class SlotSizes:
    """Sizes of the buffers of a rollout."""

    slots: int
    """M: completions that are generated at a time."""

    prompt_rows: int
    """P: prompts whose keys and values are cached."""

    num_generations: int
    """K: samples of a prompt."""

    max_prompt_length: int
    """L, in tokens."""

    max_completion_length: int
    """T, in tokens."""


class Slots:
    """Device state of a rollout: the KV caches of prompts and suffixes, and one decode step for all slots."""

    def __init__(
        self,
        model: Qwen2,
        sizes: SlotSizes,
        *,
        sampling: Sampling,
        stop_ids: Collection[int],
        logprob_temperature: float | None = None,
        record_logits: bool = False,
    ):
        weight = model.model.norm.weight
        config: LanguageConfig = model.config
        slots, prompt_rows, max_completion_length = (
            sizes.slots,
            sizes.prompt_rows,
            sizes.max_completion_length,
        )
        self.model, self.sampling = model, sampling
        self.num_generations, self.max_completion_length = sizes.num_generations, max_completion_length
        self.logprob_temperature = logprob_temperature
        self.device, self.dtype = weight.device, weight.dtype
        self.width, self.prompt_rows = slots, prompt_rows
        self.window_step = min(WINDOW * 4 if self.device.type == "cuda" else WINDOW, max_completion_length)
        heads, d = config.num_key_value_heads, config.head_dim
        self.kv_heads, self.head_dim = heads, d

        def buffer(*shape: int, dtype: torch.dtype | None = None) -> Tensor:
            return torch.zeros(*shape, dtype=dtype or self.dtype, device=self.device)

        layers = config.num_hidden_layers
        self.prompt_keys = buffer(layers, prompt_rows, heads, sizes.max_prompt_length, d)
        self.prompt_values = torch.zeros_like(self.prompt_keys)
        self.prompt_bias = buffer(prompt_rows, sizes.max_prompt_length, dtype=torch.float32)
        self.prompt_lengths = [0] * prompt_rows
        self.suffix_keys = buffer(layers, slots, heads, self.window_step, d)
        self.suffix_values = torch.zeros_like(self.suffix_keys)
        self.first_logits = buffer(prompt_rows, config.vocab_size, dtype=torch.float32)
        long, double = torch.long, torch.float64
        self.slot_index = torch.arange(slots, device=self.device)
        self.prompt_length = buffer(slots, dtype=long)
        self.sample_of = torch.full((slots,), prompt_rows * sizes.num_generations, device=self.device)
        self.token = buffer(slots, dtype=long)
        self.count = buffer(slots, dtype=long)
        self.limit = buffer(slots, dtype=long)
        self.running = buffer(slots, dtype=torch.bool)
        self.draws = buffer(slots, max_completion_length, dtype=double)
        self.tokens = buffer(slots, max_completion_length, dtype=long)
        self.logps = buffer(slots, max_completion_length, dtype=torch.float32)
        self.stops = torch.tensor(sorted(stop_ids), dtype=long, device=self.device)
        self.logits = (
            buffer(slots, max_completion_length, config.vocab_size, dtype=torch.float32)
            if record_logits
            else None
        )
        self.graphs = StepGraphs() if self.device.type == "cuda" else None
        self.steps = 0

    # Prompts

    def prefill(self, rows: Sequence[int], inputs_embeds: Tensor) -> None:
        """Caches prompts of one length [B, L, D], one in each of the given prompt rows."""
        length = inputs_embeds.shape[1]
        hidden = self.model(
            inputs_embeds,
            position_ids=torch.arange(length, device=self.device).expand(len(rows), -1),
            attend=_Prefill(self, list(rows)),
        )
        chosen = torch.tensor(list(rows), device=self.device)
        self.first_logits[chosen] = self.model.logits(hidden, slice(-1, None))[:, 0].float()
        self.prompt_bias[chosen] = 0
        self.prompt_bias[chosen, length:] = -torch.inf
        for row in rows:
            self.prompt_lengths[row] = length

    # Completions

    def begin(
        self, slots: Sequence[int], samples: Sequence[tuple[int, int]], draws: Tensor, limits: Sequence[int]
    ) -> None:
        """Starts n completions in the given slots.

        samples: prompt row and sample index of each; draws [n, T]: uniform numbers; limits: most tokens of
        each. The first token is drawn from the logits of the prefill. The suffix cache is not cleared: what
        an earlier completion left lies behind the new one's length.
        """
        chosen = torch.tensor(list(slots), device=self.device)
        rows = torch.tensor([row for row, _ in samples], device=self.device)
        draws = draws.to(self.device)
        logits = self.first_logits[rows]
        token, logp = self._choose(logits, draws[:, 0])
        limit = torch.tensor(list(limits), device=self.device)
        self.prompt_length[chosen] = torch.tensor(
            [self.prompt_lengths[row] for row, _ in samples], device=self.device
        )
        self.sample_of[chosen] = torch.tensor(
            [row * self.num_generations + sample for row, sample in samples], device=self.device
        )
        self.token[chosen], self.tokens[chosen, 0], self.logps[chosen, 0] = token, token, logp
        self.count[chosen], self.limit[chosen] = 1, limit
        self.draws[chosen] = draws
        self.running[chosen] = ~self._stops(token) & (limit > 1)
        if self.logits is not None:
            self.logits[chosen, 0] = logits

    def step(self) -> None:
        """One more token in every slot that runs."""
        window = self._window()
        self.steps += 1
        if self.graphs is None:
            self._step(window)
        else:
            self.graphs.run((self.width, self.prompt_rows, window), lambda: self._step(window))

    def _step(self, window: int) -> None:
        embeds = self.model.embed(self.token[: self.width, None])
        # The input token is number count − 1 of its completion.
        position = (self.count[: self.width] - 1).clamp_(min=0)
        position_ids = (self.prompt_length[: self.width] + position)[:, None]
        hidden = self.model(embeds, position_ids=position_ids, attend=_Decode(self, position, window))
        logits = self.model.logits(hidden)[:, 0].float()
        self._append(logits)

    def _choose(self, logits: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        token, logp = choose(logits, self.sampling, draws)
        other = self.logprob_temperature
        if other is not None and other != (self.sampling.temperature or 1.0):
            logp = (logits / other).log_softmax(-1).gather(1, token[:, None])[:, 0]
        return token, logp

    def _stops(self, token: Tensor) -> Tensor:
        return (token[:, None] == self.stops).any(-1)

    def _append(self, logits: Tensor) -> None:
        w = self.width
        index, running = self.slot_index[:w], self.running[:w]
        position = self.count[:w].clamp(max=self.max_completion_length - 1)
        token, logp = self._choose(logits, self.draws[index, position])
        self.tokens[index, position] = torch.where(running, token, self.tokens[index, position])
        self.logps[index, position] = torch.where(running, logp, self.logps[index, position])
        if self.logits is not None:
            self.logits[index, position] = torch.where(running[:, None], logits, self.logits[index, position])
        self.token[:w] = torch.where(running, token, self.token[:w])
        self.count[:w] += running
        self.running[:w] = running & ~self._stops(token) & (self.count[:w] < self.limit[:w])

    def _window(self) -> int:
        """Positions of the suffix that a step must see, in whole steps; makes room for them."""
        need = min(self._longest + 1, self.max_completion_length)
        window = min(-(-need // self.window_step) * self.window_step, self.max_completion_length)
        width = self.suffix_keys.shape[3]
        if window > width:
            grown = min(max(window, 2 * width), self.max_completion_length)
            for name in ("suffix_keys", "suffix_values"):
                setattr(self, name, F.pad(getattr(self, name), (0, 0, 0, grown - width)))
            if self.graphs is not None:
                self.graphs.clear()
        self._longest += 1
        return window

    # Host side

    _longest = 0
    """Upper bound of the tokens of any slot that runs."""

    def poll(self) -> tuple[list[bool], list[int]]:
        """State of each slot, running or not, and its number of tokens; waits for the device."""
        both = torch.stack([self.running[: self.width].long(), self.count[: self.width]]).tolist()
        running = [bool(x) for x in both[0]]
        self._longest = max((n for n, on in zip(both[1], running, strict=True) if on), default=0)
        return running, both[1]

    def release(self, slots: Sequence[int]) -> None:
        """Marks slots as idle, because no completion is left for them; a step still computes them."""
        chosen = torch.tensor(list(slots), device=self.device)
        self.running[chosen] = False
        self.sample_of[chosen] = self.prompt_rows * self.num_generations
        self.count[chosen] = 0

    def compact(self, slots: Sequence[int], rows: Sequence[int], width: int, prompt_rows: int) -> None:
        """Moves the given slots and prompt rows to the front; from now on a step computes `width` slots over
        `prompt_rows` prompts.

        For the end of a rollout, when few completions still run. The order of the lists is the new order.
        """
        idle_slots = [slot for slot in range(self.width) if slot not in set(slots)]
        slot_order = list(slots) + idle_slots[: width - len(slots)]
        idle_rows = [row for row in range(self.prompt_rows) if row not in set(rows)]
        row_order = list(rows) + idle_rows[: prompt_rows - len(rows)]
        slot_index = torch.tensor(slot_order, device=self.device)
        for name in ("prompt_length", "token", "count", "limit", "running", "draws", "tokens", "logps"):
            buffer = getattr(self, name)
            buffer[:width] = buffer[slot_index]
        if self.logits is not None:
            self.logits[:width] = self.logits[slot_index]
        new_row = {old: new for new, old in enumerate(row_order)}
        samples = []
        for flat in self.sample_of[slot_index].tolist():
            row, sample = divmod(flat, self.num_generations)
            idle = row not in new_row
            samples.append(
                prompt_rows * self.num_generations if idle else new_row[row] * self.num_generations + sample
            )
        self.sample_of[:width] = torch.tensor(samples, device=self.device)
        row_index = torch.tensor(row_order, device=self.device)
        for layer in range(len(self.suffix_keys)):
            for buffer in (self.suffix_keys, self.suffix_values):
                buffer[layer, :width] = buffer[layer, slot_index]
            for buffer in (self.prompt_keys, self.prompt_values):
                buffer[layer, :prompt_rows] = buffer[layer, row_index]
        self.prompt_bias[:prompt_rows] = self.prompt_bias[row_index]
        self.first_logits[:prompt_rows] = self.first_logits[row_index]
        self.prompt_lengths[:prompt_rows] = [self.prompt_lengths[p] for p in row_order]
        self.width, self.prompt_rows = width, prompt_rows


class _Prefill:
    """Causal attention within prompts; keys and values are stored in the prompt rows."""

    def __init__(self, slots: Slots, rows: list[int]):
        self.slots, self.rows = slots, rows

    def __call__(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        length = k.shape[2]
        for i, row in enumerate(self.rows):
            self.slots.prompt_keys[layer, row, :, :length] = k[i]
            self.slots.prompt_values[layer, row, :, :length] = v[i]
        shared = q.shape[1] != k.shape[1]
        return F.scaled_dot_product_attention(q, k, v, is_causal=length > 1, enable_gqa=shared)


class _Decode:
    """Attention of one new token a slot: to the prompt rows, to the slot's suffix, and the two merged."""

    def __init__(self, slots: Slots, position: Tensor, window: int):
        self.slots, self.position, self.window = slots, position, window
        positions = torch.arange(window, device=position.device)
        bias = torch.zeros(len(position), window, device=position.device)
        self.suffix_bias = bias.masked_fill_(positions > position[:, None], -torch.inf)[:, None, None]
        self.prompt_bias = slots.prompt_bias[: slots.prompt_rows, None, None]

    def __call__(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        s = self.slots
        width, rows, samples = s.width, s.prompt_rows, s.num_generations
        keys, values = s.suffix_keys[layer], s.suffix_values[layer]
        index = s.slot_index[:width]
        keys[index, :, self.position] = k[:, :, 0]
        values[index, :, self.position] = v[:, :, 0]
        heads = q.shape[1]
        grouped = q[:, :, 0].unflatten(1, (s.kv_heads, -1))  # [M, G, H / G, d]
        suffix, suffix_lse = attention_part(
            grouped, keys[:width, :, : self.window], values[:width, :, : self.window], self.suffix_bias
        )
        # Query of each sample at its prompt row [P, G, K · H / G, d]; the extra row takes the idle slots.
        sample_of = s.sample_of[:width]
        queries = q.new_zeros(rows * samples + 1, *grouped.shape[1:]).index_copy(0, sample_of, grouped)
        queries = queries[:-1].unflatten(0, (rows, samples)).transpose(1, 2).flatten(2, 3)
        shared, shared_lse = attention_part(
            queries, s.prompt_keys[layer, :rows], s.prompt_values[layer, :rows], self.prompt_bias
        )
        shared, shared_lse = (self._by_sample(t, samples) for t in (shared, shared_lse))
        out = merge_attention(
            F.pad(shared, (0, 0, 0, 0, 0, 0, 0, 1))[sample_of],
            F.pad(shared_lse, (0, 0, 0, 0, 0, 0, 0, 1), value=-torch.inf)[sample_of],
            suffix,
            suffix_lse,
        )
        return out.to(q.dtype).reshape(width, heads, 1, -1)

    @staticmethod
    def _by_sample(t: Tensor, samples: int) -> Tensor:
        """[P, G, K · r, x] → [P · K, G, r, x]."""
        by_sample: Tensor = t.unflatten(2, (samples, -1)).transpose(1, 2).flatten(0, 1)
        return by_sample


class StepGraphs:
    """CUDA graphs of decode steps by shape: the first step of a shape runs eagerly, the second is captured,
    the others are replayed. The first shape of a process runs eagerly twice, because of lazy initialisation.
    """

    def __init__(self) -> None:
        self.captured: dict[tuple[int, ...], torch.cuda.CUDAGraph] = {}
        self.runs: dict[tuple[int, ...], int] = {}
        self.pool: Any = None

    def clear(self) -> None:
        """Drops all graphs; to be called when a buffer has moved."""
        self.captured.clear()
        self.runs.clear()

    def run(self, shape: tuple[int, ...], step: Callable[[], None]) -> None:
        graph = self.captured.get(shape)
        if graph is not None:
            graph.replay()
            return
        self.runs[shape] = self.runs.get(shape, 0) + 1
        if self.runs[shape] <= (1 if self.captured else 2):
            # Lazy initialisation must not be recorded; it runs on a side stream, as graph capture requires.
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                step()
            torch.cuda.current_stream().wait_stream(side)
            return
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self.pool):
            step()
        self.pool = self.pool or graph.pool()
        self.captured[shape] = graph
        graph.replay()
