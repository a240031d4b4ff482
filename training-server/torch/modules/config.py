"""Configuration of a model, read from the official `config.json` of a checkpoint folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from modules.profiles import (
    BUILT_IN_PROFILES,
    Profile,
    conformance_profiles,
    profile_from_json,
    profile_to_json,
)
from modules.profiles import ConfigError as ConfigError
from modules.profiles import PoolTime as PoolTime


@dataclass(kw_only=True)
class VisionConfig:
    """InternViT: `vision_config` of the official file. The defaults are InternViT-300M-448px."""

    hidden_size: int = 1024
    """Width of the residual stream."""

    num_hidden_layers: int = 24
    """Transformer layers."""

    num_attention_heads: int = 16
    """Heads; hidden_size / heads is the head dimension."""

    intermediate_size: int = 4096
    """Width of the MLP."""

    patch_size: int = 14
    """Side of a patch in pixels."""

    image_size: int = 448
    """Side in pixels for which the position embedding is stored; other sizes resize it."""

    layer_norm_eps: float = 1e-6
    """ε of both norms of a layer."""

    qkv_bias: bool = True
    """True if the fused qkv projection has a bias."""

    drop_path_rate: float = 0.1
    """Stochastic depth of the last layer (linear from 0 at the first); acts in train mode only."""

    statistics: tuple[str, ...] = ()
    """Ours: closed-form values of each block of 2 × 2 patches that stand in the transformer's place, which is
    absent where there are any; see `core/sampling/statistics.json`."""

    def __post_init__(self):
        self.statistics = tuple(self.statistics)
        _divides("vision_config.num_attention_heads", self.num_attention_heads, self.hidden_size)
        _divides("vision_config.patch_size", self.patch_size, self.image_size)


@dataclass(kw_only=True)
class LanguageConfig:
    """Qwen2: `llm_config` of the official file. The defaults are Qwen2.5-7B as in InternVL3-8B."""

    vocab_size: int = 151674
    """Rows of the embedding and of the head."""

    hidden_size: int = 3584
    """Width of the residual stream."""

    intermediate_size: int = 18944
    """Width of the SwiGLU MLP."""

    num_hidden_layers: int = 28
    """Decoder layers."""

    num_attention_heads: int = 28
    """Query heads."""

    num_key_value_heads: int = 4
    """Key and value heads; each serves heads / kv heads neighbouring query heads."""

    head_dim: int = 0
    """Width of one head; 0 means hidden_size / heads."""

    rms_norm_eps: float = 1e-6
    """ε of every RMSNorm."""

    rope_theta: float = 1_000_000.0
    """Base of the rotary frequencies."""

    max_position_embeddings: int = 32768
    """Longest sequence; below it the official dynamic rope scaling changes nothing, past it we refuse."""

    tie_word_embeddings: bool = False
    """True if the head is the embedding (then the checkpoint holds no lm_head)."""

    bos_token_id: int | None = 151643
    """Not used by any prompt; kept for the file."""

    eos_token_id: int | list[int] | None = 151643
    """As in the file. The official prompts end with `<|im_end|>` instead, which the caller names."""

    def __post_init__(self):
        if not self.head_dim:
            _divides("llm_config.num_attention_heads", self.num_attention_heads, self.hidden_size)
            self.head_dim = self.hidden_size // self.num_attention_heads
        _divides("llm_config.num_key_value_heads", self.num_key_value_heads, self.num_attention_heads)
        if self.head_dim % 2:
            raise ConfigError(f"llm_config.head_dim is {self.head_dim}; rotary pairs need an even number")


@dataclass(kw_only=True)
class MotionConfig:
    """SlowFast: our optional `motion_config`. The defaults are the 8B's SlowFast-R50."""

    stem_slow: int = 64
    """Channels out of the slow stem."""

    stem_fast: int = 8
    """Channels out of the fast stem."""

    fast_stem_time: int = 5
    """Frames that the fast stem's kernel sees."""

    inner_slow: int = 64
    """Bottleneck channels of the first slow stage; doubled by each stage after it."""

    inner_fast: int = 8
    """Bottleneck channels of the first fast stage; doubled by each stage after it."""

    expansion: int = 4
    """Channels out of a bottleneck per inner channel."""

    depths: tuple[int, ...] = (3, 4, 6, 3)
    """Residual blocks of each stage; none at all: no SlowFast, the motion vector is the statistics alone."""

    fast_to_slow_kernel: int = 7
    """Frames that the lateral convolution sees."""

    statistics: tuple[str, ...] = ()
    """Closed-form statistics of the input, appended to the pooled vector in this order."""

    quality_features: tuple[str, ...] = ()
    """Quality features of whole frames, the input of the quality head; none, no head."""

    quality_hidden: int = 0
    """Hidden units of the quality head."""

    quality_outputs: int = 1
    """Numbers that the quality head predicts."""

    def __post_init__(self):
        self.depths = tuple(self.depths)
        self.statistics = tuple(self.statistics)
        self.quality_features = tuple(self.quality_features)
        if bool(self.quality_features) != bool(self.quality_hidden) or self.quality_outputs < 1:
            raise ConfigError(
                "motion_config.quality_features and quality_hidden must be given together, with at least one "
                "quality_outputs"
            )
        if self.depths and (len(self.depths) != 4 or min(self.depths) < 1):
            raise ConfigError(
                f"motion_config.depths must be four positive numbers or none, not {self.depths}"
            )
        if not self.depths and not self.statistics:
            raise ConfigError("motion_config without depths needs statistics: nothing would be left of it")
        for name in ("fast_stem_time", "fast_to_slow_kernel"):
            if getattr(self, name) % 2 == 0:
                raise ConfigError(f"motion_config.{name} must be odd, not {getattr(self, name)}")

    @property
    def slow_features(self) -> int:
        """Slow part of the pooled vector (2048 in the 8B)."""
        return (self.inner_slow << (len(self.depths) - 1)) * self.expansion if self.depths else 0

    @property
    def fast_features(self) -> int:
        """Fast part of the pooled vector (256 in the 8B)."""
        return (self.inner_fast << (len(self.depths) - 1)) * self.expansion if self.depths else 0

    @property
    def features(self) -> int:
        """Width of the motion projector's input: slow, fast, statistics."""
        return self.slow_features + self.fast_features + len(self.statistics)


