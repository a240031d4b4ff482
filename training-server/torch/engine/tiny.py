"""Writes the tiny checkpoint untrained: the least model that learns to rate clips on two cores in minutes.

    python -m engine.tiny OUT --clips FOLDER [--seed 0]

All parts of the family are in it: one layer of vision, a SlowFast of a few channels, the closed-form
statistics of the input, both projectors, two layers of language with the bundled tokenizer. The statistics
are standardised over the clips of FOLDER (`npm run make-clips -- --videos FOLDER`). Nothing else is learnt
here: `recipes/tiny-cpu-sft.json` teaches it the form of a completion, `recipes/tiny-cpu.json` the score.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import Generator, Tensor, nn

from engine.export import digest
from engine.shapes import TOKENIZER, config_of
from engine.video.decode_pool import DecodePool
from engine.video.videos import Video, Videos
from modules.config import ModelConfig
from modules.loader import TEXT_FILES, save_model
from modules.open_video import open_video
from modules.profiles import Profile, profile_of
from modules.statistics import NAMES, statistics
from modules.vqathinker import VQAThinkerModel
from procedural.clips import pair_times
from small.prompt import PromptShape, prompt_sha256

SIZE = 128
"""Pixels a side: 4 × 4 native blocks, on which the statistics were found to work."""

MAX_CLIPS = 64
"""Clips that the statistics are standardised over."""

STATISTICS = NAMES[:128]
"""Those of single frames and of their differences. All 283 let a model learn a thousand clips by heart."""

LANGUAGE: dict[str, Any] = {"hidden_size": 64, "intermediate_size": 192, "num_hidden_layers": 2}


def tiny_config(tokenizer: Path) -> ModelConfig:
    """The engine's `tiny` shape with the statistics and larger frames."""
    config = config_of("tiny", tokenizer)
    old = config.profiles[config.default_profile]
    shape = PromptShape(frames=old.frames, tokens_per_frame=(SIZE // 32) ** 2)
    profile = profile_of(
        "tiny8",
        frames=old.frames,
        size=SIZE,
        patch=16,
        token_ids=old.token_ids,
        sampling=old.sampling,
        vision=old.vision,
        motion=old.motion,
        prompt=shape.prompt,
        prompt_sha256=prompt_sha256(shape),
    )
    return replace(
        config,
        vision=replace(config.vision, image_size=SIZE),
        motion=replace(config.motion, statistics=STATISTICS),
        language=replace(config.language, **LANGUAGE),
        profiles={profile.name: profile},
        default_profile=profile.name,
    )


@torch.no_grad()
def initialise(model: VQAThinkerModel, generator: Generator) -> None:
    """Matrices by their fan-in, norms 1 and 0, residual scales 0.1."""
    for name, weight in model.named_parameters():
        if weight.dim() > 1:
            fan_in = weight[0].numel()
            weight.copy_(torch.randn(weight.shape, generator=generator) / fan_in**0.5)
        elif name.endswith(("ls1", "ls2")):
            weight.fill_(0.1)
        else:
            weight.fill_(1 if "norm" in name and name.endswith("weight") else 0)
    for projector in (model.mlp1, model.motion_mlp):
        norm = cast(nn.LayerNorm, projector[0])
        norm.weight.fill_(1)
        norm.bias.zero_()
    # Features of random SlowFast filters are noise beside the statistics: their weight starts small.
    pooled = model.config.motion.features - len(STATISTICS)
    cast(nn.LayerNorm, model.motion_mlp[0]).weight[:pooled] = 0.1
    # A large constant part: by it the attention finds one token among 254, and the norm before it lets the
    # size of the rest through.
    bias = cast(nn.Linear, model.motion_mlp[3]).bias
    bias.copy_(torch.randn(bias.shape, generator=generator))


def clip_statistics(folder: Path, profile: Profile) -> Tensor:
    """Raw statistics of the first clips of a folder [n, 128]."""
    videos = Videos(DecodePool(0, cache=None, cap=0), profile)
    rows = []
    for path in sorted(folder.glob("*.mp4"))[:MAX_CLIPS]:
        with open_video(path, edit_lists=True) as file:
            times = tuple(int(t) for t in pair_times(file.streams.video[0].frames))
        clip = videos.clip(Video(path=str(path), indices=times[::2], motion_indices=times))
        pixels = clip.motion_pixels(profile, torch.device("cpu"))
        rows.append(statistics(pixels[None], STATISTICS, profile.motion.cell or profile.size)[0])
    return torch.stack(rows)


def make(folder: Path, clips: Path, tokenizer: Path = TOKENIZER, seed: int = 0) -> str:
    """Writes the folder and returns the weights' SHA-256."""
    config = tiny_config(tokenizer)
    model = VQAThinkerModel(config).eval()
    initialise(model, Generator().manual_seed(seed))
    raw = clip_statistics(clips, config.profiles[config.default_profile])
    standardiser = model.motion_statistics
    cast(Tensor, standardiser.mean).copy_(raw.mean(0))
    cast(Tensor, standardiser.std).copy_(raw.std(0).clamp_min(1e-4))
    save_model(model, folder, dtype=torch.float32)
    for name in TEXT_FILES:
        if (tokenizer / name).exists():
            shutil.copyfile(tokenizer / name, folder / name)
    return digest(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    from_here = Path(os.environ.get("INIT_CWD", "."))
    out = from_here / options.out
    if out.exists() and any(out.iterdir()):
        parser.error(f"{out} is not empty")
    torch.set_num_threads(1)
    sha256 = make(out, from_here / options.clips, seed=options.seed)
    print(json.dumps({"folder": str(out), "sha256": sha256}))


if __name__ == "__main__":
    main()
