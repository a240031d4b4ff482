"""Parameters of the driver's commands, one dataclass each. The zod schemas of `engine/protocol.ts` are their
other half; a test compares the two field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from engine.parsing import parsed
from engine.video.videos import Video
from modules.lora import LoraOptions
from modules.profiles import Profile

PART_NAMES = {
    "vision": "vision",
    "vision_projector": "visionProjector",
    "language_model": "languageModel",
    "motion_extractor": "motion",
    "motion_projector": "motionProjector",
}
"""Fields of `TrainedParts`, and the names of `training.trainable`."""


@dataclass(kw_only=True, frozen=True, slots=True)
class ProbeRequest:
    """Frame counts and sizes of videos."""

    paths: tuple[str, ...]


@dataclass(kw_only=True, frozen=True, slots=True)
class TrainedParts:
    """Parts of the model that train."""

    vision: bool
    vision_projector: bool
    language_model: bool
    motion_extractor: bool
    motion_projector: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Those that train, by the names of `training.trainable`."""
        return tuple(part for field, part in PART_NAMES.items() if getattr(self, field))


@dataclass(kw_only=True, frozen=True, slots=True)
class OptimiserOptions:
    """The optimiser of a stage."""

    kind: Literal["adamw", "adamw-sr"]
    """With fp32 masters, or with stochastic rounding."""

    betas: tuple[float, float]
    epsilon: float
    weight_decay: float
    """Of matrices."""

    lr_scale: Mapping[str, float]
    """Factor of the learning rate by part, keys as in `TrainedParts` (camel case)."""


@dataclass(kw_only=True, frozen=True, slots=True)
class PixelCacheOptions:
    """The cache of decoded frames on disk."""

    folder: Path
    bytes: float
    """Most bytes of all files; 0 for no cache."""


@dataclass(kw_only=True, frozen=True, slots=True)
class LoadRequest:
    """A checkpoint in the official layout, and what a stage trains of it."""

    checkpoint: Path
    profile: Profile
    device: Literal["cpu", "cuda"]
    precision: Literal["fp32", "bf16"]
    parts: TrainedParts
    reference: bool
    """True keeps a frozen copy for the KL term."""

    frozen_batch_norm: Literal["eval", "train"]
    """Mode of the batch norms of a frozen motion extractor."""

    optimiser: OptimiserOptions
    lora: LoraOptions | None
    """Adaptation of the language model in place of its own weights; None trains these."""

    gradient_checkpointing: bool
    seed: int
    pixel_cache: PixelCacheOptions
    decode_workers: int

    @property
    def dtype(self) -> torch.dtype:
        return torch.float32 if self.precision == "fp32" else torch.bfloat16


@dataclass(kw_only=True, frozen=True, slots=True)
class EncodeRequest:
    """Videos to decode ahead of a rollout."""

    videos: tuple[Video, ...]


@dataclass(kw_only=True, frozen=True, slots=True)
class RolloutRequest:
    """Completions to draw for each video."""

    videos: tuple[Video, ...]
    prompt: str
    num_generations: int
    seeds: tuple[int, ...]
    """One a video; completion j of video i draws from (seeds[i], j)."""

    temperature: float
    """0 is greedy."""

    top_k: int
    """0 is off."""

    top_p: float
    """1 is off."""

    max_completion_length: int
    slots: int
    """Completions that are generated at a time."""


@dataclass(kw_only=True, frozen=True, slots=True)
class ScoredCompletion:
    """A completion with its advantage."""

    tokens: tuple[int, ...]
    advantage: float
    old_logps: tuple[float, ...] | None = None
    """Log-probabilities under the policy that drew it; left out where that is the trained policy itself."""


@dataclass(kw_only=True, frozen=True, slots=True)
class CompletionGroup:
    """The completions of one video."""

    video: Video
    completions: tuple[ScoredCompletion, ...]


