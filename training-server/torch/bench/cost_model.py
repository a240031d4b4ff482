"""Memory and time of a GRPO step, computed from a model's config.

Memory is counted: tensors that exist, with their sizes (tests hold the counts against real objects). Time is
an estimate: operations over a peak, bytes over a bandwidth, each at a stated efficiency.

What a process holds follows the engine: weights whole and in bf16 on every GPU, gradients whole and in fp32
until they are reduced, optimiser state cut into shards, the frozen reference whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from bench.flops import ModelFlops, step_flops
from modules.config import ModelConfig
from modules.lora import LoraOptions, adapt
from modules.vqathinker import VQAThinkerModel
from training.clips import CACHE_BYTES


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Sizes and options of a step."""

    gpus: int = 1
    """Processes, one a GPU."""

    optimizer: str = "stochastic"
    """"stochastic" or "master"."""

    videos: int = 64
    """Videos of an optimiser step over all GPUs."""

    num_generations: int = 4
    """K."""

    temporal: bool = True
    """True draws completions of perturbed clips too."""

    reference: bool = True
    """True keeps a frozen reference."""

    slots: int = 256
    """Completions decoded at a time on a GPU."""

    max_tokens_per_row: int = 8192
    """Most tokens of a packed row."""

    logits_chunk: int = 1024
    """Rows of logits at a time."""

    window: int = 512
    """Tokens of the longest completion."""

    item: int = 2
    """Bytes of a weight or an activation (bf16)."""

    lora: LoraOptions | None = None
    """Adaptation of the language model; beside it the projectors train, and nothing else."""


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
    """Those that do not train: the motion extractor, or all but projectors and adaptation."""

    @classmethod
    def of(cls, config: ModelConfig, lora: LoraOptions | None = None) -> Counts:
        sizes = repr((config.vision, config.language, config.motion, lora))
        if sizes not in _counted:
            with torch.device("meta"):
                model = VQAThinkerModel(config)
            model.slowfast_model.requires_grad_(False)
            if lora is not None:
                model.vision_model.requires_grad_(False)
                adapt(model.language_model, lora, seed=0, dtype=torch.float32)
            _counted[sizes] = cls(
                total=sum(p.numel() for p in model.parameters()),
                frozen=sum(p.numel() for p in model.parameters() if not p.requires_grad),
            )
        return _counted[sizes]

    @property
    def trained(self) -> int:
        return self.total - self.frozen


_counted: dict[str, Counts] = {}
"""By sizes: a model of billions takes a while to count, even without its weights."""


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
    """Whole, in bf16; what is frozen is shared with the policy on a single GPU, and with an adaptation."""

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


def gradient_bytes(counts: Counts, plan: Plan) -> float:
    """Gradients before the step: one rank keeps them in the type of the weights; several add them up whole in
    fp32, in which they are reduced."""
    return float((plan.item if plan.gpus == 1 else 4) * counts.trained)


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
    slots = min(
        plan.slots, _share(plan.videos * (2 if plan.temporal else 1), plan.gpus) * plan.num_generations
    )
    filling = -(-slots // plan.num_generations)
    rows = filling + max(1, round(filling / 4))
    return token * (rows * prompt + slots * plan.window)


def feature_bytes(config: ModelConfig, plan: Plan) -> float:
    """Vision tokens of a step's clips, as far as they are kept."""
    clips = _share(plan.videos * (2 if plan.temporal else 1), plan.gpus)
    tokens = clips * config.profile.frames * config.profile.tokens_per_frame
    return float(min(CACHE_BYTES, tokens * config.language.hidden_size * plan.item))


def decoder_activations(config: ModelConfig, rows: int, item: int) -> tuple[float, float]:
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
    return float(c.num_hidden_layers * rows * d * item), float(rows * layer)


def vision_activations(config: ModelConfig, frames: int, size: int, item: int) -> tuple[float, float]:
    """The same for the vision encoder over some frames of `size` pixels a side."""
    c = config.vision
    tokens = frames * ((size // c.patch_size) ** 2 + 1)
    layer = item * (9 * c.hidden_size + 2 * c.intermediate_size)
    return float(c.num_hidden_layers * tokens * c.hidden_size * item), float(tokens * layer)


def memory(config: ModelConfig, prompt: int, plan: Plan, mean_completion: int = 170) -> Memory:
    """Memory of one GPU; every layer is computed again in the backward pass."""
    counts = Counts.of(config, plan.lora)
    group = prompt + plan.num_generations * (mean_completion - 1)
    row = max(plan.max_tokens_per_row, group)
    frames = (row // group) * config.profile.frames
    stored, working = decoder_activations(config, row, plan.item)
    stored_vision, working_vision = vision_activations(config, frames, config.profile.size, plan.item)
    logits = plan.logits_chunk * config.language.vocab_size * (plan.item + 3 * 4)
    # Backward passes of decoder and encoder come one after the other; gradients of a layer double its work.
    height = stored + stored_vision + max(2 * working, 2 * working_vision, logits)
    shared = counts.frozen if plan.gpus == 1 or plan.lora is not None else 0
    return Memory(
        weights=weight_bytes(counts, plan),
        gradients=gradient_bytes(counts, plan),
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
    """Generation of the completions."""

    update: float
    """Reference, policy, gradients."""

    optimizer: float
    """The step itself."""

    reduce: float
    """Summing gradients and gathering weights over the GPUs."""

    @property
    def total(self) -> float:
        return self.encode + self.decode + self.update + self.optimizer + self.reduce


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


def step_time(
    config: ModelConfig,
    prompt: int,
    plan: Plan,
    gpu: Gpu,
    *,
    mean_completion: int = 170,
) -> StepTime:
    """Estimate of a step with prompts of `prompt` tokens and completions of `mean_completion`."""
    counts, model = Counts.of(config, plan.lora), ModelFlops(config=config, profile=config.profile)
    videos = _share(plan.videos, plan.gpus)
    lengths = [[mean_completion] * plan.num_generations] * videos
    step = step_flops(
        model,
        prompt=prompt,
        completions=lengths,
        perturbed=lengths if plan.temporal else [],
        with_reference=plan.reference,
    )
    rolled = videos * (2 if plan.temporal else 1)
    drawn = rolled * plan.num_generations * (mean_completion - 1)
    matrices, stream = gpu.flops * MATRIX_EFFICIENCY, gpu.bandwidth * BANDWIDTH_EFFICIENCY
    decode_flops = model.completion(prompt, mean_completion) * rolled * plan.num_generations
    slots = min(plan.slots, rolled * plan.num_generations)
    # A decode step reads all weights of the decoder once, each prompt once and each completion's cache.
    c = config.language
    token = 2 * c.num_hidden_layers * c.num_key_value_heads * c.head_dim * plan.item
    language = plan.item * (model.token + model.head) / 2
    step_bytes = language + token * (slots / plan.num_generations * prompt + slots * mean_completion / 2)
    steps = drawn / slots
    crossing = plan.item * counts.trained * (plan.gpus - 1) / plan.gpus
    return StepTime(
        encode=(step.rollout - decode_flops) / matrices,
        decode=max(steps * step_bytes / stream, decode_flops / matrices),
        update=(step.reference + step.policy * 4 / 3) / matrices,
        optimizer=(2 * optimizer_bytes(counts, plan) + 3 * plan.item * counts.trained / plan.gpus) / stream,
        reduce=3 * crossing / gpu.link,
    )


def _share(videos: int, gpus: int) -> int:
    return -(-videos // gpus)
