"""Answers to videos: K each, every prompt read once, decoded in slots that are refilled as answers end."""

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
from training.draws import answer_draws
from training.phases import phase
from training.slots import Slots
from training.trainable import evaluating

SHARED_OPERATIONS = 1e9
"""Operations of a decode step from which on a CPU's threads share it. A smaller step is hundreds of kernels
of microseconds; each would wait for every thread, and for milliseconds where another program holds a core."""


@dataclass(kw_only=True, eq=False)
class Prompt:
    """One video to answer."""

    input_ids: Tensor
    """[L] int64: the prompt with its context ids."""

    clip: ClipPixels
    """The video's pixels."""

    number: int
    """The video's number in the whole batch, over all ranks: with the seed and the answer's own number it
    decides the random draws."""

    limits: Sequence[int] | None = None
    """[K]: most tokens of each answer, below `max_tokens` (for measurements with forced lengths)."""


@dataclass(kw_only=True)
class Answer:
    """What was drawn."""

    tokens: list[int]
    """At least one; the stop token included where one came."""

    logps: list[float]
    """Log-probability of each token before top-k and top-p, at the sampling temperature unless
    `RolloutOptions.scored_temperature` says another; greedy counts as 1."""

    stopped: bool
    """Whether a stop token ended it; else it ran into its limit."""

    logits: Tensor | None = None
    """[n, V] that the tokens were drawn from, if asked for."""


