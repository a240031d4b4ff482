"""Clips of a step, and the encoders with their feature caches.

A frame is encoded once a step, whatever the number of completions and of clips (a clean clip and its
perturbed copy) that show it. Features of frozen parts are cached from step to step.

Shapes: V clips, N sampled frames, T frames of the motion branch, S pixels a side, t tokens a frame, D width.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from modules.profiles import Profile
from modules.vqathinker import Encoded, VQAThinkerModel, normalised
from training.phases import phase


@dataclass(kw_only=True, eq=False)
class ClipPixels:
    """One decoded clip of a profile."""

    frames: Tensor
    """[N, S, S, 3] uint8 RGB: what the vision branch sees."""

    absent: Sequence[bool] | None = None
    """[N]: frames that are zero after normalisation, whatever their bytes (a dropped frame of the official
    code); None for none."""

    motion_frames: Tensor | None = None
    """[T, S, S, 3] uint8 where the motion branch sees other pixels; None for the same."""

    motion_absent: Sequence[bool] | None = None
    """[T], of `motion_frames`; ignored without them."""

    key: Hashable | None = None
    """Names the pixels of the motion branch and their order; clips of one key share a motion vector. None
    for a clip that does not come again, as a perturbed one."""

    frame_keys: Sequence[Hashable] | None = None
    """[N]: names the pixels of each frame (file and index, say); frames of one key share vision tokens, in
    this clip and in others. None where nothing is known."""

    def pixels(self, profile: Profile, device: torch.device) -> Tensor:
        """Normalised [N, 3, S, S] of the vision branch, fp32."""
        return _normalised(self.frames, self.absent, profile, device)

    def motion_pixels(self, profile: Profile, device: torch.device) -> Tensor:
        """Normalised [T, 3, S, S] of the motion branch, fp32."""
        if self.motion_frames is None:
            return self.pixels(profile, device)
        return _normalised(self.motion_frames, self.motion_absent, profile, device)


def _normalised(
    frames: Tensor, absent: Sequence[bool] | None, profile: Profile, device: torch.device
) -> Tensor:
    pixels = normalised(frames.to(device, non_blocking=True), profile)
    if absent is not None and any(absent):
        pixels[torch.tensor(list(absent), device=device)] = 0
    return pixels


FeatureKey = tuple[Hashable, ...]
"""("named", key of the frame or clip), ("unnamed", index …) for pixels that do not recur, ("absent",)."""

CACHE_BYTES = 1 << 30
"""Of kept vision tokens on the device, and of motion vectors on the host."""


class Store(Protocol):
    """Where features lie longer than in memory."""

    def get(self, key: Hashable) -> Tensor | None: ...

    def put(self, key: Hashable, value: Tensor) -> None: ...


class FeatureCache:
    """Tensors by key, the least recently used ones dropped past `capacity` bytes."""

    def __init__(self, capacity: int = CACHE_BYTES):
        self.capacity = capacity
        self.bytes = 0
        self.store: Store | None = None
        """A store beneath: searched for features that are not in memory, and given the new ones. Only for
        those that never change while the cache lives."""
        self._tensors: OrderedDict[Hashable, Tensor] = OrderedDict()

    def __len__(self) -> int:
        return len(self._tensors)

    def get(self, key: Hashable) -> Tensor | None:
        if key in self._tensors:
            self._tensors.move_to_end(key)
            return self._tensors[key]
        value = None if self.store is None else self.store.get(key)
        if value is not None:
            self._hold(key, value)
        return value

    def put(self, key: Hashable, value: Tensor) -> None:
        self._hold(key, value)
        if self.store is not None:
            self.store.put(key, value)

    def _hold(self, key: Hashable, value: Tensor) -> None:
        if key in self._tensors:
            self.bytes -= self._tensors.pop(key).nbytes
        self._tensors[key] = value
        self.bytes += value.nbytes
        while self.bytes > self.capacity and len(self._tensors) > 1:
            self.bytes -= self._tensors.popitem(last=False)[1].nbytes

    def clear(self) -> None:
        self._tensors.clear()
        self.bytes = 0


class Encoder:
    """Runs the two encoders of a model over clips. Keep one a model: it owns the features of frozen parts.

    On a CPU whatever is kept is computed by itself, because a product's last bits may depend on what else is
    in its batch: a resumed run, whose cache is empty, must compute the bits that the cache had.
    `frames_encoded` and `clips_encoded` count what went through the encoders, cache hits left out.
    """

    def __init__(
        self,
        model: VQAThinkerModel,
        profile: Profile,
        *,
        frames_at_once: int | None = None,
        clips_at_once: int = 8,
        cache_bytes: int = CACHE_BYTES,
    ):
        """frames_at_once, clips_at_once: most frames and clips of one pass; None is 64 frames, 8 on a CPU.
        cache_bytes: of kept vision tokens, and as much of motion vectors."""
        self.model, self.profile = model, profile
        self.frames_at_once = frames_at_once or (8 if self.device.type == "cpu" else 64)
        self.clips_at_once = clips_at_once
        self.motion_cache = FeatureCache(cache_bytes)
        self.vision_cache = FeatureCache(cache_bytes)
        self.frames_encoded = self.clips_encoded = 0

    @property
    def device(self) -> torch.device:
        return self.model.language_model.model.norm.weight.device

    def weights_changed(self) -> None:
        """To be called after an update or a load: drops what the changed weights computed."""
        if not frozen(self.model.vision_model, self.model.mlp1):
            self.vision_cache.clear()
        if not self.motion_is_constant:
            self.motion_cache.clear()

    def before_training(self) -> None:
        """To be called after the rollouts of a step: their features make room for activations."""
        if not frozen(self.model.vision_model, self.model.mlp1):
            self.vision_cache.clear()

    def clear(self) -> None:
        """Drops everything, as after loading other weights."""
        self.vision_cache.clear()
        self.motion_cache.clear()

    def encode(self, clips: Sequence[ClipPixels]) -> Encoded:
        """Tokens of V clips, differentiable in the parts that train (unless under no_grad)."""
        with phase("vision"):
            frames = self.vision(clips)
        with phase("motion"):
            return Encoded(frames=frames, motion=self.motion(clips))

    def vision(self, clips: Sequence[ClipPixels]) -> Tensor:
        """Vision tokens [V, N · t, D]; frames of one key are encoded once."""
        position: dict[FeatureKey, int] = {}
        tokens_of: list[Tensor | None] = []
        wanted: list[tuple[FeatureKey, ClipPixels, int]] = []
        order = []
        # Tokens that carry a gradient must not be kept beyond this call.
        constant = frozen(self.model.vision_model, self.model.mlp1)
        keep = constant or not torch.is_grad_enabled()
        size = 1 if constant and self.device.type == "cpu" else self.frames_at_once
        for c, clip in enumerate(clips):
            for n in range(len(clip.frames)):
                if clip.absent is not None and clip.absent[n]:
                    key: FeatureKey = ("absent",)
                elif clip.frame_keys is None:
                    key = ("unnamed", c, n)
                else:
                    key = ("named", clip.frame_keys[n])
                if key not in position:
                    position[key] = len(tokens_of)
                    tokens_of.append(self.vision_cache.get(key) if keep and key[0] != "unnamed" else None)
                    if tokens_of[-1] is None:
                        wanted.append((key, clip, n))
                order.append(position[key])
        for start in range(0, len(wanted), size):
            piece = wanted[start : start + size]
            # A single frame of a clip is normalised by itself, so that only new frames are copied to the
            # device.
            pixels = torch.cat([_one_frame(clip, n, self.profile, self.device) for _, clip, n in piece])
            tokens = self.model.vision_tokens(pixels[:, None])
            self.frames_encoded += len(piece)
            for (key, _, _), frame_tokens in zip(piece, tokens, strict=True):
                tokens_of[position[key]] = frame_tokens
                if keep and key[0] != "unnamed":
                    self.vision_cache.put(key, frame_tokens.detach().clone())
        distinct = torch.stack([tokens for tokens in tokens_of if tokens is not None])
        frames: Tensor = distinct[torch.tensor(order, device=self.device)].unflatten(0, (len(clips), -1))
        return frames.flatten(1, 2)

    def motion(self, clips: Sequence[ClipPixels]) -> Tensor:
        """Motion tokens [V, D]; the projector runs on vectors that are kept while the extractor is frozen."""
        tokens: Tensor = self.model.motion_mlp(self.motion_vectors(clips))
        tokens = tokens + self.model.quality_token(None, tokens)
        return tokens

    def motion_vectors(self, clips: Sequence[ClipPixels]) -> Tensor:
        """Inputs of the motion projector [V, features]."""
        training = self.model.slowfast_model.training  # batch statistics: a vector depends on its batch
        keep = self.motion_is_constant or not (torch.is_grad_enabled() or training)
        vector_of: dict[FeatureKey, Tensor] = {}
        wanted: OrderedDict[FeatureKey, ClipPixels] = OrderedDict()
        keys: list[FeatureKey] = [
            ("named", clip.key) if clip.key is not None else ("unnamed", c) for c, clip in enumerate(clips)
        ]
        for key, clip in zip(keys, clips, strict=True):
            cached = self.motion_cache.get(key) if keep and key[0] == "named" else None
            if cached is None:
                wanted.setdefault(key, clip)
            else:
                vector_of[key] = cached.to(self.device)
        for piece in self._motion_batches(list(wanted.items())):
            pixels = torch.stack([clip.motion_pixels(self.profile, self.device) for _, clip in piece])
            vectors = self.model.motion_vector(pixels, self.profile)
            self.clips_encoded += len(piece)
            for (key, _), vector in zip(piece, vectors, strict=True):
                vector_of[key] = vector
                if keep and key[0] == "named":
                    self.motion_cache.put(key, vector.detach().cpu())
        return torch.stack([vector_of[key] for key in keys])

    def _motion_batches(
        self, items: list[tuple[FeatureKey, ClipPixels]]
    ) -> Iterator[list[tuple[FeatureKey, ClipPixels]]]:
        if self.motion_is_constant and self.device.type == "cpu":
            yield from ([item] for item in items if item[0][0] == "named")
            items = [item for item in items if item[0][0] != "named"]
        for start in range(0, len(items), self.clips_at_once):
            yield items[start : start + self.clips_at_once]

    @property
    def motion_is_constant(self) -> bool:
        """True if a clip's motion vector is the same whenever it is computed."""
        extractor = self.model.slowfast_model
        return frozen(extractor) and not extractor.training


def frozen(*modules: torch.nn.Module) -> bool:
    """True if nothing in the modules trains."""
    return not any(p.requires_grad for module in modules for p in module.parameters())


def _one_frame(clip: ClipPixels, n: int, profile: Profile, device: torch.device) -> Tensor:
    absent = None if clip.absent is None else [clip.absent[n]]
    return _normalised(clip.frames[n : n + 1], absent, profile, device)
