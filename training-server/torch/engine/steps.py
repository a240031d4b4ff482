"""Commands that change weights: one optimiser step of GRPO, of fine-tuning or of regression pretraining, and
the closed-form fit of the motion projector. Every rank computes on its share; gradients are averaged."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from engine.channel import finite
from engine.dense import DenseHead, fit_projector
from engine.faults import CommandError
from engine.policy import Optimiser, Policy
from engine.requests import (
    CompletionGroup,
    FitExample,
    FitRequest,
    RegressionRequest,
    SftRequest,
    TargetExample,
    UpdateRequest,
    WrittenExample,
)
from engine.session import Session
from engine.totals import merged
from modules.grpo_loss import LossConfig
from training.clips import ClipPixels
from training.metrics import policy_metrics, step_metrics
from training.objective import StepTotals
from training.optimizer import clip_and_step
from training.phases import PhaseClock
from training.rollout import Completion
from training.sft import SftOptions, accumulate_sft, completion_tokens, sft_metrics
from training.teacher_forcing import Example, Group
from training.update import UpdateOptions, accumulate

Result = dict[str, Any]


class OptimiserStep:
    """One optimiser step of a command: the clock, the step itself and its metrics.

    `computing()` surrounds what follows the decoding of videos; the seconds before it count as `videos`.
    Raises CommandError where nothing trains.
    """

    def __init__(self, session: Session, *, lr: float, max_grad_norm: float):
        self.session, self.lr, self.max_grad_norm = session, lr, max_grad_norm
        self.policy, self.optimiser = trained(session)
        self.started = time.perf_counter()
        self.failed_videos = 0
        self.grad_norm, self.taken = 0.0, False

    @contextmanager
    def computing(self) -> Iterator[None]:
        self.computing_from = time.perf_counter()
        with PhaseClock(self.policy.device) as self.clock:
            yield

    def progress(self, done: int, of: int) -> None:
        self.session.progress("update", done, of)

    def apply(self) -> None:
        """Clips the accumulated gradients and takes the step, unless their norm is not finite."""
        self.grad_norm, self.taken = clip_and_step(self.optimiser, lr=self.lr, max_norm=self.max_grad_norm)
        self.policy.encoder.weights_changed()
        extractor = self.policy.model.slowfast_model
        if extractor.training and self.session.ranks.world > 1:
            # Batch norm in train mode uses the statistics of each rank's rows, as in the official run. Rank
            # 0's running statistics are broadcast, so that the ranks hold one model.
            for buffer in extractor.buffers():
                torch.distributed.broadcast(buffer, src=0)

    def result(self, metrics: Mapping[str, float]) -> Result:
        """The command's result: metrics under TRL's names, and seconds by phase."""
        values = {
            **metrics,
            **step_metrics(self.grad_norm, self.taken, self.lr),
            "videos/failed": float(self.failed_videos),
        }
        if peak := _peak_memory(self.policy.device):
            values["memory/peak_bytes"] = float(peak)
        seconds = {
            **self.clock.seconds,
            "videos": self.computing_from - self.started,
            "total": time.perf_counter() - self.started,
        }
        return {"metrics": finite(values), "seconds": seconds}


def update(session: Session, request: UpdateRequest) -> Result:
    """One optimiser step of GRPO on completions with advantages."""
    step = OptimiserStep(session, lr=request.lr, max_grad_norm=request.max_grad_norm)
    policy = step.policy
    if request.beta and policy.reference is None:
        raise CommandError("the KL term needs a reference, and the checkpoint was loaded without one")
    options = UpdateOptions(
        loss=LossConfig(
            loss_type="grpo" if request.loss_type == "gspo" else request.loss_type,
            sequence_ratio=request.loss_type == "gspo",
            sapo_positive=request.sapo_temperature.positive,
            sapo_negative=request.sapo_temperature.negative,
            beta=request.beta,
            clip_low=request.clip.low,
            clip_high=request.clip.high,
            delta=request.clip.delta,
            max_completion_length=request.max_completion_length,
        ),
        old_logps=any(c.old_logps is not None for group in request.groups for c in group.completions),
        max_grad_norm=request.max_grad_norm,
        max_tokens_per_row=request.max_tokens_per_row,
    )
    # Read this rank's videos.
    prompt_ids = torch.tensor(policy.text.prompt(request.prompt))

    def group_of(entry: CompletionGroup, clip: ClipPixels) -> Group:
        # A completion without a token adds nothing to the loss and does not count in its means.
        scored = [completion for completion in entry.completions if completion.tokens]
        return Group(
            input_ids=prompt_ids,
            clip=clip,
            completions=[_completion(c.tokens, c.old_logps or (), policy.text.end) for c in scored],
            advantages=[completion.advantage for completion in scored],
        )

    groups, step.failed_videos = session.read_examples(request.groups, group_of)
    groups = [group for group in groups if group.completions]
    # Count completions and tokens of the whole step, which the loss is averaged over.
    lengths = [len(c.tokens) for group in groups for c in group.completions]
    lengths = [length for share in session.ranks.gather(lengths) for length in share]
    if not lengths:
        raise CommandError("there is nothing to learn from: no group has a completion with a token")
    counted = len(lengths) + request.masked_completions
    totals = StepTotals(completions=counted, tokens=sum(lengths), ranks=session.ranks.world)
    # Accumulate gradients over the rows, then take the step.
    with step.computing():
        with policy.shards.accumulating():
            sums = accumulate(
                policy.model,
                policy.encoder,
                groups,
                options,
                totals=totals,
                reference=policy.reference,
                progress=step.progress,
            )
        step.apply()
    return step.result(policy_metrics(merged(sums, session.ranks)))


def sft(session: Session, request: SftRequest) -> Result:
    """One optimiser step of supervised fine-tuning on written completions."""
    step = OptimiserStep(session, lr=request.lr, max_grad_norm=request.max_grad_norm)
    policy = step.policy
    options = SftOptions(max_grad_norm=request.max_grad_norm, max_tokens_per_row=request.max_tokens_per_row)
    prompt_ids = torch.tensor(policy.text.prompt(request.prompt))

    def example_of(entry: WrittenExample, clip: ClipPixels) -> Example:
        completion = _completion(policy.text.completion_ids(entry.text), (), policy.text.end)
        return Example(input_ids=prompt_ids, clip=clip, completions=[completion])

    examples, step.failed_videos = session.read_examples(request.examples, example_of)
    tokens = sum(session.ranks.gather(completion_tokens(examples)))
    with step.computing():
        with policy.shards.accumulating():
            sums = accumulate_sft(
                policy.model,
                policy.encoder,
                examples,
                options,
                tokens=tokens,
                ranks=session.ranks.world,
                progress=step.progress,
            )
        step.apply()
    return step.result(sft_metrics(merged(sums, session.ranks)))


def regression_pretrain(session: Session, request: RegressionRequest) -> Result:
    """One optimiser step on dense targets: model and heads, whose gradients are clipped apart."""
    step = OptimiserStep(session, lr=request.lr, max_grad_norm=request.max_grad_norm)
    for entry in request.examples:
        if len(entry.targets) != len(request.names):
            raise CommandError(f"{len(entry.targets)} targets of an example for {len(request.names)} names")
    dense = session.dense
    if dense is None or dense.names != request.names:
        dense = session.dense = DenseHead(step.policy, request.names, session.ranks)

    def example_of(entry: TargetExample, clip: ClipPixels) -> Any:
        return dense.example(entry.targets, clip)

    examples, step.failed_videos = session.read_examples(request.examples, example_of)
    with step.computing():
        sums = dense.accumulate(examples)
        step.apply()
        dense.step(request.lr, request.max_grad_norm, step.taken)
    return step.result(dense.metrics(merged(sums, session.ranks)))


def fit(session: Session, request: FitRequest) -> Result:
    """The closed-form fit of the motion projector's last layer."""
    policy, _ = session.loaded()
    started = time.perf_counter()
    width = policy.model.config.language.hidden_size
    for entry in request.examples:
        if len(entry.targets) != width:
            raise CommandError(
                f"{len(entry.targets)} targets of an example; the motion token has {width} numbers"
            )

    def example_of(entry: FitExample, clip: ClipPixels) -> tuple[ClipPixels, Sequence[float]]:
        return clip, entry.targets

    examples, failed_videos = session.read_examples(request.examples, example_of)
    computing_from = time.perf_counter()
    metrics = fit_projector(policy, examples, request.ridge, session.ranks)
    seconds = {"videos": computing_from - started, "total": time.perf_counter() - started}
    return {"metrics": finite({**metrics, "videos/failed": failed_videos}), "seconds": seconds}


def trained(session: Session) -> tuple[Policy, Optimiser]:
    """The policy and its optimiser. Raises CommandError where nothing trains."""
    policy, _ = session.loaded()
    if policy.optimiser is None:
        raise CommandError("no part of the model trains")
    return policy, policy.optimiser


def _completion(tokens: Sequence[int], logps: Sequence[float], end: int) -> Completion:
    return Completion(tokens=list(tokens), logps=list(logps), stopped=bool(tokens) and tokens[-1] == end)


def _peak_memory(device: torch.device) -> int | None:
    """Bytes since the last step; None on a CPU."""
    if device.type != "cuda":
        return None
    peak = torch.cuda.max_memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    return peak
