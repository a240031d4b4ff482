"""One step of supervised fine-tuning: cross-entropy on the completions' tokens alone, packed rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor
from torch.optim import Optimizer

from modules.vqathinker import VQAThinkerModel
from training.clips import Encoder
from training.metrics import MetricSums, step_metrics
from training.optimizer import clip_and_step
from training.phases import phase
from training.teacher_forcing import Example, row_batches
from training.trainable import trainable, zero_missing_gradients


@dataclass(kw_only=True)
class SftOptions:
    """Options of a step of supervised fine-tuning."""

    max_grad_norm: float | None = 1.0
    """Largest joint norm of the gradients."""

    max_tokens_per_row: int = 4096
    """Most tokens of a packed row; an example that is longer has a row of its own."""

    logits_chunk: int = 1024
    """Rows of logits that exist at a time."""


def sft_step(
    model: VQAThinkerModel,
    encoder: Encoder,
    optimizer: Optimizer,
    examples: Sequence[Example],
    options: SftOptions,
    *,
    lr: float,
) -> dict[str, float]:
    """One optimiser step on one process; metrics under TRL's names.

    The loss is the mean over all completion tokens of the step; prompts are never predicted. Several texts of
    one video are one example with several completions.
    """
    tokens = completion_tokens(examples)
    sums = accumulate_sft(model, encoder, examples, options, tokens=tokens)
    norm, taken = clip_and_step(optimizer, lr=lr, max_norm=options.max_grad_norm)
    encoder.weights_changed()
    return {**sft_metrics(sums), **step_metrics(norm, taken, lr)}


def completion_tokens(examples: Sequence[Example]) -> int:
    """Tokens that a step predicts."""
    return sum(len(completion.tokens) for example in examples for completion in example.completions)


def accumulate_sft(
    model: VQAThinkerModel,
    encoder: Encoder,
    examples: Sequence[Example],
    options: SftOptions,
    *,
    tokens: int,
    ranks: int = 1,
    before_backward: Callable[[bool], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> MetricSums:
    """Adds the gradients of the examples' loss. tokens: completion tokens of the whole step over all ranks,
    whose gradients are averaged afterwards; the callbacks are those of `training.update.accumulate`."""
    encoder.before_training()
    sums = MetricSums()
    rows = row_batches(examples, options.max_tokens_per_row, encoder.device)
    done = 0
    for number, row in enumerate(rows):
        with phase("forward"):
            scores = row.scores(model, encoder, logits_chunk=options.logits_chunk)
        loss: Tensor = -scores.logps.sum() / max(tokens, 1)
        sums.add("loss", loss)
        sums.add("entropy", scores.entropies.sum())
        sums.add("likeliest", scores.likeliest.sum())
        sums.add("tokens", len(row.packing.targets))
        sums.add("all_tokens", row.packing.length)
        if before_backward is not None:
            before_backward(number + 1 == len(rows))
        with phase("backward"):
            (loss * ranks).backward()
        done += len(row)
        if progress is not None:
            progress(done, len(examples))
    zero_missing_gradients(trainable(model))
    return sums


def sft_metrics(sums: MetricSums) -> dict[str, float]:
    """TRL's names for what a step has summed up."""
    return {
        "loss": sums.total("loss"),
        "entropy": sums.mean("entropy", "tokens"),
        "mean_token_accuracy": sums.mean("likeliest", "tokens"),
        "num_tokens": sums.total("all_tokens"),
    }
