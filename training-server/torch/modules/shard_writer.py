"""Safetensors shards written one tensor at a time, for checkpoints larger than memory.

Format: 8 bytes little-endian header length, JSON, then the tensors' bytes without holes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from modules.atomic_write import atomic_write
from modules.loader import INDEX, SHARD_BYTES, SINGLE

NAMES = {
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
}

Described = Mapping[str, tuple[tuple[int, ...], torch.dtype]]
"""Shape and type of each tensor, in the order of the file."""


def write_shards(
    folder: Path,
    described: Described,
    parts: Mapping[str, Iterable[Tensor]],
    *,
    shard_bytes: int = SHARD_BYTES,
) -> None:
    """Writes every tensor, and the index where there are several shards.

    parts: the pieces of each tensor, in its type and in the order of its elements; made when written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shards = list(_shards(described, shard_bytes))
    weight_map = {}
    for i, names in enumerate(shards):
        file = SINGLE if len(shards) == 1 else f"model-{i + 1:05}-of-{len(shards):05}.safetensors"
        with atomic_write(folder / file) as partial, partial.open("wb") as out:
            header = _header({name: described[name] for name in names})
            out.write(len(header).to_bytes(8, "little") + header)
            for name in names:
                before = out.tell()
                for part in parts[name]:
                    out.write(part.contiguous().reshape(-1).view(torch.uint8).numpy().data)
                if out.tell() - before != _bytes(described[name]):
                    raise ValueError(f"the pieces of {name} are not as large as its shape")
        weight_map |= dict.fromkeys(names, file)
    if len(shards) > 1:
        total = sum(map(_bytes, described.values()))
        index = {"metadata": {"total_size": total}, "weight_map": weight_map}
        with atomic_write(folder / INDEX) as partial:
            partial.write_text(json.dumps(index, indent=2) + "\n")


def _bytes(one: tuple[tuple[int, ...], torch.dtype]) -> int:
    shape, dtype = one
    return torch.Size(shape).numel() * dtype.itemsize


def _shards(described: Described, limit: int) -> Iterator[list[str]]:
    names: list[str] = []
    size = 0
    for name, one in described.items():
        if names and size + _bytes(one) > limit:
            yield names
            names, size = [], 0
        names.append(name)
        size += _bytes(one)
    yield names


def _header(described: Described) -> bytes:
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, (shape, dtype) in described.items():
        end = at + _bytes((shape, dtype))
        header[name] = {"dtype": NAMES[dtype], "shape": list(shape), "data_offsets": [at, end]}
        at = end
    text = json.dumps(header).encode()
    return text + b" " * (-len(text) % 8)
