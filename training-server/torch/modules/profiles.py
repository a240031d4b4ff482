"""Profiles: the constants of one way to run a model, as the driver writes them into a checkpoint's config.

Which frames, which words and how a frame becomes pixels are the driver's rules; what stands here is what
the tensors need: counts, sizes, pooling weights, ids.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class ConfigError(ValueError):
    """A configuration that this code cannot run, with the name of the field at fault."""


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
    """Pixels of one branch. Cutting and scaling happen before the model; it needs the shapes."""

    pixels: str = "squash"
    """"squash" (whole frame to a square) or "fragments" (native blocks side by side)."""

    cell: int | None = None
    """Side of a fragment in pixels."""

    frames: str = "same"
    """Of the motion branch: the sampled frames ("same"), or each with its successor ("successors")."""


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
    """Indices of the slow pathway's frames among those that the motion branch sees."""

    pool_time: PoolTime
    """Time weights of the motion pooling."""

    pool_space: tuple[float, ...]
    """Space weights of the motion pooling, for ceil(S / 32) positions an axis."""

    tokens_per_frame: int
    """Context tokens a frame."""

    token_ids: TokenIds = field(default_factory=TokenIds)
    """Special ids."""

    vision: BranchPixels = field(default_factory=BranchPixels)
    """Pixels of the vision branch."""

    motion: BranchPixels = field(default_factory=BranchPixels)
    """Pixels of the motion branch."""

    sampling: str = "uniform"
    """Rule that samples the frames: "uniform" (the released code's) or "goldenRatio"."""

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
        return self.frames * 2 if self.motion.frames == "successors" else self.frames

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


