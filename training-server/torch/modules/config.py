"""What a checkpoint folder says about its model, read from the official `config.json`."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class ConfigError(ValueError):
    """A configuration that this code cannot run, with the name of the field at fault."""


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
    """Whether the fused qkv projection has a bias."""

    drop_path_rate: float = 0.0
    """Stochastic depth of the last layer (linear from 0 at the first); acts in train mode only."""

    def __post_init__(self):
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
    """Whether the head is the embedding (then the checkpoint holds no lm_head)."""

    bos_token_id: int | None = 151643
    """Not used by any prompt; kept for the file."""

    eos_token_id: int | None = 151645
    """The token that ends an answer, unless the caller names others."""

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
    """Residual blocks of each stage."""

    fast_to_slow_kernel: int = 7
    """Frames that the lateral convolution sees."""

    statistics: tuple[str, ...] = ()
    """Closed-form statistics of the input, appended to the pooled vector in this order."""

    def __post_init__(self):
        self.depths = tuple(self.depths)
        self.statistics = tuple(self.statistics)
        if len(self.depths) != 4 or min(self.depths) < 1:
            raise ConfigError(f"motion_config.depths must be four positive numbers, not {self.depths}")
        for name in ("fast_stem_time", "fast_to_slow_kernel"):
            if getattr(self, name) % 2 == 0:
                raise ConfigError(f"motion_config.{name} must be odd, not {getattr(self, name)}")

    @property
    def slow_features(self) -> int:
        """Slow part of the pooled vector (2048 in the 8B)."""
        return (self.inner_slow << (len(self.depths) - 1)) * self.expansion

    @property
    def fast_features(self) -> int:
        """Fast part of the pooled vector (256 in the 8B)."""
        return (self.inner_fast << (len(self.depths) - 1)) * self.expansion

    @property
    def features(self) -> int:
        """Width of the motion projector's input: slow, fast, statistics."""
        return self.slow_features + self.fast_features + len(self.statistics)


@dataclass(kw_only=True)
class PoolTime:
    """Weights of the frames in the closed-form pooling; each list sums to 1."""

    slow: tuple[float, ...]
    """One weight a slow frame."""

    fast: tuple[float, ...]
    """One weight a fast frame."""

    def __post_init__(self):
        self.slow, self.fast = tuple(self.slow), tuple(self.fast)


@dataclass(kw_only=True)
class BranchPixels:
    """How one branch gets its pixels. Cutting and scaling happen before the model; it needs the shapes."""

    pixels: str = "squash"
    """"squash" (whole frame to a square) or "fragments" (native blocks side by side)."""

    cell: int | None = None
    """Side of a fragment in pixels."""

    take: str = "same"
    """"same" frames as sampled, or "pairs" (each with its successor)."""


@dataclass(kw_only=True)
class TokenIds:
    """Ids of the strings around and in place of the frames."""

    image_start: int = 151665
    """`<img>`"""

    image_end: int = 151666
    """`</img>`"""

    context: int = 151667
    """`<IMG_CONTEXT>`: one for each vision token, and the last of a row for the motion token."""


@dataclass(kw_only=True)
class Profile:
    """The constants of one way to run a model: frames, sizes, pooling, ids."""

    name: str
    """As in the checkpoint or the built-in table."""

    frames: int
    """Sampled frames N."""

    size: int
    """Side S of a frame in pixels, as the model sees it."""

    slow_indices: tuple[int, ...]
    """Places of the slow pathway among the frames that the motion branch sees."""

    pool_time: PoolTime
    """Time weights of the motion pooling."""

    pool_space: tuple[float, ...]
    """Space weights of the motion pooling, for ceil(S / 32) places an axis."""

    tokens_per_frame: int
    """Context tokens a frame."""

    token_ids: TokenIds = field(default_factory=TokenIds)
    """Special ids."""

    vision: BranchPixels = field(default_factory=BranchPixels)
    """Pixels of the vision branch."""

    motion: BranchPixels = field(default_factory=BranchPixels)
    """Pixels of the motion branch."""

    places: str = "official"
    """Which frames of the video: "official" or "golden"."""

    mean: tuple[float, float, float] = IMAGENET_MEAN
    """Subtracted from RGB / 255."""

    std: tuple[float, float, float] = IMAGENET_STD
    """Divides after that."""

    prompt: str = ""
    """Id of the prompt; the words are the driver's business."""

    prompt_sha256: str = ""
    """Of the prompt's text."""

    @property
    def motion_frames(self) -> int:
        """Frames T that the motion branch sees."""
        return self.frames * 2 if self.motion.take == "pairs" else self.frames

    @property
    def context_tokens(self) -> int:
        """`<IMG_CONTEXT>` ids in a prompt: all vision tokens and one for motion."""
        return self.frames * self.tokens_per_frame + 1

    def __post_init__(self):
        self.slow_indices = tuple(self.slow_indices)
        self.pool_space = tuple(self.pool_space)
        self.mean, self.std = tuple(self.mean), tuple(self.std)
        for name, weights in (
            ("poolTime.slow", self.pool_time.slow),
            ("poolTime.fast", self.pool_time.fast),
            ("poolSpace", self.pool_space),
        ):
            if abs(math.fsum(weights) - 1) > 1e-5:
                raise ConfigError(f"profile {self.name}: {name} sums to {math.fsum(weights):g}, not 1")


