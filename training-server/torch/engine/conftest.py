"""Clips made here, a tiny checkpoint, and an engine's commands in this process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
import torch
import torch.distributed as dist

from engine import make_checkpoint
from engine.commands import COMMANDS, begin_save, probe
from engine.ranks import Ranks
from engine.requests import parse_request
from engine.session import Session
from engine.shapes import TOKENIZER
from modules.config import ModelConfig, read_config
from modules.profiles import Profile, profile_to_json
from small.prompt import PromptShape, prompt_text

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def shared() -> Path:
    folder = Path(os.environ.get("VQA_SHARED", Path(__file__).parents[4] / "shared"))
    if not folder.is_dir():
        pytest.skip(f"the reference data is not at {folder} (VQA_SHARED)")
    return folder


def write_clip(
    path: Path, frames: int = 24, size: tuple[int, int] = (96, 80), seed: int = 0, gop: int = 8
) -> Path:
    """A moving texture whose frame k has a level of its own, with B-frames."""
    rng = np.random.default_rng(seed)
    width, height = size
    texture = rng.integers(0, 160, (height, width + frames, 3), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"g": str(gop), "bf": "2", "crf": "12", "threads": "1"}
        for k in range(frames):
            image = np.ascontiguousarray(texture[:, k : k + width]) // 2 + np.uint8(4 * (k % 32))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="session")
def clips(tmp_path_factory) -> list[Path]:
    """Five small clips, the last of which cannot be read."""
    folder = tmp_path_factory.mktemp("clips")
    readable = [write_clip(folder / f"clip{n}.mp4", frames=20 + n, seed=n) for n in range(4)]
    broken = folder / "broken.mp4"
    broken.write_bytes(b"no video" * 100)
    return [*readable, broken]


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint") / "tiny"
    make_checkpoint.make(folder, "tiny", TOKENIZER, dtype=torch.float32, seed=0)
    return folder


@pytest.fixture(scope="session")
def config(checkpoint) -> ModelConfig:
    return read_config(checkpoint)


@pytest.fixture(scope="session")
def profile(config) -> Profile:
    return config.profile


@pytest.fixture(scope="session")
def prompt(profile) -> str:
    return prompt_text(
        PromptShape(frames=profile.frames, tokens_per_frame=profile.tokens_per_frame, prompt=profile.prompt)
    )


def video_of(path: Path, profile: Profile, start: int = 0) -> dict:
    """Frames from `start` on, and each with its successor for the motion branch."""
    indices = list(range(start, start + profile.frames))
    return {"path": str(path), "indices": indices, "motionIndices": [j for i in indices for j in (i, i + 1)]}


ALL_PARTS = ("vision", "visionProjector", "languageModel", "motionExtractor", "motionProjector")
OFFICIAL_PARTS = tuple(part for part in ALL_PARTS if part != "motionExtractor")


def load_params(checkpoint: Path, profile: Profile, cache: Path, **changes) -> dict:
    parts = changes.pop("parts", OFFICIAL_PARTS)
    optimiser = {
        "kind": "adamw",
        "betas": [0.9, 0.999],
        "epsilon": 1e-8,
        "weightDecay": 0.0,
        "lrScale": {},
    } | changes.pop("optimiser", {})
    return {
        "checkpoint": str(checkpoint),
        "profile": profile_to_json(profile),
        "device": "cpu",
        "precision": "fp32",
        "parts": {part: part in parts for part in ALL_PARTS},
        "reference": True,
        "frozenBatchNorm": "eval",
        "optimiser": optimiser,
        "lora": None,
        "gradientCheckpointing": False,
        "seed": 3,
        "pixelCache": {"folder": str(cache), "bytes": 10_000_000},
        "decodeWorkers": 0,
    } | changes


class Commands(Session):
    """A session in this process that runs commands from their JSON parameters."""

    def run(self, method: str, params: dict) -> dict:
        return COMMANDS[method](self, parse_request(method, params))

    def begin_save(self, params: dict) -> Callable[[], dict]:
        return begin_save(self, parse_request("save", params))

    def probe(self, params: dict) -> list[dict]:
        return probe(self, parse_request("probe", params))


@pytest.fixture(scope="session")
def ranks(tmp_path_factory) -> Iterator[Ranks]:
    """A world of this process alone."""
    store = tmp_path_factory.mktemp("ranks") / "store"
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=0, world_size=1)
    yield Ranks(0, 1, 0)
    dist.destroy_process_group()


@pytest.fixture
def notices() -> list[tuple[str, dict]]:
    """Notifications of the engine: method and parameters."""
    return []


@pytest.fixture
def commands(ranks, notices) -> Iterator[Commands]:
    engine = Commands(ranks, lambda method, params: notices.append((method, dict(params))))
    yield engine
    engine.close()


@pytest.fixture
def loaded(commands, checkpoint, profile, tmp_path) -> Commands:
    commands.run("load", load_params(checkpoint, profile, tmp_path / "cache"))
    return commands


def rollout_params(prompt: str, videos: list[dict], **changes) -> dict:
    return {
        "videos": videos,
        "prompt": prompt,
        "numGenerations": 3,
        "seeds": [100 + i for i in range(len(videos))],
        "temperature": 1.0,
        "topK": 0,
        "topP": 1.0,
        "maxCompletionLength": 10,
        "slots": 4,
    } | changes


def update_params(prompt: str, videos: list[dict], completions: list[list[dict]], **changes) -> dict:
    """Advantages that differ and sum to nothing in particular."""
    groups = [
        {
            "video": video,
            "completions": [
                {"tokens": a["tokens"], "advantage": (j - 1) * 0.7 + 0.1 * i} for j, a in enumerate(group)
            ],
        }
        for i, (video, group) in enumerate(zip(videos, completions, strict=True))
    ]
    return {
        "prompt": prompt,
        "groups": groups,
        "beta": 0.04,
        "clip": {"low": 0.2, "high": 0.2, "delta": None},
        "lossType": "grpo",
        "sapoTemperature": {"positive": 1.0, "negative": 1.05},
        "maskedCompletions": 0,
        "maxCompletionLength": 10,
        "lr": 1e-3,
        "maxGradNorm": 1.0,
        "maxTokensPerRow": 256,
    } | changes
