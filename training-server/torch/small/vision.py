"""The vision encoder's training: dense regression, one token per fragment.

With cells of 32 pixels and patches of 16, pixel shuffle makes one token of one fragment. Targets are the
fragment's own statistics, and the labels of the clip from the mean token. The patch embedding starts as a
whitened cosine basis; from a random one the transformer does not resolve fine structure within the budget.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from modules.atomic_write import atomic_write
from modules.internvit import InternViT
from modules.projector import pixel_shuffle, projector
from modules.schedule import warmup_cosine
from modules.statistics import Fragments
from small.backbone import random_fragments
from small.config import LABELS, VISION
from small.data import CELL, Clips, load_clips
from small.perception import OUT, concepts_of, label_loss, save_part

WIDTH = 192
SAVE_EVERY = 100

DENSE = (
    ("dx", 1), ("dy", 1), ("dx", 2), ("dy", 2),
    ("laplacian", 1), ("laplacian", 2), ("laplacian", 4), ("checker", 1),
)  # fmt: skip
"""Maps whose mean logarithm in a fragment is a target; luma, colours and contrast are further targets."""


class Vision(nn.Module):
    """`vision_model` and `mlp1` under the checkpoint's names."""

    def __init__(self):
        super().__init__()
        self.vision_model = InternViT(VISION)
        self.mlp1 = projector(4 * VISION.hidden_size, WIDTH)

    def forward(self, frames: Tensor) -> Tensor:
        """Normalised frames [n, 3, S, S] → tokens [n, (S / 32)², 192]."""
        return self.mlp1(pixel_shuffle(self.vision_model(frames)))


@torch.no_grad()
def whitened_cosines(model: InternViT) -> None:
    """Patch embedding as a 16 × 16 cosine basis on luma and a coarse one on colour, rows of equal output
    variance on images of a 1/f spectrum."""
    weight = model.embeddings.patch_embedding.weight
    count, _, size, _ = weight.shape
    at = (torch.arange(size) + 0.5) * np.pi / size
    basis = torch.cos(torch.arange(size)[:, None] * at[None])
    order = sorted(((u, v) for u in range(size) for v in range(size)), key=lambda p: p[0] ** 2 + p[1] ** 2)
    luma = torch.tensor([0.299, 0.587, 0.114])
    colours = torch.tensor([[-0.17, -0.33, 0.5], [0.5, -0.42, -0.08]])
    rows = []
    for u, v in order[: count - 12]:
        wave = basis[u][:, None] * basis[v][None]
        rows.append(luma[:, None, None] * wave / wave.norm() * (1 + (u * u + v * v) ** 0.5) ** 0.9 / size)
    for colour in colours:
        for u, v in order[:6]:
            wave = basis[u][:, None] * basis[v][None]
            rows.append(colour[:, None, None] * wave / wave.norm() * 2 / size)
    weight.copy_(torch.stack(rows))
    model.embeddings.patch_embedding.bias.zero_()


def dense_targets(frames: Tensor) -> Tensor:
    """Normalised frames [n, 3, S, S] → targets [n, (S / 32)², 12] of each fragment, roughly unit variance."""
    maps = Fragments(
        frames.repeat_interleave(2, 0)[None], CELL
    )  # the maps take pairs; every second one is used

    def mean(name: str, scale: int = 1) -> Tensor:
        return maps.map(name, scale)[0, ::2].mean((-1, -2))

    luma = maps.map("luma", 1)[0, ::2]
    parts = [(mean(name, scale) + 3e-4).log() + 4 for name, scale in DENSE]
    parts += [4 * mean("luma") - 2, 10 * mean("cb"), 10 * mean("cr"), (luma.std((-1, -2)) + 1e-3).log() + 3]
    return torch.stack(parts, -1)


@dataclass(frozen=True, kw_only=True)
class VisionOptions:
    budget: float = 120.0
    """cpu-seconds over all runs."""

    lr: float = 6e-4
    groups: int = 4
    frames: int = 2
    side: int = 3


class VisionModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.vision = Vision()
        whitened_cosines(self.vision.vision_model)
        self.dense = nn.Linear(WIDTH, len(DENSE) + 4)
        self.labels = nn.Sequential(
            nn.LayerNorm(2 * WIDTH), nn.Linear(2 * WIDTH, 192), nn.GELU(), nn.Linear(192, LABELS)
        )

    def forward(self, frames: Tensor, per_clip: int) -> tuple[Tensor, Tensor]:
        tokens = self.vision(frames)
        clip = tokens.unflatten(0, (-1, per_clip)).flatten(1, 2)
        return self.dense(tokens), self.labels(torch.cat([clip.mean(1), clip.std(1)], 1))


def stage_vision(options: VisionOptions = VisionOptions(), run_for: float = 1e9) -> None:
    """Trains until the budget, or `run_for` cpu-seconds of this run, is spent."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = VisionModel()
    optimiser = torch.optim.AdamW(model.parameters(), lr=options.lr, weight_decay=0.02)
    path, spent, step = OUT / "vision_run.pt", 0.0, 0
    if path.exists():
        saved = torch.load(path)
        model.load_state_dict(saved["model"])
        optimiser.load_state_dict(saved["optimiser"])
        spent, step = saved["spent"], saved["step"]
    train = load_clips("train")
    concepts = concepts_of(train)
    rng = np.random.default_rng(step)
    begun, errors = time.process_time(), []
    while (used := time.process_time() - begun) < run_for and spent + used < options.budget:
        at = (spent + used) / options.budget
        for group in optimiser.param_groups:
            group["lr"] = warmup_cosine(step + 1, peak=options.lr, warmup=50, progress=at)
        chosen, frames = draw(train, rng, options)
        dense, labels = model(frames, options.frames)
        fit = F.smooth_l1_loss(dense, dense_targets(frames))
        loss = fit + 0.1 * label_loss(labels, concepts[chosen], 1.0)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimiser.step()
        errors.append((float(fit.detach()), float(loss.detach())))
        step += 1
        if step % SAVE_EVERY == 0:
            now = spent + time.process_time() - begun
            state = {
                "model": model.state_dict(),
                "optimiser": optimiser.state_dict(),
                "spent": now,
                "step": step,
            }
            with atomic_write(path) as partial:
                torch.save(state, partial)
            save_part(model.vision, OUT / "vision.safetensors")
            fit, loss = np.mean(errors, 0)
            print(f"{now:.0f} cpu-s, {step} steps, dense {fit:.3f}, loss {loss:.3f}", flush=True)
            errors = []
    save_part(model.vision, OUT / "vision.safetensors")


def draw(clips: Clips, rng: np.random.Generator, options: VisionOptions) -> tuple[list[int], Tensor]:
    """Indices of the clips of some groups, and their frames [n · frames, 3, S, S]."""
    chosen, frames = [], []
    for g in rng.choice(len(clips) // 4, options.groups, replace=False):
        fragments, times = (
            random_fragments(rng, options.side),
            rng.choice(8, options.frames, replace=False) * 2,
        )
        for clip in range(4 * g, 4 * g + 4):
            chosen.append(clip)
            frames.append(clips.pixels(clip, times, fragments))
    return chosen, torch.cat(frames)


def load_vision() -> Vision:
    """The shipped vision branch: trained, or with the whitened cosines alone where the stage has not run."""
    torch.manual_seed(0)
    model = Vision()
    path = OUT / "vision.safetensors"
    if path.exists():
        model.load_state_dict(load_file(path))
    else:
        whitened_cosines(model.vision_model)
    return model.eval()


@torch.no_grad()
def frame_tokens(vision: Vision, clips: Clips, chosen: list[int]) -> Tensor:
    """Vision tokens [n, 8 · 49, 192] of some clips: the sampled frames, first of each pair."""
    return torch.stack([vision(clips.pixels(k, range(0, 16, 2))).flatten(0, 1) for k in chosen])
