"""Configuration of a VQA² checkpoint (`model_type: llava_qwen`), read from its `config.json`.

The released file names its vision tower and says nothing of its sizes or of the motion network, which are
constants there. Two optional additions of ours, `vision_config` and `motion_config`, hold them for other
sizes; a conformance folder has them in `profiles.json`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from modules.config import ConfigError, LanguageConfig

MODEL_TYPE = "llava_qwen"


@dataclass(kw_only=True)
class SiglipConfig:
    """SigLIP as far as it runs. The defaults are so400m-patch14-384 without its last layer."""

    hidden_size: int = 1152
    """Width of the residual stream."""

    num_hidden_layers: int = 26
    """Layers that run: one less than SigLIP was trained with."""

    num_attention_heads: int = 16
    """Heads; hidden_size / heads is the head dimension."""

    intermediate_size: int = 4304
    """Width of the MLP."""

    patch_size: int = 14
    """Side of a patch in pixels."""

    image_size: int = 384
    """Side in pixels; the rest past a whole number of patches is not seen."""

    layer_norm_eps: float = 1e-6
    """ε of both norms of a layer."""

    @property
    def grid(self) -> int:
        """Patches a side (27)."""
        return self.image_size // self.patch_size

    @property
    def pooled_grid(self) -> int:
        """Tokens a side after pooling (14): half, rounded up."""
        return (self.grid + 1) // 2


@dataclass(kw_only=True)
class FastConfig:
    """The fast pathway of SlowFast. The defaults are those of SlowFast-R50."""

    stem: int = 8
    """Channels out of the stem."""

    stem_time: int = 5
    """Frames that the stem's kernel sees."""

    inner: int = 8
    """Bottleneck channels of the first stage; doubled by each stage after it."""

    expansion: int = 4
    """Channels out of a bottleneck per inner channel."""

    depths: tuple[int, ...] = (3, 4, 6, 3)
    """Residual blocks of each stage."""

    positions: int = 2000
    """Rows of the position embedding: the most dense frames of a clip."""

    position_embedding: bool = True
    """False in the Qwen2.5-VL variant, which has the rows and does not add them."""

    def __post_init__(self):
        self.depths = tuple(self.depths)
        if len(self.depths) != 4 or min(self.depths) < 1:
            raise ConfigError(f"motion_config.depths must be four positive numbers, not {self.depths}")

    @property
    def features(self) -> int:
        """Width of a motion feature (256)."""
        return (self.inner << (len(self.depths) - 1)) * self.expansion

    @property
    def halo(self) -> int:
        """Frames on each side that a motion feature depends on (18)."""
        return self.stem_time // 2 + sum(self.depths)


@dataclass(kw_only=True)
class Vqa2Config:
    """One checkpoint: the parts, and what the file said that is not used."""

    vision: SiglipConfig = field(default_factory=SiglipConfig)
    """Vision tower."""

    language: LanguageConfig = field(default_factory=LanguageConfig)
    """Decoder."""

    motion: FastConfig = field(default_factory=FastConfig)
    """Motion network."""

    grid_pinpoints: tuple[tuple[int, int], ...] = ()
    """Width and height in pixels of the canvases an image may be cut from."""

    ignored: tuple[str, ...] = ()
    """Keys of config.json that were read past."""

    @property
    def max_tiles(self) -> int:
        """Of an image; past it the grid of features is shrunk (`anyres_max_9`)."""
        return 9


_ONLY = {
    "model_type": MODEL_TYPE,
    "mm_projector_type": "mlp2x_gelu",
    "mm_spatial_pool_mode": "bilinear",
    "mm_newline_position": "one_token",
    "mm_patch_merge_type": "spatial_unpad",
    "mm_vision_select_feature": "patch",
    "mm_use_im_start_end": False,
    "mm_use_im_patch_token": False,
    "mm_resampler_type": None,
    "hidden_act": "silu",
    "use_sliding_window": False,
    "rope_scaling": None,
    "use_pos_skipping": False,
}
"""The values of the architecture here; a file that says otherwise is refused, not guessed at."""

_OURS = ("vision_config", "motion_config")


def is_vqa2(config: Mapping[str, Any]) -> bool:
    """True for the config.json of this family's first form (LLaVA on Qwen2)."""
    return config.get("model_type") == MODEL_TYPE


def read_config(folder: Path | str) -> Vqa2Config:
    """The configuration of a checkpoint folder; sizes from `profiles.json` where that lies beside it.

    Raises ConfigError for a value that this architecture does not compute.
    """
    folder = Path(folder)
    value = json.loads((folder / "config.json").read_text())
    beside = folder / "profiles.json"
    return config_from_json(
        {**value, **_conformance_sizes(json.loads(beside.read_text()))} if beside.exists() else value
    )


def config_from_json(value: Mapping[str, Any]) -> Vqa2Config:
    """A configuration from parsed JSON. Unknown official keys are listed in `ignored`, ours are refused."""
    for key, expected in _ONLY.items():
        if value.get(key, expected) != expected:
            raise ConfigError(f"{key} is {value[key]!r}; this model computes {expected!r} only")
    parts = {}
    for part, kind in (("vision_config", SiglipConfig), ("motion_config", FastConfig)):
        given = value.get(part) or {}
        unknown = set(given) - {f.name for f in fields(kind)}
        if unknown:
            raise ConfigError(f"{part}.{min(unknown)} is not a field this version knows")
        parts[part] = kind(**given)
    tower = str(value.get("mm_vision_tower", ""))
    if not value.get("vision_config") and tower and "siglip-so400m-patch14-384" not in tower:
        raise ConfigError(f"mm_vision_tower {tower} is not known here, and no vision_config gives its sizes")
    names = {f.name for f in fields(LanguageConfig)}
    pinpoints = value.get("image_grid_pinpoints")  # some files write them as a text
    used = {*names, *_ONLY, *_OURS, "image_grid_pinpoints"}
    return Vqa2Config(
        vision=parts["vision_config"],
        motion=parts["motion_config"],
        language=LanguageConfig(**{k: v for k, v in value.items() if k in names and v is not None}),
        grid_pinpoints=tuple((w, h) for w, h in pinpoints) if isinstance(pinpoints, list) else (),
        ignored=tuple(k for k in value if k not in used),
    )


def _conformance_sizes(profiles: Mapping[str, Any]) -> dict[str, Any]:
    """Our two additions from the `profiles.json` of recorded results."""
    vision, slowfast = profiles["vision"], profiles["slowfast"]
    return {
        "vision_config": {
            "hidden_size": vision["hidden"],
            "num_hidden_layers": vision["layers_run"],
            "num_attention_heads": vision["heads"],
            "intermediate_size": vision["mlp"],
            "patch_size": vision["patch"],
            "image_size": vision["image_size"],
            "layer_norm_eps": vision["layer_norm_eps"],
        },
        "motion_config": {
            "stem": slowfast["fast_stem"],
            "inner": slowfast["fast_stem"],
            "positions": slowfast["positions"],
        },
    }