@dataclass(kw_only=True)
class RolloutOptions:
    """How answers are drawn and how many at a time; the latter changes no draw."""

    answers: int = 4
    """K, answers a video."""

    sampling: Sampling = field(default_factory=lambda: Sampling(temperature=1.0))
    """Temperature (0 is greedy), top-k, top-p and seed."""

    max_tokens: int = 2048
    """Most tokens of an answer."""

    stop_ids: Collection[int] = ()
    """Tokens that end an answer."""

    slots: int = 64
    """Answers that are written at a time."""

    spare_places: float = 0.25
    """Prompts held beyond those that fill the slots, as a share: answers that run long keep theirs."""

    prefill_rows: int = 4
    """Prompts of one length that are read together."""

    encode_ahead: int = 16
    """Videos that are encoded together, before their prompts are read."""

    scored_temperature: float | None = None
    """Temperature of the log-probabilities that come with the answers, if not that of the draws."""

    poll_every: int = 0
    """Decode steps between looks at which answers have ended; 0 is 1 on a CPU and 8 on CUDA."""

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
) -> list[list[Answer]]:
    """K answers to each prompt, in the order given. The model is in eval mode meanwhile.

    progress(done, answers): called when answers have ended; what it raises ends the rollout.

    Answer k of a prompt depends on the weights, the prompt, the seed, its `number` and k; up to rounding in
    the last digits it does not depend on what runs beside it. Raises ValueError for a prompt that with
    `max_tokens` exceeds the model's positions.
    """
    if not prompts:
        return []
    if options.answers < 1 or options.max_tokens < 1 or options.slots < 1:
        raise ValueError("answers, max_tokens and slots must be at least 1")
    longest = max(len(p.input_ids) for p in prompts)
    most = model.config.language.max_position_embeddings
    if longest + options.max_tokens > most:
        raise ValueError(
            f"a prompt of {longest} tokens and answers of {options.max_tokens} exceed the model's {most} "
            "positions"
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
    """The host side: which answer goes into which slot, and what has come out."""

    def __init__(
        self,
        model: VQAThinkerModel,
        encoder: Encoder,
        prompts: Sequence[Prompt],
        options: RolloutOptions,
        longest: int,
        progress: Callable[[int, int], None] | None,
    ):
        self.model, self.encoder, self.prompts, self.options = model, encoder, prompts, options
        self.progress, self.done = progress, 0
        width = min(options.slots, len(prompts) * options.answers)
        filling = -(-width // options.answers)
        places = min(len(prompts), filling + max(1, round(filling * options.spare_places)))
        self.slots = Slots(
            model.language_model,
            slots=width,
            places=places,
            lanes=options.answers,
            prompt_places=longest,
            max_tokens=options.max_tokens,
            sampling=options.sampling,
            stop_ids=options.stop_ids,
            scored_temperature=options.scored_temperature,
            record_logits=options.record_logits,
        )
        self.parameters = sum(p.numel() for p in model.language_model.parameters())
        self.stops = set(options.stop_ids)
        self.answers: list[list[Answer | None]] = [[None] * options.answers for _ in prompts]
        self.unread = deque(range(len(prompts)))  # prompts without a place
        self.encoded: dict[int, Tensor] = {}  # prompt → embeddings [L, D], before it has a place
        self.waiting: deque[tuple[int, int, int]] = deque()  # (prompt, place, answer)
        self.open = [0] * places  # answers of a place that have not ended
        self.running: dict[int, tuple[int, int, int]] = {}  # slot → (prompt, place, answer)
        self.poll_every = options.poll_every or (8 if self.slots.device.type == "cuda" else 1)

    def run(self) -> list[list[Answer]]:
        self._refill(range(self.slots.width))
        while self.running:
            with phase("decode"):
                with self._step_threads():
                    for _ in range(self.poll_every):
                        self.slots.step()
                self._collect()
        return [[answer for answer in group if answer is not None] for group in self.answers]

    def _step_threads(self) -> AbstractContextManager:
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
                self.progress(self.done, len(self.prompts) * self.options.answers)
            # An answer that takes a slot may end with its first token, hence the loop.
            self._refill(ended)
            self._shrink()

    def _finish(self, slot: int, count: int) -> None:
        prompt, place, answer = self.running.pop(slot)
        tokens = self.slots.tokens[slot, :count].tolist()
        self.answers[prompt][answer] = Answer(
            tokens=tokens,
            logps=self.slots.logps[slot, :count].tolist(),
            stopped=tokens[-1] in self.stops,
            logits=None if self.slots.logits is None else self.slots.logits[slot, :count].clone(),
        )
        self.open[place] -= 1

    def _refill(self, free: Sequence[int]) -> None:
        free = list(free)
        while len(self.waiting) < len(free) and self.unread and 0 in self.open:
            self._read_prompts()
        taken = [(slot, self.waiting.popleft()) for slot in free[: len(self.waiting)]]
        if taken:
            options = self.options
            draws = [self._draws(self.prompts[prompt].number, answer) for _, (prompt, _, answer) in taken]
            limits = [self._limit(prompt, answer) for _, (prompt, _, answer) in taken]
            self.slots.begin(
                [slot for slot, _ in taken],
                [(place, answer) for _, (_, place, answer) in taken],
                torch.stack(draws),
                [min(limit, options.max_tokens) for limit in limits],
            )
            self.running |= dict(taken)
        if idle := free[len(taken) :]:
            self.slots.release(idle)

    def _draws(self, number: int, answer: int) -> Tensor:
        sampling, count = self.options.sampling, self.options.max_tokens
        if sampling.temperature == 0:
            return torch.zeros(count, dtype=torch.float64)
        return answer_draws(sampling.seed, number, answer, count)

    def _limit(self, prompt: int, answer: int) -> int:
        limits = self.prompts[prompt].limits
        return self.options.max_tokens if limits is None else max(1, limits[answer])

    def _read_prompts(self) -> None:
        """Reads prompts of one length into free places, as many as may be read together."""
        free = [place for place, left in enumerate(self.open[: self.slots.places]) if left == 0]
        length = len(self.prompts[self.unread[0]].input_ids)
        chosen = []
        while (
            self.unread
            and len(chosen) < min(len(free), self.options.prefill_rows)
            and len(self.prompts[self.unread[0]].input_ids) == length
        ):
            chosen.append(self.unread.popleft())
        self._encode(chosen)
        places = free[: len(chosen)]
        with phase("prefill"):
            self.slots.prefill(places, torch.stack([self.encoded.pop(prompt) for prompt in chosen]))
        for prompt, place in zip(chosen, places, strict=True):
            self.open[place] = self.options.answers
            self.waiting.extend((prompt, place, k) for k in range(self.options.answers))

    def _encode(self, needed: Sequence[int]) -> None:
        missing = [prompt for prompt in needed if prompt not in self.encoded]
        if not missing:
            return
        more = [prompt for prompt in self.unread if prompt not in self.encoded]
        batch = missing + more[: max(0, self.options.encode_ahead - len(missing))]
        encoded = self.encoder.encode([self.prompts[prompt].clip for prompt in batch])
        for row, prompt in enumerate(batch):
            ids = self.prompts[prompt].input_ids.to(self.slots.device)[None]
            one = encoded.select(torch.tensor([row], device=self.slots.device))
            self.encoded[prompt] = self.model.inputs_embeds(ids, one, self.encoder.profile)[0]

    def _shrink(self) -> None:
        """Halves the width of a step when nothing waits and half the slots are idle."""
        if self.waiting or self.unread:
            return
        width, places = self.slots.width, self.slots.places
        live = sorted(self.running)
        held = sorted({place for _, place, _ in self.running.values()})
        new_width, new_places = _halved(width, len(live)), _halved(places, len(held))
        if not live or (new_width == width and new_places == places):
            return
        self.slots.compact(live, held, new_width, new_places)
        slot_now = {old: new for new, old in enumerate(live)}
        place_now = {old: new for new, old in enumerate(held)}
        self.running = {
            slot_now[slot]: (prompt, place_now[place], answer)
            for slot, (prompt, place, answer) in self.running.items()
        }
        self.open = [self.open[place] for place in held] + [0] * (new_places - len(held))


def _halved(size: int, needed: int) -> int:
    while size > 1 and -(-size // 2) >= max(needed, 1):
        size = -(-size // 2)
    return size
