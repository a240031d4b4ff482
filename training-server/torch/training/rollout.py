"""Rollout: K completions of each video's prompt.

1. Encode the clips of the next videos (`Encoder`), some videos ahead.
2. Prefill each prompt once into a prompt row of the KV cache.
3. Start samples of the cached prompts in free slots; the first token comes from the prefill's logits.
4. Decode one token in every slot a step; poll which completions have ended.
5. Collect those, refill their slots, and halve the width of a step when the queue is empty.

Steps 2 to 4 on the device are `slots.py`; here is the host side.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field

import torch
from torch import Tensor

from modules.generate import Sampling
from modules.vqathinker import VQAThinkerModel
from training.clips import ClipPixels, Encoder
from training.draws import completion_draws
from training.phases import phase
from training.slots import Slots, SlotSizes
from training.trainable import evaluating

SHARED_OPERATIONS = 1e9
"""Operations of a decode step from which on a CPU's threads share it. A smaller step is hundreds of kernels
of microseconds; each would wait for every thread, and for milliseconds where another program holds a core."""


@dataclass(kw_only=True, eq=False)
class Prompt:
    """One video to draw completions for."""

    input_ids: Tensor
    """[L] int64: the prompt with its context ids."""

    clip: ClipPixels
    """The video's pixels."""

    number: int
    """The video's number in the whole batch, over all ranks: with the seed and the sample's index it
    decides the random draws."""

    limits: Sequence[int] | None = None
    """[K]: most tokens of each completion, below `max_completion_length` (for measurements with forced
    lengths)."""


@dataclass(kw_only=True)
class Completion:
    """Tokens drawn for one prompt, and their log-probabilities."""

    tokens: list[int]
    """At least one; the stop token included where one came."""

    logps: list[float]
    """Log-probability of each token before top-k and top-p, at the sampling temperature unless
    `RolloutOptions.logprob_temperature` is set; greedy counts as 1."""

    stopped: bool
    """True if a stop token ended it; else it reached its limit."""

    logits: Tensor | None = None
    """[n, V] that the tokens were drawn from, if `record_logits`."""


@dataclass(kw_only=True)
class RolloutOptions:
    """Options of the draws, and of how many run at a time, which changes no draw."""

    num_generations: int = 4
    """K, completions of a video."""

    sampling: Sampling = field(default_factory=lambda: Sampling(temperature=1.0))
    """Temperature (0 is greedy), top-k, top-p and seed."""

    max_completion_length: int = 2048
    """Most tokens of a completion."""

    stop_ids: Collection[int] = ()
    """Tokens that end a completion."""

    slots: int = 64
    """Completions that are generated at a time."""

    spare_prompt_rows: float = 0.25
    """Prompts held beyond those that fill the slots, as a share: long completions keep theirs."""

    prefill_rows: int = 4
    """Prompts of one length that are read together."""

    encode_ahead: int = 16
    """Videos that are encoded together, before their prompts are read."""

    logprob_temperature: float | None = None
    """Temperature of the log-probabilities that come with the completions, if not that of the draws."""

    poll_every: int = 0
    """Decode steps between polls for completions that have ended; 0 is 1 on a CPU and 8 on CUDA."""

    record_logits: bool = False
    """Keep the logits of every token (tests)."""