def _divides(name: str, part: int, whole: int) -> None:
    if part < 1 or whole % part:
        raise ConfigError(f"{name} is {part}, which does not divide {whole}")


TINY_VISION = VisionConfig(
    hidden_size=16,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=64,
    patch_size=16,
    image_size=64,
)
TINY_MOTION = MotionConfig(
    stem_slow=4,
    stem_fast=2,
    fast_stem_time=3,
    inner_slow=4,
    inner_fast=2,
    expansion=2,
    depths=(1, 1, 1, 1),
)
"""The least encoders that train, seconds on one core: for tests and the engine's `tiny` shape."""


@dataclass(kw_only=True)
class ModelConfig:
    """One checkpoint: the parts, the profiles, and what the file said that we do not use."""

    vision: VisionConfig = field(default_factory=VisionConfig)
    """Vision encoder."""

    language: LanguageConfig = field(default_factory=LanguageConfig)
    """Decoder."""

    motion: MotionConfig = field(default_factory=MotionConfig)
    """Motion encoder."""

    profiles: dict[str, Profile] = field(default_factory=lambda: dict(BUILT_IN_PROFILES))
    """By name."""

    default_profile: str = "test12@560"
    """The profile to run when none is named."""

    ignored: tuple[str, ...] = ()
    """Keys of config.json that were read past."""

    def __post_init__(self):
        if self.default_profile not in self.profiles:
            raise ConfigError(f"default_profile {self.default_profile} names no profile")

    @property
    def profile(self) -> Profile:
        """The default profile."""
        return self.profiles[self.default_profile]

    @property
    def shuffled_size(self) -> int:
        """Width of a vision token before the projector: 2 × 2 patches (4096 in the 8B), or the values of a
        fragment."""
        return len(self.vision.statistics) or self.vision.hidden_size * 4


_ONLY = {
    "": {"downsample_ratio": 0.5, "select_layer": -1, "ps_version": "v2", "template": "internvl2_5"},
    "vision_config": {
        "qk_normalization": False,
        "norm_type": "layer_norm",
        "hidden_act": "gelu",
        "num_channels": 3,
    },
    "llm_config": {"hidden_act": "silu", "use_sliding_window": False},
}
"""The values of the architecture here; a file that says otherwise is refused, not guessed at."""

