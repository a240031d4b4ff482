"""Disk cache of the features of frozen encoders, beside the decoded frames, for later steps, runs and ranks.

Only on a CPU, where it pays: a GPU computes features faster than a disk gives them. A name holds everything
that decides the bits: weights, profile, thread count, the video's content and the frames that were shown.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from engine.video.disk_cache import DiskCache
from engine.weights import whole
from modules.profiles import profile_to_json
from training.clips import Encoder, frozen

VERSION = 1
"""To be raised when the encoders compute other numbers from the same weights."""


HEAD = 12
"""Bytes before the numbers: how many dimensions, rows, columns."""


SEEN = {
    "vision": ("size", "vision", "mean", "std"),
    "motion": ("size", "motion", "mean", "std", "slowIndices", "poolTime", "poolSpace"),
}
"""Fields of a profile that a branch's features depend on; which frames are shown is in the key."""


class FeatureDiskCache:
    """Vectors and matrices of one frozen part by key, fp32."""

    def __init__(self, disk_cache: DiskCache, part: str):
        """part: digest of all that the numbers depend on but the video."""
        self.disk_cache, self.part = disk_cache, part

    def _name(self, key: Hashable) -> str:
        return hashlib.blake2b(f"{self.part}\0{key!r}".encode(), digest_size=20).hexdigest()

    def get(self, key: Hashable) -> Tensor | None:
        content = self.disk_cache.get(self._name(key))
        if content is None or len(content) < HEAD:
            return None
        dims, *shape = np.frombuffer(content, "<i4", count=3).tolist()
        if len(content) != HEAD + 4 * shape[0] * shape[1]:
            return None
        values = np.frombuffer(content, "<f4", offset=HEAD).reshape(shape[2 - dims :])
        return torch.from_numpy(values.copy())

    def put(self, key: Hashable, value: Tensor) -> None:
        """A vector or a matrix."""
        values = value.detach().cpu().numpy().astype("<f4")
        rows, columns = values.shape if values.ndim == 2 else (1, len(values))
        head = np.array([values.ndim, rows, columns], "<i4").tobytes()
        self.disk_cache.put(self._name(key), head + values.tobytes())


def attach_disk_cache(encoder: Encoder, folder: Path, cap: int) -> None:
    """Caches the features of frozen encoders on disk; a collective call. cap: bytes of all of them,
    over all runs."""
    model = encoder.model
    # A shelf holds float32; what is computed in less would come back as something else.
    exact = all(weight.dtype == torch.float32 for weight in model.parameters())
    if encoder.device.type != "cpu" or not exact or cap <= 0:
        return
    disk_cache = DiskCache(folder)
    disk_cache.shrink(cap)
    if frozen(model.vision_model, model.mlp1):
        parts: dict[str, nn.Module] = {"vision_model": model.vision_model, "mlp1": model.mlp1}
        encoder.vision_cache.store = FeatureDiskCache(disk_cache, _digest("vision", parts, encoder))
    if encoder.motion_is_constant:
        parts = {"slowfast_model": model.slowfast_model}
        if hasattr(model, "motion_statistics"):
            parts["motion_statistics"] = model.motion_statistics
        encoder.motion_cache.store = FeatureDiskCache(disk_cache, _digest("motion", parts, encoder))


def _digest(branch: str, parts: Mapping[str, nn.Module], encoder: Encoder) -> str:
    content = hashlib.sha256()

    def take(pieces: Iterable[str | bytes]) -> None:
        for piece in pieces:
            content.update(piece.encode() if isinstance(piece, str) else piece)
            content.update(b"\0")

    config = encoder.model.config
    fields = profile_to_json(encoder.profile)
    profile = json.dumps({name: fields[name] for name in SEEN[branch]}, sort_keys=True)
    take([branch, str(VERSION), torch.__version__, str(torch.get_num_threads()), profile])
    branch_config = config.vision if branch == "vision" else config.motion
    take([repr(branch_config)])
    if branch_config.statistics:
        from modules.statistics import TABLE_PATH  # a model without them needs no table

        take([TABLE_PATH.read_bytes()])
    for name, part in parts.items():
        for key, tensor in sorted(part.state_dict().items()):
            take([f"{name}.{key}", whole(tensor).contiguous().numpy().tobytes()])
    return content.hexdigest()