@dataclass(kw_only=True, frozen=True, slots=True)
class ClipRange:
    """Bounds of the policy ratio."""

    low: float
    high: float
    delta: float | None
    """Upper bound of the ratio in the unclipped term; None for none."""


@dataclass(kw_only=True, frozen=True, slots=True)
class SapoTemperature:
    """Temperatures of the loss "sapo" by the sign of the advantage."""

    positive: float
    negative: float


@dataclass(kw_only=True, frozen=True, slots=True)
class UpdateRequest:
    """One optimiser step of GRPO."""

    prompt: str
    groups: tuple[CompletionGroup, ...]
    beta: float
    """Weight of the KL term."""

    clip: ClipRange
    loss_type: Literal["grpo", "bnpo", "dr_grpo", "dapo", "gspo", "cispo", "sapo"]
    """"gspo" is "grpo" with one ratio a completion."""

    sapo_temperature: SapoTemperature
    masked_completions: int
    """Completions that are left out of the groups and count in the loss's means, over all ranks."""

    max_completion_length: int
    lr: float
    max_grad_norm: float
    max_tokens_per_row: int


@dataclass(kw_only=True, frozen=True, slots=True)
class WrittenExample:
    """A video and a written completion."""

    video: Video
    text: str


@dataclass(kw_only=True, frozen=True, slots=True)
class SftRequest:
    """One optimiser step of supervised fine-tuning."""

    prompt: str
    examples: tuple[WrittenExample, ...]
    lr: float
    max_grad_norm: float
    max_tokens_per_row: int


@dataclass(kw_only=True, frozen=True, slots=True)
class TargetExample:
    """A video and its dense targets; None is an unknown one."""

    video: Video
    targets: tuple[float | None, ...]


@dataclass(kw_only=True, frozen=True, slots=True)
class RegressionRequest:
    """One optimiser step of regression pretraining."""

    examples: tuple[TargetExample, ...]
    names: tuple[str, ...]
    """Of the targets."""

    lr: float
    max_grad_norm: float


@dataclass(kw_only=True, frozen=True, slots=True)
class FitExample:
    """A video and its motion token."""

    video: Video
    targets: tuple[float, ...]


@dataclass(kw_only=True, frozen=True, slots=True)
class FitRequest:
    """A ridge regression of the motion projector's last layer."""

    examples: tuple[FitExample, ...]
    ridge: float


@dataclass(kw_only=True, frozen=True, slots=True)
class SaveRequest:
    """A training checkpoint to write."""

    folder: Path
    extra: Any
    """State of the driver, any JSON."""


@dataclass(kw_only=True, frozen=True, slots=True)
class RestoreRequest:
    """A training checkpoint to continue from."""

    folder: Path


@dataclass(kw_only=True, frozen=True, slots=True)
class ExportRequest:
    """A checkpoint in the official layout to write."""

    folder: Path


@dataclass(kw_only=True, frozen=True, slots=True)
class StopRequest:
    """The end of the engine."""


REQUESTS: dict[str, type[Any]] = {
    "probe": ProbeRequest,
    "load": LoadRequest,
    "encode": EncodeRequest,
    "rollout": RolloutRequest,
    "update": UpdateRequest,
    "sft": SftRequest,
    "regression_pretrain": RegressionRequest,
    "fit": FitRequest,
    "save": SaveRequest,
    "restore": RestoreRequest,
    "export": ExportRequest,
    "stop": StopRequest,
}
"""The dataclass of each method of the protocol."""


def parse_request(method: str, params: Any) -> Any:
    """The parameters of a method. Raises KeyError for an unknown method, CommandError for a wrong field."""
    return parsed(REQUESTS[method], params, method)


def videos_of(request: Any) -> list[Video]:
    """The videos that a command names."""
    if isinstance(request, EncodeRequest | RolloutRequest):
        return list(request.videos)
    if isinstance(request, UpdateRequest):
        return [group.video for group in request.groups]
    if isinstance(request, SftRequest | RegressionRequest | FitRequest):
        return [example.video for example in request.examples]
    return []