def _divides(name: str, part: int, whole: int) -> None:
    if part < 1 or whole % part:
        raise ConfigError(f"{name} is {part}, which does not divide {whole}")


def slow_indices(frames: int, count: int) -> tuple[int, ...]:
    """floor(i (T − 1) / (n − 1)) for i < n; [0] for n = 1 (exact integers, no linspace rounding)."""
    if count == 1:
        return (0,)
    return tuple(i * (frames - 1) // (count - 1) for i in range(count))


def pool_time_weights(frames: int, repeat: int, window: int) -> tuple[float, ...]:
    """A frame's weight is the number of stride-1 windows that cover its `repeat` copies in time."""
    length = frames * repeat
    if length < window:
        raise ConfigError(f"{frames} frames repeated {repeat} times are shorter than the window of {window}")
    cover = [min(x + 1, length - x, window, length - window + 1) for x in range(length)]
    total = sum(cover)
    return tuple(sum(cover[i * repeat : (i + 1) * repeat]) / total for i in range(frames))


def pool_space_weights(size: int) -> tuple[float, ...]:
    """Weights of the ceil(size / 32) places of an axis: coverage by 7-windows, a plain mean below 7."""
    places = -(-size // 32)
    if places < 7:
        return (1 / places,) * places
    cover = [min(x + 1, places - x, 7, places - 6) for x in range(places)]
    total = sum(cover)
    return tuple(c / total for c in cover)


def official_profile(
    name: str, *, frames: int, size: int, repeat: int, slow: tuple[int, ...], patch: int = 14, **rest: Any
) -> Profile:
    """A profile of the official geometry (whole frames, same frames for both branches)."""
    return Profile(
        name=name,
        frames=frames,
        size=size,
        slow_indices=slow,
        pool_time=PoolTime(
            slow=pool_time_weights(len(slow), repeat, 8), fast=pool_time_weights(frames, repeat, 32)
        ),
        pool_space=pool_space_weights(size),
        tokens_per_frame=(size // patch // 2) ** 2,
        **rest,
    )


BUILT_IN_PROFILES = {
    "train6@448": official_profile(
        "train6@448", frames=6, size=448, repeat=6, slow=(0, 5), prompt="official-train"
    ),
    "test12@560": official_profile(
        "test12@560", frames=12, size=560, repeat=4, slow=(0, 5, 11), prompt="official-test"
    ),
}


@dataclass(kw_only=True)
class ModelConfig:
    """One checkpoint: the parts, the profiles, and what the file said that we do not use."""

    vision: VisionConfig = field(default_factory=VisionConfig)
    """Vision encoder."""

    language: LanguageConfig = field(default_factory=LanguageConfig)
    """Decoder."""

    motion: MotionConfig = field(default_factory=MotionConfig)
    """Motion encoder."""

    downsample_ratio: float = 0.5
    """Side of the token grid over the side of the patch grid."""

    profiles: dict[str, Profile] = field(default_factory=lambda: dict(BUILT_IN_PROFILES))
    """By name."""

    default_profile: str = "test12@560"
    """The profile to run when none is named."""

    ignored: tuple[str, ...] = ()
    """Keys of config.json that were read past."""

    @property
    def profile(self) -> Profile:
        """The default profile."""
        return self.profiles[self.default_profile]

    @property
    def shuffled_size(self) -> int:
        """Width of a vision token before the projector (4096 in the 8B)."""
        return self.vision.hidden_size * round(1 / self.downsample_ratio) ** 2
