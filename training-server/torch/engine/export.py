"""A checkpoint in the official layout: what the converter, the page and the next stage start from."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import torch

from engine.faults import CommandError, described
from engine.policy import Policy
from engine.ranks import Ranks
from engine.weights import whole
from modules.atomic_write import atomic_write
from modules.loader import TEXT_FILES, save_model, tensor_files
from modules.lora import merged
from modules.vqathinker import VQAThinkerModel

BLOCK = 1 << 24

LARGEST_TEXT = 1 << 28
"""Bytes of the largest file of a tokenizer that is copied."""


def export(policy: Policy, folder: Path, ranks: Ranks) -> dict[str, Any]:
    """Writes weights, config, tokenizer and generation config beside the name, then renames; every rank must
    come. Weights have the type that they compute in; a master is rounded to it."""
    if ranks.world > 1:
        # Shards are gathered one tensor at a time; only rank 0 keeps them.
        state = {}
        for name, tensor in policy.model.state_dict().items():
            full = whole(tensor)
            if ranks.leads:
                state[name] = full
    else:
        state = policy.model.state_dict()
    result: dict[str, Any] = {}
    failure: Exception | None = None
    if ranks.leads:
        try:
            result = _write(policy, state, folder)
        except Exception as error:  # noqa: BLE001 (raised below, on every rank)
            failure = error
    problem = ranks.broadcast(None if failure is None else described(failure))
    if problem is not None:
        # Met on every rank, so that all of them can go on.
        raise CommandError(problem["message"], code=problem["data"]["code"]) from failure
    return result


def _write(policy: Policy, state: dict[str, torch.Tensor], folder: Path) -> dict[str, Any]:
    if policy.request.lora is not None:
        state = merged(state, policy.request.lora.scale)
    with torch.device("meta"):
        model = VQAThinkerModel(policy.model.config)
    model.load_state_dict(state, strict=True, assign=True)
    with atomic_write(folder) as partial:
        save_model(model, partial, dtype=policy.request.dtype)
        source = policy.request.checkpoint
        for name in TEXT_FILES:
            if (source / name).exists():
                _copy_text(source / name, partial / name)
        _generation_config(source, partial, policy.text.end)
        sha256 = digest(partial)
        size = sum(file.stat().st_size for file in partial.iterdir())
    return {"bytes": size, "sha256": sha256}


def _generation_config(source: Path, folder: Path, end: int) -> None:
    """That of the checkpoint we started from; else one that stops where the prompts' turns do."""
    original = source / "generation_config.json"
    if original.exists():
        _copy_text(original, folder / original.name)
        return
    written = json.loads((folder / original.name).read_text("utf-8")) | {
        "eos_token_id": end,
        "do_sample": False,
    }
    (folder / original.name).write_text(json.dumps(written, indent=2) + "\n", "utf-8")


def _copy_text(source: Path, target: Path) -> None:
    """Copies a file of the text side once it is known to be one: a link could name anything.

    Raises CommandError `train/checkpoint` for a JSON file that is none, and for a file that is too large.
    """
    if not source.is_file() or source.stat().st_size > LARGEST_TEXT:
        raise CommandError(f"{source.name} is no file of a tokenizer", code="train/checkpoint")
    if source.suffix == ".json":
        try:
            json.loads(source.read_text("utf-8"))
        except ValueError as error:
            raise CommandError(f"{source.name} is no JSON", code="train/checkpoint") from error
    shutil.copyfile(source, target)


def digest(folder: Path) -> str:
    """SHA-256 of the weights: of the one file, or of the lines `<sha256>  <name>` of several by name."""
    files = sorted(set(tensor_files(folder).values()))
    lines = []
    for file in files:
        result = hashlib.sha256()
        with file.open("rb") as data:
            while block := data.read(BLOCK):
                result.update(block)
        lines.append(f"{result.hexdigest()}  {file.name}\n")
    return lines[0][:64] if len(lines) == 1 else hashlib.sha256("".join(lines).encode()).hexdigest()
