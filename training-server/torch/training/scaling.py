"""Memory and time of GRPO on GPUs, reckoned from a model's config.

    python -m training.scaling            prints the table of docs/scaling.md

Memory is counted: tensors that exist, with their sizes (tests hold the counts against real objects). Time is
an estimate: operations over the peak of the data sheet, bytes over its bandwidth, each at a stated
efficiency.

What a process holds follows the engine: weights whole and in bf16 on every GPU, gradients whole until they
are reduced, optimiser state cut into shards, the frozen reference whole.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import torch

from modules.config import ModelConfig
from modules.vqathinker import VQAThinkerModel
from training.clips import CACHE_BYTES
from training.flops import ModelFlops, step_flops
from training.shapes import SHAPES, Shape


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """One type of GPU, from its data sheet."""

    memory: float
    """Bytes that programs see."""

    flops: float
    """Dense bf16 operations a second with fp32 sums."""

    bandwidth: float
    """Bytes a second of its memory."""

    link: float
    """Bytes a second between GPUs of one machine, each way."""


GPUS = {
    "RTX 4090": Gpu(memory=25.8e9, flops=165e12, bandwidth=1.01e12, link=25e9),
    "L40S": Gpu(memory=48.3e9, flops=362e12, bandwidth=0.86e12, link=25e9),
    "A100 80 GB": Gpu(memory=85.9e9, flops=312e12, bandwidth=2.04e12, link=300e9),
    "H100 80 GB": Gpu(memory=85.5e9, flops=989e12, bandwidth=3.35e12, link=450e9),
    "H200": Gpu(memory=150.8e9, flops=989e12, bandwidth=4.8e12, link=450e9),
}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a step is run."""

    gpus: int = 1
    """Processes, one a GPU."""

    optimizer: str = "stochastic"
    """"stochastic" or "master"."""

    videos: int = 64
    """Videos of an optimiser step over all GPUs."""

    answers: int = 4
    """K."""

    temporal: bool = True
    """Whether perturbed twins are answered too."""

    reference: bool = True
    """Whether a frozen reference is held."""

    slots: int = 256
    """Answers decoded at a time on a GPU."""

    row_places: int = 8192
    """Places of a packed row."""

    head_rows: int = 1024
    """Rows of logits at a time."""

    window: int = 512
    """Places of the longest answer."""

    item: int = 2
    """Bytes of a weight or an activation (bf16)."""


RESERVE = 1.5e9
"""Bytes of context, kernels' workspaces and fragmentation."""

MATRIX_EFFICIENCY = 0.45
"""Share of the data sheet's peak that large products reach over a whole pass; the goal of the update."""

BANDWIDTH_EFFICIENCY = 0.6
"""Share of the data sheet's bandwidth that decode steps and the optimiser reach."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Parameters of a model, by part."""

    total: int
    """All."""

    frozen: int
    """The motion extractor."""

    @classmethod
    def of(cls, config: ModelConfig) -> Counts:
        with torch.device("meta"):
            model = VQAThinkerModel(config)
        return cls(
            total=sum(p.numel() for p in model.parameters()),
            frozen=sum(p.numel() for p in model.slowfast_model.parameters()),
        )

    @property
    def trained(self) -> int:
        return self.total - self.frozen


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Bytes on one GPU."""

    weights: float
    """Of the policy, whole, and this GPU's shard where there are several."""

    gradients: float
    """Whole."""

    optimizer: float
    """This GPU's share of moments and masters."""

    reference: float
    """Whole, in bf16; the frozen extractor is shared with the policy on a single GPU."""

    cache: float
    """Keys and values of a rollout."""

    features: float
    """Vision tokens that a rollout keeps."""

    activations: float
    """Of an update's row at its highest."""

    reserve: float = field(default=RESERVE)
    """Context, workspaces, fragmentation."""

    @property
    def rollout(self) -> float:
        """At the height of a rollout, when there are no gradients and no activations to keep."""
        held = self.weights + self.optimizer + self.reference
        return held + self.cache + self.features + self.reserve

    @property
    def update(self) -> float:
        """At the height of an update."""
        held = self.weights + self.gradients + self.optimizer + self.reference
        return held + self.activations + self.reserve

    @property
    def peak(self) -> float:
        return max(self.rollout, self.update)


def weight_bytes(counts: Counts, plan: Plan) -> float:
    """The policy: whole in bf16; with several GPUs a shard of what the optimiser steps on as well."""
    shard = 4 if plan.optimizer == "master" else plan.item
    return plan.item * counts.total + (shard * counts.trained / plan.gpus if plan.gpus > 1 else 0)


def optimizer_bytes(counts: Counts, plan: Plan) -> float:
    """Moments, and masters where they are not the shards themselves."""
    if plan.optimizer == "stochastic":
        each = 2 * plan.item
    else:
        each = 8 + (4 if plan.gpus == 1 and plan.item != 4 else 0)
    return each * counts.trained / plan.gpus