_OURS = {"motion_config", "profiles", "default_profile"}


def read_config(folder: Path | str) -> ModelConfig:
    """The configuration of a checkpoint folder.

    A conformance folder has a `profiles.json` instead of our `motion_config` and `profiles`; it is mapped.
    Raises ConfigError for a value that this architecture does not compute.
    """
    folder = Path(folder)
    config = config_from_json(json.loads((folder / "config.json").read_text()))
    beside = folder / "profiles.json"
    if beside.exists():
        profiles, slow, fast = conformance_profiles(beside)
        motion = replace(config.motion, stem_slow=slow, stem_fast=fast, inner_slow=slow, inner_fast=fast)
        default = "test12" if "test12" in profiles else next(iter(profiles))
        config = replace(config, motion=motion, profiles=profiles, default_profile=default)
    return config


def config_from_json(value: Mapping[str, Any]) -> ModelConfig:
    """A configuration from parsed JSON. Unknown official keys are listed in `ignored`, ours are refused."""
    parts = {name: dict(value.get(name) or {}) for name in ("vision_config", "llm_config")}
    llm = parts["llm_config"]
    if "rope_theta" not in llm and "rope_theta" in (llm.get("rope_parameters") or {}):
        llm["rope_theta"] = llm["rope_parameters"]["rope_theta"]  # where transformers 5 writes it
    ignored = [key for key in value if key not in {*_ONLY[""], *parts, *_OURS}]
    for part, only in _ONLY.items():
        given = parts[part] if part else value
        for key, expected in only.items():
            if given.get(key, expected) != expected:
                path = f"{part}.{key}" if part else key
                raise ConfigError(f"{path} is {given[key]!r}; this model computes {expected!r} only")
    sections = {}
    for part, kind in (("vision_config", VisionConfig), ("llm_config", LanguageConfig)):
        names = {f.name for f in fields(kind)}
        sections[part] = kind(**{k: v for k, v in parts[part].items() if k in names and v is not None})
        ignored += [f"{part}.{k}" for k in parts[part] if k not in names and k not in _ONLY[part]]
    motion = dict(value.get("motion_config") or {})
    unknown = set(motion) - {f.name for f in fields(MotionConfig)}
    if unknown:
        raise ConfigError(f"motion_config.{min(unknown)} is not a field this version knows")
    profiles = value.get("profiles")
    return ModelConfig(
        vision=sections["vision_config"],
        language=sections["llm_config"],
        motion=MotionConfig(**motion),
        profiles=dict(BUILT_IN_PROFILES)
        if profiles is None
        else {name: profile_from_json(p, f"profiles.{name}") for name, p in profiles.items()},
        default_profile=value.get("default_profile", "test12@560"),
        ignored=tuple(ignored),
    )


def config_to_json(config: ModelConfig) -> dict[str, Any]:
    """A config.json that the official code, the driver and `config_from_json` all read."""
    language, vision = config.language, asdict(config.vision)
    if not vision["statistics"]:
        del vision["statistics"]  # the official file has no such key
    return {
        "architectures": ["InternVLChatModel"],
        "model_type": "internvl_chat",
        **_ONLY[""],
        "force_image_size": config.vision.image_size,
        "dynamic_image_size": True,
        "use_thumbnail": True,
        "min_dynamic_patch": 1,
        "max_dynamic_patch": 12,
        "hidden_size": language.hidden_size,
        "tie_word_embeddings": language.tie_word_embeddings,
        "vision_config": {
            "model_type": "intern_vit_6b",
            "architectures": ["InternVisionModel"],
            **vision,
            **_ONLY["vision_config"],
        },
        "llm_config": {
            "model_type": "qwen2",
            "architectures": ["Qwen2ForCausalLM"],
            **asdict(language),
            **_ONLY["llm_config"],
            "sliding_window": None,
        },
        "motion_config": {
            k: list(v) if isinstance(v, tuple) else v for k, v in asdict(config.motion).items()
        },
        "profiles": {name: profile_to_json(p) for name, p in config.profiles.items()},
        "default_profile": config.default_profile,
    }
