"""Decoding in a fixed number of slots over shared prompts.

A prompt's keys and values stand once, in a place; each of its K answers is written by a slot that reads the
place and its own suffix, and the two parts of attention are merged by their log-sum-exp. A slot whose answer
ends takes the next one. All tensors of a step are allocated once and all its shapes are fixed, so that on
CUDA a step is one graph.

Shapes: M slots, P places, K lanes (answers) a place, H query heads, G KV heads, d head width, L places of the
longest prompt, W positions of the suffix window, V vocabulary, T most tokens of an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

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
        return flat.unflatten(0, q.shape[:2])
    return (q @ k.transpose(-1, -2)).to(torch.promote_types(q.dtype, torch.float32))


def merged(a: Tensor, a_lse: Tensor, b: Tensor, b_lse: Tensor) -> Tensor:
    """Attention to the union of two parts from the attention to each; a part without keys has lse −∞."""
    share = torch.sigmoid(a_lse - b_lse)
    return torch.lerp(b, a, share)


@dataclass
class _Slot:
    """What the host knows of a slot."""

    place: int
    lane: int
    answer: object


class Slots:
    """The device side of a rollout: prompts in places, answers in slots, one decode step for all slots."""

    def __init__(
        self,
        model: Qwen2,
        *,
        slots: int,
        places: int,
        lanes: int,
        prompt_places: int,
        max_tokens: int,
        sampling: Sampling,
        stop_ids: Collection[int],
        scored_temperature: float | None = None,
        record_logits: bool = False,
    ):
        weight = model.model.norm.weight
        config: LanguageConfig = model.config
        self.model, self.sampling, self.lanes, self.max_tokens = model, sampling, lanes, max_tokens
        self.scored_temperature = scored_temperature
        self.device, self.dtype = weight.device, weight.dtype
        self.width, self.places = slots, places
        self.window_step = min(WINDOW * 4 if self.device.type == "cuda" else WINDOW, max_tokens)
        heads, d = config.num_key_value_heads, config.head_dim
        self.kv_heads, self.head_dim = heads, d

        def buffer(*shape: int, dtype: torch.dtype | None = None) -> Tensor:
            return torch.zeros(*shape, dtype=dtype or self.dtype, device=self.device)

        layers = config.num_hidden_layers
        self.prompt_keys = buffer(layers, places, heads, prompt_places, d)
        self.prompt_values = torch.zeros_like(self.prompt_keys)
        self.prompt_bias = buffer(places, prompt_places, dtype=torch.float32)
        self.prompt_lengths = [0] * places
        self.suffix_keys = buffer(layers, slots, heads, self.window_step, d)
        self.suffix_values = torch.zeros_like(self.suffix_keys)
        self.first_logits = buffer(places, config.vocab_size, dtype=torch.float32)
        long, double = torch.long, torch.float64
        self.rows = torch.arange(slots, device=self.device)
        self.prompt_length = buffer(slots, dtype=long)
        self.lane_of = torch.full((slots,), places * lanes, device=self.device)
        self.token = buffer(slots, dtype=long)
        self.count = buffer(slots, dtype=long)
        self.limit = buffer(slots, dtype=long)
        self.running = buffer(slots, dtype=torch.bool)
        self.draws = buffer(slots, max_tokens, dtype=double)
        self.tokens = buffer(slots, max_tokens, dtype=long)
        self.logps = buffer(slots, max_tokens, dtype=torch.float32)
        self.stops = torch.tensor(sorted(stop_ids), dtype=long, device=self.device)
        self.logits = (
            buffer(slots, max_tokens, config.vocab_size, dtype=torch.float32) if record_logits else None
        )
        self.graphs = StepGraphs() if self.device.type == "cuda" else None
        self.steps = 0

    # Prompts

    def prefill(self, places: Sequence[int], inputs_embeds: Tensor) -> None:
        """Reads prompts of one length [B, L, D] into places, one each."""
        length = inputs_embeds.shape[1]
        hidden = self.model(
            inputs_embeds,
            position_ids=torch.arange(length, device=self.device).expand(len(places), -1),
            attend=_Prefill(self, list(places)),
        )
        chosen = torch.tensor(list(places), device=self.device)
        self.first_logits[chosen] = self.model.logits(hidden, slice(-1, None))[:, 0].float()
        self.prompt_bias[chosen] = 0
        self.prompt_bias[chosen, length:] = -torch.inf
        for place in places:
            self.prompt_lengths[place] = length

    # Answers

    def begin(
        self, slots: Sequence[int], lanes: Sequence[tuple[int, int]], draws: Tensor, limits: Sequence[int]
    ):
        """Puts answers into slots: (place, lane), uniform draws [n, T] and most tokens of each.

        Their first tokens come from the prompts' own logits. The suffix of a slot need not be cleared: what
        another answer left lies behind the new one's length.
        """
        chosen = torch.tensor(list(slots), device=self.device)
        places = torch.tensor([place for place, _ in lanes], device=self.device)
        draws = draws.to(self.device)
        logits = self.first_logits[places]
        token, logp = self._choose(logits, draws[:, 0])
        limit = torch.tensor(list(limits), device=self.device)
        self.prompt_length[chosen] = torch.tensor(
            [self.prompt_lengths[place] for place, _ in lanes], device=self.device
        )
        self.lane_of[chosen] = torch.tensor([p * self.lanes + k for p, k in lanes], device=self.device)
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
            self.graphs.run((self.width, self.places, window), lambda: self._step(window))

    def _step(self, window: int) -> None:
        embeds = self.model.embed(self.token[: self.width, None])
        # The token that goes in is number count − 1 of its answer.
        place = (self.count[: self.width] - 1).clamp_(min=0)
        positions = (self.prompt_length[: self.width] + place)[:, None]
        hidden = self.model(embeds, position_ids=positions, attend=_Decode(self, place, window))
        logits = self.model.logits(hidden)[:, 0].float()
        self._take(logits)

    def _choose(self, logits: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        token, logp = choose(logits, self.sampling, draws)
        other = self.scored_temperature
        if other is not None and other != (self.sampling.temperature or 1.0):
            logp = (logits / other).log_softmax(-1).gather(1, token[:, None])[:, 0]
        return token, logp

    def _stops(self, token: Tensor) -> Tensor:
        return (token[:, None] == self.stops).any(-1)

    def _take(self, logits: Tensor) -> None:
        w = self.width
        rows, running = self.rows[:w], self.running[:w]
        at = self.count[:w].clamp(max=self.max_tokens - 1)
        token, logp = self._choose(logits, self.draws[rows, at])
        self.tokens[rows, at] = torch.where(running, token, self.tokens[rows, at])
        self.logps[rows, at] = torch.where(running, logp, self.logps[rows, at])
        if self.logits is not None:
            self.logits[rows, at] = torch.where(running[:, None], logits, self.logits[rows, at])
        self.token[:w] = torch.where(running, token, self.token[:w])
        self.count[:w] += running
        self.running[:w] = running & ~self._stops(token) & (self.count[:w] < self.limit[:w])

    def _window(self) -> int:
        """Positions of the suffix that a step must see, in whole steps; makes room for them."""
        need = min(self._longest + 1, self.max_tokens)
        window = min(-(-need // self.window_step) * self.window_step, self.max_tokens)
        held = self.suffix_keys.shape[3]
        if window > held:
            grown = min(max(window, 2 * held), self.max_tokens)
            for name in ("suffix_keys", "suffix_values"):
                setattr(self, name, F.pad(getattr(self, name), (0, 0, 0, grown - held)))
            if self.graphs is not None:
                self.graphs.clear()
        self._longest += 1
        return window

    # Host side

    _longest = 0
    """Upper bound of the tokens of any slot that runs."""

    def poll(self) -> tuple[list[bool], list[int]]:
        """Whether each slot runs and how many tokens it has; waits for the device."""
        both = torch.stack([self.running[: self.width].long(), self.count[: self.width]]).tolist()
        running = [bool(x) for x in both[0]]
        self._longest = max((n for n, on in zip(both[1], running, strict=True) if on), default=0)
        return running, both[1]

    def release(self, slots: Sequence[int]) -> None:
        """Slots that nothing follows into; they compute on, unread."""
        chosen = torch.tensor(list(slots), device=self.device)
        self.running[chosen] = False
        self.lane_of[chosen] = self.places * self.lanes
        self.count[chosen] = 0

    def compact(self, slots: Sequence[int], places: Sequence[int], width: int, held: int) -> None:
        """Moves the given slots and places to the front, where steps are `width` and `held` wide from now.

        For the end of a rollout, when answers that run on are few. Old number → new number is the order of
        the lists.
        """
        rows = list(slots) + [s for s in range(self.width) if s not in set(slots)][: width - len(slots)]
        kept = list(places) + [p for p in range(self.places) if p not in set(places)][: held - len(places)]
        moved = torch.tensor(rows, device=self.device)
        for name in ("prompt_length", "token", "count", "limit", "running", "draws", "tokens", "logps"):
            buffer = getattr(self, name)
            buffer[:width] = buffer[moved]
        if self.logits is not None:
            self.logits[:width] = self.logits[moved]
        new_place = {old: new for new, old in enumerate(kept)}
        lanes = []
        for slot in self.lane_of[moved].tolist():
            place, lane = divmod(slot, self.lanes)
            idle = place not in new_place
            lanes.append(held * self.lanes if idle else new_place[place] * self.lanes + lane)
        self.lane_of[:width] = torch.tensor(lanes, device=self.device)
        source = torch.tensor(kept, device=self.device)
        for layer in range(len(self.suffix_keys)):
            for buffer in (self.suffix_keys, self.suffix_values):
                buffer[layer, :width] = buffer[layer, moved]
            for buffer in (self.prompt_keys, self.prompt_values):
                buffer[layer, :held] = buffer[layer, source]
        self.prompt_bias[:held] = self.prompt_bias[source]
        self.first_logits[:held] = self.first_logits[source]
        self.prompt_lengths[:held] = [self.prompt_lengths[p] for p in kept]
        self.width, self.places = width, held


class _Prefill:
    """Causal attention within prompts; keys and values stay in their places."""

    def __init__(self, slots: Slots, places: list[int]):
        self.slots, self.places = slots, places

    def __call__(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        length = k.shape[2]
        for row, place in enumerate(self.places):
            self.slots.prompt_keys[layer, place, :, :length] = k[row]
            self.slots.prompt_values[layer, place, :, :length] = v[row]
        shared = q.shape[1] != k.shape[1]
        return F.scaled_dot_product_attention(q, k, v, is_causal=length > 1, enable_gqa=shared)


class _Decode:
    """Attention of one new token a slot: to the shared prompts place by place, to the own suffix, merged."""

    def __init__(self, slots: Slots, place: Tensor, window: int):
        self.slots, self.place, self.window = slots, place, window
        positions = torch.arange(window, device=place.device)
        own = torch.zeros(len(place), window, device=place.device)
        self.suffix_bias = own.masked_fill_(positions > place[:, None], -torch.inf)[:, None, None]
        self.prompt_bias = slots.prompt_bias[: slots.places, None, None]

    def __call__(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        s = self.slots
        width, places, lanes = s.width, s.places, s.lanes
        keys, values = s.suffix_keys[layer], s.suffix_values[layer]
        rows = s.rows[:width]
        keys[rows, :, self.place] = k[:, :, 0]
        values[rows, :, self.place] = v[:, :, 0]
        heads = q.shape[1]
        grouped = q[:, :, 0].unflatten(1, (s.kv_heads, -1))  # [M, G, H / G, d]
        own, own_lse = attention_part(
            grouped, keys[:width, :, : self.window], values[:width, :, : self.window], self.suffix_bias
        )
        # Each lane of each place asks its prompt; the extra row takes the slots without an answer.
        lane_of = s.lane_of[:width]
        asked = q.new_zeros(places * lanes + 1, *grouped.shape[1:]).index_copy(0, lane_of, grouped)
        asked = asked[:-1].unflatten(0, (places, lanes)).transpose(1, 2).flatten(2, 3)  # [P, G, K · H / G, d]
        shared, shared_lse = attention_part(
            asked, s.prompt_keys[layer, :places], s.prompt_values[layer, :places], self.prompt_bias
        )
        shared, shared_lse = (self._by_lane(t, lanes) for t in (shared, shared_lse))
        out = merged(
            F.pad(shared, (0, 0, 0, 0, 0, 0, 0, 1))[lane_of],
            F.pad(shared_lse, (0, 0, 0, 0, 0, 0, 0, 1), value=-torch.inf)[lane_of],
            own,
            own_lse,
        )
        return out.to(q.dtype).reshape(width, heads, 1, -1)

    @staticmethod
    def _by_lane(t: Tensor, lanes: int) -> Tensor:
        """[P, G, K · r, x] → [P · K, G, r, x]."""
        return t.unflatten(2, (lanes, -1)).transpose(1, 2).flatten(0, 1)


class StepGraphs:
    """CUDA graphs of decode steps by shape: a shape runs once as it is, then it is captured and replayed.

    The first shape of all runs twice before, for what is initialised lazily in a process.
    """

    def __init__(self):
        self.captured: dict[tuple[int, ...], torch.cuda.CUDAGraph] = {}
        self.runs: dict[tuple[int, ...], int] = {}
        self.pool = None

    def clear(self) -> None:
        """To be called when a buffer has moved."""
        self.captured.clear()
        self.runs.clear()

    def run(self, shape: tuple[int, ...], step: Callable[[], None]) -> None:
        graph = self.captured.get(shape)
        if graph is not None:
            graph.replay()
            return
        self.runs[shape] = self.runs.get(shape, 0) + 1
        if self.runs[shape] <= (1 if self.captured else 2):
            # What is initialised lazily must not be recorded; it happens on a side stream, as capture asks.
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