@torch.no_grad()
def rollout(
    model: VQAThinkerModel,
    encoder: Encoder,
    prompts: Sequence[Prompt],
    options: RolloutOptions,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> list[list[Completion]]:
    """K completions of each prompt, in the order given. The model is in eval mode meanwhile.

    progress(done, completions): called when completions have ended; what it raises ends the rollout.

    Completion k of a prompt depends on the weights, the prompt, the seed, its `number` and k; up to rounding
    in the last digits it does not depend on what runs beside it. Raises ValueError for a prompt that with
    `max_completion_length` exceeds the model's positions.
    """
    if not prompts:
        return []
    if options.num_generations < 1 or options.max_completion_length < 1 or options.slots < 1:
        raise ValueError("num_generations, max_completion_length and slots must be at least 1")
    longest = max(len(p.input_ids) for p in prompts)
    max_positions = model.config.language.max_position_embeddings
    if longest + options.max_completion_length > max_positions:
        raise ValueError(
            f"a prompt of {longest} tokens and completions of {options.max_completion_length} exceed the "
            f"model's {max_positions} positions"
        )
    with evaluating(model):
        return _Rollout(model, encoder, prompts, options, longest, progress).run()


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Computes on so many CPU threads meanwhile."""
    before = torch.get_num_threads()
    if before == count:
        yield
        return
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Rollout:
    """Assignment of samples to slots and prompts to prompt rows, and the completions so far."""

    def __init__(
        self,
        model: VQAThinkerModel,
        encoder: Encoder,
        prompts: Sequence[Prompt],
        options: RolloutOptions,
        max_prompt_length: int,
        progress: Callable[[int, int], None] | None,
    ):
        self.model, self.encoder, self.prompts, self.options = model, encoder, prompts, options
        self.progress, self.done = progress, 0
        width = min(options.slots, len(prompts) * options.num_generations)
        filled = -(-width // options.num_generations)
        prompt_rows = min(len(prompts), filled + max(1, round(filled * options.spare_prompt_rows)))
        self.slots = Slots(
            model.language_model,
            SlotSizes(
                slots=width,
                prompt_rows=prompt_rows,
                num_generations=options.num_generations,
                max_prompt_length=max_prompt_length,
                max_completion_length=options.max_completion_length,
            ),
            sampling=options.sampling,
            stop_ids=options.stop_ids,
            logprob_temperature=options.logprob_temperature,
            record_logits=options.record_logits,
        )
        self.parameters = sum(p.numel() for p in model.language_model.parameters())
        self.stops = set(options.stop_ids)
        self.completions: list[list[Completion | None]] = [[None] * options.num_generations for _ in prompts]
        self.queue = deque(range(len(prompts)))  # prompts that are not prefilled
        self.encoded: dict[int, Tensor] = {}  # prompt → embeddings [L, D], before the prefill
        self.waiting: deque[tuple[int, int, int]] = deque()  # (prompt, row, sample)
        self.unfinished = [0] * prompt_rows  # unfinished samples of each prompt row
        self.running: dict[int, tuple[int, int, int]] = {}  # slot → (prompt, row, sample)
        self.poll_every = options.poll_every or (8 if self.slots.device.type == "cuda" else 1)

    def run(self) -> list[list[Completion]]:
        self._refill(range(self.slots.width))
        while self.running:
            with phase("decode"):
                with self._step_threads():
                    for _ in range(self.poll_every):
                        self.slots.step()
                self._collect()
        return [[completion for completion in group if completion is not None] for group in self.completions]

    def _step_threads(self) -> AbstractContextManager[None]:
        operations = 2 * self.slots.width * self.parameters
        alone = self.slots.device.type == "cpu" and operations < SHARED_OPERATIONS
        return threads(1) if alone else nullcontext()

    def _collect(self) -> None:
        while self.running:
            running, counts = self.slots.poll()
            ended = [slot for slot in self.running if not running[slot]]
            if not ended:
                return
            for slot in ended:
                self._finish(slot, counts[slot])
            if self.progress is not None:
                self.done += len(ended)
                self.progress(self.done, len(self.prompts) * self.options.num_generations)
            # A completion may end with its first token, hence the loop.
            self._refill(ended)
            self._shrink()

    def _finish(self, slot: int, count: int) -> None:
        prompt, row, sample = self.running.pop(slot)
        tokens = self.slots.tokens[slot, :count].tolist()
        self.completions[prompt][sample] = Completion(
            tokens=tokens,
            logps=self.slots.logps[slot, :count].tolist(),
            stopped=tokens[-1] in self.stops,
            logits=None if self.slots.logits is None else self.slots.logits[slot, :count].clone(),
        )
        self.unfinished[row] -= 1

    def _refill(self, free: Sequence[int]) -> None:
        free = list(free)
        while len(self.waiting) < len(free) and self.queue and 0 in self.unfinished:
            self._prefill()
        taken = [(slot, self.waiting.popleft()) for slot in free[: len(self.waiting)]]
        if taken:
            options = self.options
            draws = [self._draws(self.prompts[prompt].number, sample) for _, (prompt, _, sample) in taken]
            limits = [self._limit(prompt, sample) for _, (prompt, _, sample) in taken]
            self.slots.begin(
                [slot for slot, _ in taken],
                [(row, sample) for _, (_, row, sample) in taken],
                torch.stack(draws),
                [min(limit, options.max_completion_length) for limit in limits],
            )
            self.running |= dict(taken)
        if idle := free[len(taken) :]:
            self.slots.release(idle)

    def _draws(self, number: int, sample: int) -> Tensor:
        sampling, count = self.options.sampling, self.options.max_completion_length
        if sampling.temperature == 0:
            return torch.zeros(count, dtype=torch.float64)
        return completion_draws(sampling.seed, number, sample, count)

    def _limit(self, prompt: int, sample: int) -> int:
        limits = self.prompts[prompt].limits
        return self.options.max_completion_length if limits is None else max(1, limits[sample])

    def _prefill(self) -> None:
        """Prefills prompts of one length into free prompt rows, at most `prefill_rows` of them."""
        free = [row for row, left in enumerate(self.unfinished[: self.slots.prompt_rows]) if left == 0]
        length = len(self.prompts[self.queue[0]].input_ids)
        chosen: list[int] = []
        while (
            self.queue
            and len(chosen) < min(len(free), self.options.prefill_rows)
            and len(self.prompts[self.queue[0]].input_ids) == length
        ):
            chosen.append(self.queue.popleft())
        self._encode(chosen)
        rows = free[: len(chosen)]
        with phase("prefill"):
            self.slots.prefill(rows, torch.stack([self.encoded.pop(prompt) for prompt in chosen]))
        for prompt, row in zip(chosen, rows, strict=True):
            self.unfinished[row] = self.options.num_generations
            self.waiting.extend((prompt, row, sample) for sample in range(self.options.num_generations))

    def _encode(self, needed: Sequence[int]) -> None:
        missing = [prompt for prompt in needed if prompt not in self.encoded]
        if not missing:
            return
        ahead = [prompt for prompt in self.queue if prompt not in self.encoded]
        batch = missing + ahead[: max(0, self.options.encode_ahead - len(missing))]
        encoded = self.encoder.encode([self.prompts[prompt].clip for prompt in batch])
        for row, prompt in enumerate(batch):
            ids = self.prompts[prompt].input_ids.to(self.slots.device)[None]
            one = encoded.select(torch.tensor([row], device=self.slots.device))
            self.encoded[prompt] = self.model.inputs_embeds(ids, one, self.encoder.profile)[0]

    def _shrink(self) -> None:
        """Halves the width of a step when nothing waits and half the slots are idle."""
        if self.waiting or self.queue:
            return
        width, prompt_rows = self.slots.width, self.slots.prompt_rows
        live_slots = sorted(self.running)
        live_rows = sorted({row for _, row, _ in self.running.values()})
        new_width, new_prompt_rows = _halved(width, len(live_slots)), _halved(prompt_rows, len(live_rows))
        if not live_slots or (new_width == width and new_prompt_rows == prompt_rows):
            return
        self.slots.compact(live_slots, live_rows, new_width, new_prompt_rows)
        new_slot = {old: new for new, old in enumerate(live_slots)}
        new_row = {old: new for new, old in enumerate(live_rows)}
        self.running = {
            new_slot[slot]: (prompt, new_row[row], sample)
            for slot, (prompt, row, sample) in self.running.items()
        }
        self.unfinished = [self.unfinished[row] for row in live_rows] + [0] * (
            new_prompt_rows - len(live_rows)
        )


def _halved(size: int, needed: int) -> int:
    while size > 1 and -(-size // 2) >= max(needed, 1):
        size = -(-size // 2)
    return size