def cache_bytes(config: ModelConfig, prompt: int, plan: Plan) -> float:
    """Keys and values: a quarter more prompts than fill the slots, and a window a slot."""
    c = config.language
    token = 2 * c.num_hidden_layers * c.num_key_value_heads * c.head_dim * plan.item
    slots = min(plan.slots, _share(plan.videos * (2 if plan.temporal else 1), plan.gpus) * plan.answers)
    filling = -(-slots // plan.answers)
    places = filling + max(1, round(filling / 4))
    return token * (places * prompt + slots * plan.window)


def feature_bytes(config: ModelConfig, plan: Plan) -> float:
    """Vision tokens of a step's clips, as far as they are kept."""
    clips = _share(plan.videos * (2 if plan.temporal else 1), plan.gpus)
    tokens = clips * config.profile.frames * config.profile.tokens_per_frame
    return float(min(CACHE_BYTES, tokens * config.language.hidden_size * plan.item))


def decoder_activations(config: ModelConfig, places: int, item: int) -> tuple[float, float]:
    """Bytes that one row of a recomputed decoder keeps: for all layers, and at work in one of them."""
    c = config.language
    d, heads, kv, inner = (
        c.hidden_size,
        c.num_attention_heads * c.head_dim,
        c.num_key_value_heads * c.head_dim,
        c.intermediate_size,
    )
    # Input of the MLP's norm in fp32, or both norms' inputs widened to it.
    norms = d * 4 if item == 4 else 2 * d * 4
    # Both norms before and after their weights; q, k, v and their attention; gate, SiLU, up, product.
    layer = item * (4 * d + 2 * heads + 2 * kv + 4 * inner) + norms
    return float(c.num_hidden_layers * places * d * item), float(places * layer)


def vision_activations(config: ModelConfig, frames: int, size: int, item: int) -> tuple[float, float]:
    """The same for the vision encoder over some frames of `size` pixels a side."""
    c = config.vision
    tokens = frames * ((size // c.patch_size) ** 2 + 1)
    layer = item * (9 * c.hidden_size + 2 * c.intermediate_size)
    return float(c.num_hidden_layers * tokens * c.hidden_size * item), float(tokens * layer)


def memory(config: ModelConfig, prompt: int, plan: Plan, mean_answer: int = 170) -> Memory:
    """Memory of one GPU; every layer is computed again in the backward pass."""
    counts = Counts.of(config)
    group = prompt + plan.answers * (mean_answer - 1)
    row = max(plan.row_places, group)
    frames = (row // group) * config.profile.frames
    kept, working = decoder_activations(config, row, plan.item)
    kept_vision, working_vision = vision_activations(config, frames, config.profile.size, plan.item)
    logits = plan.head_rows * config.language.vocab_size * (plan.item + 3 * 4)
    # Backward passes of decoder and encoder come one after the other; gradients of a layer double its work.
    height = kept + kept_vision + max(2 * working, 2 * working_vision, logits)
    shared = counts.frozen if plan.gpus == 1 else 0
    return Memory(
        weights=weight_bytes(counts, plan),
        gradients=float(plan.item * counts.trained),
        optimizer=optimizer_bytes(counts, plan),
        reference=float(plan.item * (counts.total - shared)) if plan.reference else 0.0,
        cache=cache_bytes(config, prompt, plan),
        features=feature_bytes(config, plan),
        activations=height,
    )


@dataclass(frozen=True, kw_only=True)
class StepTime:
    """Seconds of an optimiser step on one of the GPUs, all of which work alike; an estimate."""

    encode: float
    """Vision and motion of the rollout, and prompts."""

    decode: float
    """Drawing the answers."""

    update: float
    """Reference, policy, gradients."""

    optimizer: float
    """The step itself."""

    reduce: float
    """Summing gradients and gathering weights over the GPUs."""

    @property
    def total(self) -> float:
        return self.encode + self.decode + self.update + self.optimizer + self.reduce


def step_time(
    config: ModelConfig,
    prompt: int,
    plan: Plan,
    *,
    flops: float,
    bandwidth: float,
    link: float,
    mean_answer: int = 170,
    matrix_efficiency: float = MATRIX_EFFICIENCY,
    bandwidth_efficiency: float = BANDWIDTH_EFFICIENCY,
) -> StepTime:
    """flops, bandwidth: peaks of a GPU; link: bytes a second between GPUs."""
    counts, model = Counts.of(config), ModelFlops(config=config, profile=config.profile)
    videos = _share(plan.videos, plan.gpus)
    lengths = [[mean_answer] * plan.answers] * videos
    step = step_flops(
        model,
        prompt=prompt,
        answers=lengths,
        perturbed=lengths if plan.temporal else [],
        with_reference=plan.reference,
    )
    rolled = videos * (2 if plan.temporal else 1)
    drawn = rolled * plan.answers * (mean_answer - 1)
    matrices, stream = flops * matrix_efficiency, bandwidth * bandwidth_efficiency
    own = model.answer(prompt, mean_answer) * rolled * plan.answers
    slots = min(plan.slots, rolled * plan.answers)
    # A decode step reads all weights of the decoder once, each prompt once and each answer's own past.
    c = config.language
    token = 2 * c.num_hidden_layers * c.num_key_value_heads * c.head_dim * plan.item
    language = plan.item * (model.token + model.head) / 2
    step_bytes = language + token * (slots / plan.answers * prompt + slots * mean_answer / 2)
    steps = drawn / slots
    crossing = plan.item * counts.trained * (plan.gpus - 1) / plan.gpus
    return StepTime(
        encode=(step.rollout - own) / matrices,
        decode=max(steps * step_bytes / stream, own / matrices),
        update=(step.reference + step.policy * 4 / 3) / matrices,
        optimizer=(2 * optimizer_bytes(counts, plan) + 3 * plan.item * counts.trained / plan.gpus) / stream,
        reduce=3 * crossing / link,
    )


def _share(videos: int, gpus: int) -> int:
    return -(-videos // gpus)


def fitting(
    config: ModelConfig, prompt: int, plan: Plan, limit: float, mean_answer: int = 170
) -> Plan | None:
    """The plan with the most slots and the longest rows whose memory stays `MARGIN` below `limit` bytes; None
    if none does."""
    for slots, row_places in ((256, 16384), (256, 8192), (128, 8192), (128, 4096), (64, 4096), (32, 2560)):
        smaller = replace(plan, slots=slots, row_places=row_places)
        if memory(config, prompt, smaller, mean_answer).peak <= limit * (1 - MARGIN):
            return smaller
    return None


MARGIN = 0.05
"""Share of a GPU's memory that a plan leaves free, for longer answers than usual."""

TRAINING_VIDEOS = 28_056
"""Of LSVQ, three times over in the official run."""


def table(names: tuple[str, ...] = ("1b", "2b", "8b"), counts: tuple[int, ...] = (1, 8)) -> Iterator[dict]:
    """A line for each model, GPU type and number of GPUs."""
    for name in names:
        shape: Shape = SHAPES[name]
        config, prompt = shape.config(), shape.prompt_length()
        for gpu_name, gpu in GPUS.items():
            for gpus in counts:
                line = {"model": name, "gpu": gpu_name, "gpus": gpus}
                plan = None
                for optimizer in ("master", "stochastic"):  # exact where it fits
                    plan = plan or fitting(
                        config, prompt, Plan(gpus=gpus, optimizer=optimizer), gpu.memory, shape.mean_answer
                    )
                if plan is None:
                    least = memory(
                        config, prompt, Plan(gpus=gpus, slots=32, row_places=2560), shape.mean_answer
                    )
                    yield {**line, "fits": False, "peak_gb": round(least.peak / 1e9, 1)}
                    continue
                held = memory(config, prompt, plan, shape.mean_answer)
                spent = step_time(
                    config,
                    prompt,
                    plan,
                    flops=gpu.flops,
                    bandwidth=gpu.bandwidth,
                    link=gpu.link,
                    mean_answer=shape.mean_answer,
                )
                yield {
                    **line,
                    "fits": True,
                    "optimizer": plan.optimizer,
                    "slots": plan.slots,
                    "row_places": plan.row_places,
                    "peak_gb": round(held.peak / 1e9, 1),
                    "gpu_gb": round(gpu.memory / 1e9, 1),
                    "step_seconds": round(spent.total, 1),
                    "epoch_hours": round(TRAINING_VIDEOS / plan.videos * spent.total / 3600, 1),
                }


def markdown(lines: Iterator[dict]) -> Iterator[str]:
    """The table of docs/scaling.md."""
    kinds = {"master": "adamw", "stochastic": "adamw-sr"}  # as recipes write them
    yield "| model | GPU | GPUs | optimiser | slots, row | peak / GPU, GB | step, s | epoch, h |"
    yield "|---|---|---|---|---|---|---|---|"
    for line in lines:
        start = f"| {line['model'].upper()} | {line['gpu']} | {line['gpus']} "
        if line["fits"]:
            peak = f"{line['peak_gb']} of {line['gpu_gb']}"
            plan = f"| {kinds[line['optimizer']]} | {line['slots']}, {line['row_places']} "
            yield start + plan + f"| {peak} | {line['step_seconds']} | {line['epoch_hours']} |"
        else:
            yield start + f"| does not fit | | at least {line['peak_gb']} | | |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--format", choices=("markdown", "json"), default="markdown")
    parser.add_argument("--gpus", type=int, nargs="+", default=[1, 8])
    options = parser.parse_args()
    lines = table(counts=tuple(options.gpus))
    if options.format == "markdown":
        print("\n".join(markdown(lines)))
    else:
        for line in lines:
            print(json.dumps(line))


if __name__ == "__main__":
    main()
