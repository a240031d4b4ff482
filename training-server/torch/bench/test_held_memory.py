"""The memory plan against the tensors of a real update, on one rank and on two."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from bench.cost_model import Plan, memory
from engine import make_checkpoint
from engine.conftest import load_params, rollout_params, update_params, video_of, write_clip
from engine.shapes import TOKENIZER
from modules.config import read_config
from modules.loader import load_model
from modules.lora import TARGETS, LoraOptions
from small.prompt import PromptShape, prompt_text

LORA = LoraOptions(rank=4, alpha=8.0, targets=TARGETS)
KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "fp32": ({"precision": "fp32"}, {"item": 4, "optimizer": "master"}),
    "bf16": ({"precision": "bf16"}, {"item": 2, "optimizer": "master"}),
    "stochastic rounding": (
        {"precision": "bf16", "optimiser": {"kind": "adamw-sr"}},
        {"item": 2, "optimizer": "stochastic"},
    ),
    "lora": (
        {
            "precision": "bf16",
            "lora": asdict(LORA),
            "parts": ("visionProjector", "languageModel", "motionProjector"),
        },
        {"item": 2, "optimizer": "master", "lora": LORA},
    ),
}
"""Changes of the engine's parameters, and the fields of a plan that say the same."""

FAST = {("bf16", 1), ("bf16", 2), ("lora", 2)}
"""Of the others nothing is special; they run in the slow tier."""

CASES = [
    pytest.param(kind, world, marks=() if (kind, world) in FAST else pytest.mark.slow, id=f"{kind}-{world}")
    for kind in KINDS
    for world in (1, 2)
]


@pytest.mark.parametrize("kind, world", CASES)
def test_ranks_hold_what_is_counted(tmp_path, kind, world):
    """Over gloo; measured after the rows were added up and before gradients are reduced."""
    changes, fields = KINDS[kind]
    checkpoint = tmp_path / "tiny"
    make_checkpoint.make(checkpoint, "tiny", TOKENIZER, dtype=torch.float32, seed=0)
    config = read_config(checkpoint)
    profile = config.profile
    shape = PromptShape(
        frames=profile.frames, tokens_per_frame=profile.tokens_per_frame, prompt=profile.prompt
    )
    videos = [video_of(write_clip(tmp_path / f"{n}.mp4", seed=n), profile) for n in range(2)]
    prompt = prompt_text(shape)
    requests = [
        ["load", load_params(checkpoint, profile, tmp_path / "cache", **changes)],
        ["rollout", rollout_params(prompt, videos)],
        ["update", update_params(prompt, videos, [[], []])],
        ["export", {"folder": str(tmp_path / "model")}],
    ]
    measured = run(tmp_path / "requests.json", requests, world)
    counted = memory(config, prompt=300, plan=Plan(gpus=world, **fields))
    assert measured["item"] == fields["item"]
    for name in ("weights", "gradients", "optimizer", "reference"):
        assert measured[name] == pytest.approx(getattr(counted, name), rel=0.05), name
    # The ranks export a model of the same tensors together, an adaptation merged into it.
    assert load_model(tmp_path / "model").state_dict().keys() == load_model(checkpoint).state_dict().keys()


def run(file: Path, requests: list, world: int) -> dict[str, int]:
    file.write_text(json.dumps(requests))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={world}"]
    done = subprocess.run(
        [*command, "--module", "bench.held_memory", str(file)],
        cwd=Path(__file__).parents[1],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    measured: dict[str, int] = json.loads(done.stdout.strip().splitlines()[-1])
    return measured