def slow_indices(frames: int, count: int | None = None) -> tuple[int, ...]:
    """floor(i (T − 1) / (n − 1)) for i < n, [0] for n = 1; n = ceil(T / 4) unless given.

    Exact integers; the official fp32 linspace agrees below T = 115.
    """
    count = -(-frames // 4) if count is None else count
    if count == 1:
        return (0,)
    return tuple(i * (frames - 1) // (count - 1) for i in range(count))


_OFFICIAL_REPEAT = {6: 6, 12: 4}


def pool_time(frames: int, slow: int, repeat: int | None = None) -> PoolTime:
    """Closed form of "repeat every frame, average-pool 8 slow and 32 fast positions at stride 1, take the
    mean".

    repeat: the released figures at 6 and 12 frames, else the least that fills both windows.
    """
    if repeat is None:
        repeat = _OFFICIAL_REPEAT.get(frames, max(-(-8 // slow), -(-32 // frames)))
    return PoolTime(slow=_repeated(slow, repeat, 8), fast=_repeated(frames, repeat, 32))


def pool_space(size: int) -> tuple[float, ...]:
    """Weights of the ceil(size / 32) positions of an axis: coverage by 7-windows, a plain mean below 7."""
    positions = -(-size // 32)
    return _repeated(positions, 1, 7) if positions >= 7 else (1 / positions,) * positions


def _repeated(positions: int, repeat: int, window: int) -> tuple[float, ...]:
    # The weight of a position is the number of stride-1 windows that cover its copies.
    length = positions * repeat
    if length < window:
        raise ConfigError(f"{positions} positions repeated {repeat} times do not fill a window of {window}")
    cover = [min(x + 1, length - x, window, length - window + 1) for x in range(length)]
    total = sum(cover)
    return tuple(sum(cover[i * repeat : (i + 1) * repeat]) / total for i in range(positions))


def profile_of(name: str, *, frames: int, size: int, patch: int = 14, **choices: Any) -> Profile:
    """A profile with slow indices, pooling weights and token count worked out from its choices.

    choices: any further field of `Profile`.
    """
    if size % (2 * patch):
        raise ConfigError(f"profile {name}: size {size} is no multiple of 2 × {patch}")
    motion = choices.get("motion", BranchPixels())
    seen = frames * 2 if motion.frames == "successors" else frames
    slow = slow_indices(seen)
    return Profile(
        name=name,
        frames=frames,
        size=size,
        slow_indices=slow,
        pool_time=pool_time(seen, len(slow)),
        pool_space=pool_space(size),
        tokens_per_frame=(size // (2 * patch)) ** 2,
        **choices,
    )


BUILT_IN_PROFILES = {
    profile.name: profile
    for profile in (
        profile_of(
            "train6@448",
            frames=6,
            size=448,
            prompt="official-train",
            prompt_sha256="931af393edebf1a2d275b78eff8c04aabc41c10b76f04d9131e543155aef79c0",
        ),
        profile_of(
            "test12@560",
            frames=12,
            size=560,
            prompt="official-test",
            prompt_sha256="c2be428a551b4e81bdedc57684e85e7333b795f38cf1105ccdeffb335ea4d068",
        ),
    )
}


_BRANCH_KEYS = {"vision": {"pixels", "cell"}, "motion": {"pixels", "cell", "frames"}}
_PROFILE_KEYS = {
    "name": "name",
    "frames": "frames",
    "size": "size",
    "sampling": "sampling",
    "slowIndices": "slow_indices",
    "poolSpace": "pool_space",
    "tokensPerFrame": "tokens_per_frame",
    "mean": "mean",
    "std": "std",
    "prompt": "prompt",
    "promptSha256": "prompt_sha256",
}
_NESTED_KEYS = {"vision", "motion", "poolTime", "tokenIds"}
_TOKEN_KEYS = {"imageStart": "image_start", "imageEnd": "image_end", "context": "context"}
# Names in the first packages and checkpoints.
_OLD_SAMPLING = {"official": "uniform", "golden": "goldenRatio"}
_OLD_MOTION_FRAMES = {"same": "same", "pairs": "successors"}


def profile_from_json(value: Mapping[str, Any], where: str = "profile") -> Profile:
    """A profile from its JSON form; an unknown or missing field is a ConfigError that names it.

    The names of the first packages and checkpoints are read as well: `places` as `sampling`, `motion.take` as
    `motion.frames`.
    """
    value = _renamed(value, "places", "sampling", _OLD_SAMPLING)
    if isinstance(value.get("motion"), Mapping):
        value = {**value, "motion": _renamed(value["motion"], "take", "frames", _OLD_MOTION_FRAMES)}
    _exact(value, set(_PROFILE_KEYS) | _NESTED_KEYS, where)
    _exact(value["poolTime"], {"slow", "fast"}, f"{where}.poolTime")
    _exact(value["tokenIds"], set(_TOKEN_KEYS), f"{where}.tokenIds")
    for branch, allowed in _BRANCH_KEYS.items():
        _exact(value[branch], allowed, f"{where}.{branch}", required=allowed - {"cell"})
    return Profile(
        **{python: value[name] for name, python in _PROFILE_KEYS.items()},
        vision=BranchPixels(**value["vision"]),
        motion=BranchPixels(**value["motion"]),
        pool_time=PoolTime(**value["poolTime"]),
        token_ids=TokenIds(**{python: value["tokenIds"][name] for name, python in _TOKEN_KEYS.items()}),
    )


def profile_to_json(profile: Profile) -> dict[str, Any]:
    """The JSON form that `profile_from_json` and the driver read."""
    result = {name: _plain(getattr(profile, python)) for name, python in _PROFILE_KEYS.items()}
    for branch, keys in _BRANCH_KEYS.items():
        rule = getattr(profile, branch)
        result[branch] = {key: getattr(rule, key) for key in sorted(keys) if getattr(rule, key) is not None}
    result["poolTime"] = {"slow": list(profile.pool_time.slow), "fast": list(profile.pool_time.fast)}
    result["tokenIds"] = {name: getattr(profile.token_ids, python) for name, python in _TOKEN_KEYS.items()}
    return result


def conformance_profiles(path: Path) -> tuple[dict[str, Profile], int, int]:
    """Profiles and the two stem widths (slow, fast) from the `profiles.json` beside a conformance checkpoint.

    Every key that holds slow indices is a profile; `repeat` becomes pooling weights.
    """
    file = json.loads(path.read_text())
    ids = file["token_ids"]
    tokens = TokenIds(image_start=ids["<img>"], image_end=ids["</img>"], context=ids["<IMG_CONTEXT>"])
    profiles = {}
    for name, entry in file.items():
        if not isinstance(entry, dict) or "slow_indices" not in entry:
            continue
        slow = entry["slow_indices"]
        official = BUILT_IN_PROFILES["train6@448" if name.startswith("train") else "test12@560"]
        profiles[name] = Profile(
            name=name,
            frames=entry["frames"],
            size=entry["image_size"],
            slow_indices=slow,
            pool_time=pool_time(entry["frames"], len(slow), entry["repeat"]),
            pool_space=pool_space(entry["image_size"]),
            tokens_per_frame=entry["tokens_per_frame"],
            token_ids=tokens,
            mean=file["normalisation"]["mean"],
            std=file["normalisation"]["std"],
            prompt=official.prompt,
            prompt_sha256=official.prompt_sha256,
        )
    return profiles, file["slowfast"]["slow_stem"], file["slowfast"]["fast_stem"]


def _renamed(value: Mapping[str, Any], old: str, key: str, values: Mapping[str, str]) -> Mapping[str, Any]:
    if key in value or old not in value:
        return value
    rest = {name: content for name, content in value.items() if name != old}
    return rest | {key: values.get(value[old], value[old])}


def _exact(value: Mapping[str, Any], allowed: set[str], where: str, required: set[str] | None = None) -> None:
    unknown, missing = set(value) - allowed, (allowed if required is None else required) - set(value)
    if unknown:
        raise ConfigError(f"{where}.{min(unknown)} is not a field this version knows")
    if missing:
        raise ConfigError(f"{where}.{min(missing)} is missing")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
