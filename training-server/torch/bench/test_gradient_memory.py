"""The memory plan's gradients against those of a real update on two ranks."""

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

from bench.cost_model import Counts, Plan, gradient_bytes
from engine import make_checkpoint
from engine.conftest import load_params, rollout_params, update_params, video_of, write_clip
from engine.shapes import TOKENIZER
from modules.config import read_config
from modules.loader import load_model
from modules.lora import TARGETS, LoraOptions
from small.prompt import PromptShape, prompt_text


@pytest.mark.parametrize("precision, rank", [("fp32", None), ("bf16", None), ("bf16", 4)])
def test_two_ranks_hold_the_gradients_that_are_counted(tmp_path, precision, rank):
    """Over gloo; gradients are measured after the rows were added up and before they are reduced."""
    checkpoint = tmp_path / "tiny"
    make_checkpoint.make(checkpoint, "tiny", TOKENIZER, dtype=torch.float32, seed=0)
    config = read_config(checkpoint)
    profile = config.profile
    shape = PromptShape(
        frames=profile.frames, tokens_per_frame=profile.tokens_per_frame, prompt=profile.prompt
    )
    videos = [video_of(write_clip(tmp_path / f"{n}.mp4", seed=n), profile) for n in range(2)]
    prompt = prompt_text(shape)
    lora = None if rank is None else LoraOptions(rank=rank, alpha=8.0, targets=TARGETS)
    changes: dict[str, Any] = {"precision": precision}
    if lora is not None:
        parts = ("visionProjector", "languageModel", "motionProjector")
        changes |= {"lora": asdict(lora), "parts": parts}
    requests = [
        ["load", load_params(checkpoint, profile, tmp_path / "cache", **changes)],
        ["rollout", rollout_params(prompt, videos)],
        ["update", update_params(prompt, videos, [[], []])],
        ["export", {"folder": str(tmp_path / "model")}],
    ]
    file = tmp_path / "requests.json"
    file.write_text(json.dumps(requests))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*command, "--module", "bench.gradient_memory", str(file)],
        cwd=Path(__file__).parents[1],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    measured = json.loads(done.stdout.strip().splitlines()[-1])
    counted = gradient_bytes(Counts.of(config, lora), Plan(gpus=2, item=measured["item"]))
    assert measured["gradients"] == pytest.approx(counted, rel=0.05)
    # What the ranks export together is a model of the same tensors, an adaptation merged into it.
    assert load_model(tmp_path / "model").state_dict().keys() == load_model(checkpoint).state_dict().keys()
