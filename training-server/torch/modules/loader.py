"""Checkpoint folders: the official layout in and out, strictly.

Only safetensors are read. Floating tensors may be BF16, F16 or F32 and come out in the asked type; counters
are I64. Every tensor of the model must be there with its shape, and nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from modules.atomic_write import atomic_write
from modules.config import ModelConfig, config_to_json, read_config
from modules.vqathinker import VQAThinkerModel

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
HEAD = "language_model.lm_head.weight"
EMBEDDING = "language_model.model.embed_tokens.weight"
FLOATING = {"BF16", "F16", "F32"}
SHARD_BYTES = 5_000_000_000
"""Largest shard that is written, as Hugging Face does by default."""


TEXT_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "preprocessor_config.json",
)
"""Files of a checkpoint that belong to its text side, and go along when it is written anew."""


class CheckpointError(ValueError):
    """A folder that is not a checkpoint of this configuration; the message lists what is wrong with it."""

    def __init__(self, folder: Path, problems: list[str]):
        shown = problems[:20]
        if len(problems) > len(shown):
            shown.append(f"… and {len(problems) - len(shown)} more")
        super().__init__(f"{folder} cannot be loaded:\n  " + "\n  ".join(shown))
        self.problems = problems


def load_model(
    folder: Path | str,
    *,
    config: ModelConfig | None = None,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
) -> VQAThinkerModel:
    """The model of a checkpoint folder, in eval mode, every weight from the file.

    Peak memory is the model in `dtype` plus one tensor. Raises CheckpointError.
    """
    folder = Path(folder)
    config = config or read_config(folder)
    with torch.device("meta"):
        model = VQAThinkerModel(config)
    state = read_tensors(folder, expected_tensors(model), dtype=dtype, device=device)
    model.load_state_dict(state, strict=True, assign=True)
    return model.eval()


def read_tensors(
    folder: Path,
    expected: Mapping[str, tuple[tuple[int, ...], bool]],
    *,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
    unused: re.Pattern[str] | None = None,
    tied: tuple[str, str] = (HEAD, EMBEDDING),
) -> dict[str, Tensor]:
    """The expected tensors of a folder, floating ones as `dtype`. Raises CheckpointError, before reading
    any, unless the folder holds exactly these.

    unused: names that may lie in the folder and are not read. tied: names of head and embedding; a model
    that ties the two expects no head, and a file may repeat the embedding under its name.
    """
    files = tensor_files(folder)
    extra = {name for name in files if unused is not None and unused.fullmatch(name)}
    _check(folder, expected, {n: f for n, f in files.items() if n not in extra or n in expected}, tied)
    state = {}
    for path in sorted(set(files.values())):
        with safe_open(path, framework="pt", device=str(device)) as shard:
            for name in shard.keys():  # noqa: SIM118 (not a mapping)
                if name in expected:  # a tied head is allowed in the file, and not wanted
                    tensor = shard.get_tensor(name)
                    state[name] = tensor.to(dtype) if tensor.is_floating_point() else tensor
    return state


def expected_tensors(model: nn.Module) -> dict[str, tuple[tuple[int, ...], bool]]:
    """Shape and "is a counter" of every tensor a checkpoint of this model holds, in the official order."""
    return {name: (tuple(t.shape), not t.is_floating_point()) for name, t in model.state_dict().items()}


def tensor_files(folder: Path) -> dict[str, Path]:
    """Tensor name → file, from the index or the single file. Raises CheckpointError."""
    index, single = folder / INDEX, folder / SINGLE
    if not index.exists():
        if single.exists():
            return dict.fromkeys(_header(folder, single), single)
        others = sorted(p.name for p in folder.glob("*.bin")) + sorted(p.name for p in folder.glob("*.pt"))
        hint = f" (it holds {others[0]}; pickled weights are never read)" if others else ""
        raise CheckpointError(folder, [f"neither {SINGLE} nor {INDEX} is there{hint}"])
    weight_map: Mapping[str, str] = json.loads(index.read_text())["weight_map"]
    problems, files = [], {name: folder / shard for name, shard in weight_map.items()}
    for shard in sorted(set(weight_map.values())):
        path = folder / shard
        if Path(shard).name != shard:
            problems.append(f"{INDEX} names {shard}, which is outside the folder")
        elif not path.exists():
            problems.append(f"shard {shard} is missing")
        else:
            held = _header(folder, path)
            listed = {name for name, file in weight_map.items() if file == shard}
            problems += [f"{name} is in the index but not in {shard}" for name in sorted(listed - held)]
            problems += [f"{name} is in {shard} but not in the index" for name in sorted(held - listed)]
    if problems:
        raise CheckpointError(folder, problems)
    return files


def _header(folder: Path, path: Path) -> set[str]:
    try:
        with safe_open(path, framework="pt") as shard:
            return set(shard.keys())
    except SafetensorError as error:
        raise CheckpointError(folder, [f"{path.name} is damaged: {error}"]) from error


def _check(
    folder: Path,
    expected: Mapping[str, tuple[tuple[int, ...], bool]],
    files: Mapping[str, Path],
    tied_names: tuple[str, str],
) -> None:
    head, embedding = tied_names
    tied = head not in expected
    problems = [f"missing: {name} {list(expected[name][0])}" for name in expected if name not in files]
    problems += [
        f"extra: {name}" for name in sorted(files) if name not in expected and not (tied and name == head)
    ]
    for path in sorted(set(files.values())):
        with safe_open(path, framework="pt") as shard:
            for name in shard.keys():  # noqa: SIM118 (not a mapping)
                if name not in expected:
                    continue
                shape, counter = expected[name]
                view = shard.get_slice(name)
                if tuple(view.get_shape()) != shape:
                    problems.append(f"misshapen: {name} is {view.get_shape()}, expected {list(shape)}")
                elif (view.get_dtype() != "I64") if counter else (view.get_dtype() not in FLOATING):
                    wanted = "I64" if counter else "BF16, F16 or F32"
                    problems.append(f"mistyped: {name} is {view.get_dtype()}, expected {wanted}")
    if tied and head in files and embedding in files and not _same(files, head, embedding):
        problems.append(f"{head} differs from the embedding that tie_word_embeddings ties it to")
    if problems:
        raise CheckpointError(folder, problems)


def _same(files: Mapping[str, Path], *names: str) -> bool:
    tensors = []
    for name in names:
        with safe_open(files[name], framework="pt") as shard:
            tensors.append(shard.get_tensor(name))
    return torch.equal(*tensors)


def save_model(
    model: VQAThinkerModel,
    folder: Path | str,
    *,
    dtype: torch.dtype | None = None,
    shard_bytes: int = SHARD_BYTES,
) -> None:
    """Writes config.json, generation_config.json and one or more safetensors shards.

    dtype: of the floating tensors, default as they are. Files appear under their final names only when
    complete; the index is written last.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    state = model.state_dict()
    shards = list(_shards(state, dtype, shard_bytes))
    weight_map = {}
    for i, names in enumerate(shards):
        file = SINGLE if len(shards) == 1 else f"model-{i + 1:05}-of-{len(shards):05}.safetensors"
        held = {name: _stored(state[name], dtype).contiguous() for name in names}
        with atomic_write(folder / file) as partial:
            save_file(held, partial, metadata={"format": "pt"})
            partial.chmod(0o644)  # safetensors writes for the owner alone
        weight_map |= dict.fromkeys(names, file)
    save_config(model.config, folder)
    if len(shards) > 1:
        total = sum(_bytes(t, dtype) for t in state.values())
        _write_json(folder / INDEX, {"metadata": {"total_size": total}, "weight_map": weight_map})
    else:
        (folder / INDEX).unlink(missing_ok=True)


def save_config(config: ModelConfig, folder: Path) -> None:
    """Writes config.json and generation_config.json."""
    language = config.language
    generation = {"bos_token_id": language.bos_token_id, "eos_token_id": language.eos_token_id}
    _write_json(folder / "config.json", config_to_json(config))
    _write_json(folder / "generation_config.json", generation)


def _stored(tensor: Tensor, dtype: torch.dtype | None) -> Tensor:
    return tensor.to(dtype) if dtype is not None and tensor.is_floating_point() else tensor


def _bytes(tensor: Tensor, dtype: torch.dtype | None) -> int:
    size = dtype.itemsize if dtype is not None and tensor.is_floating_point() else tensor.element_size()
    return tensor.numel() * size


def _shards(state: Mapping[str, Tensor], dtype: torch.dtype | None, limit: int) -> Iterator[list[str]]:
    names, size = [], 0
    for name, tensor in state.items():
        count = _bytes(tensor, dtype)
        if names and size + count > limit:
            yield names
            names, size = [], 0
        names.append(name)
        size += count
    yield names


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    with atomic_write(path) as partial:
        partial.write_text(json.dumps(value, indent=2) + "\n")
