"""SlowFast from scratch: filter banks in the stems, then end to end on random fragments of the clips.

Resumable: weights, optimiser and moving average are saved every `SAVE_EVERY` steps; the schedule is one of
cpu-seconds, so that a stop at any time leaves a usable backbone.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from modules.atomic_write import atomic_write
from modules.profiles import pool_space
from modules.schedule import warmup_cosine
from modules.slowfast import SlowFast
from small.concepts import SEVERITY
from small.config import LABELS, MOTION, POOLED, PROFILE
from small.data import GRID, Clips, load_clips
from small.metrics import held_out_metrics
from small.perception import (
    OUT,
    Normalizer,
    concepts_of,
    format_metrics,
    label_loss,
    save_part,
)

SAVE_EVERY = 100


@dataclass(frozen=True, kw_only=True)
class BackboneOptions:
    budget: float = 1500.0
    """cpu-seconds over all runs; the learning rate reaches 0 there."""

    lr: float = 1e-3
    weight_decay: float = 0.02
    groups: int = 4
    """Groups of four versions a step."""

    side: int = 2
    """Fragments per side in training; the inference grid is 7."""

    auxiliary: float = 0.3
    """Initial weight of the standardised statistics as regression targets; falls to a fifth."""

    ema: float = 0.995


def _wave(size: int, angle: float, frequency: float, phase: float, width: float) -> Tensor:
    at = torch.arange(size) - (size - 1) / 2
    y, x = at[:, None], at[None]
    along = x * np.cos(angle) + y * np.sin(angle)
    wave = torch.cos(2 * np.pi * frequency * along + phase) * torch.exp(-(x * x + y * y) / (2 * width**2))
    wave = wave - wave.mean()
    return wave / wave.norm()


@torch.no_grad()
def analytic_stems(model: SlowFast, seed: int = 0) -> None:
    """Initialises the stems as filter banks; random stems learn little in the first thousands of clips.

    Slow: oriented waves of three frequencies on luma, high-pass, and low-pass of the colours. Fast: the same
    kinds of filter on signed differences of neighbouring frames, and a still low-pass.
    """
    generator = torch.Generator().manual_seed(seed)
    luma = torch.tensor([0.299, 0.587, 0.114])
    colours = torch.stack([luma, torch.tensor([-0.17, -0.33, 0.5]), torch.tensor([0.5, -0.42, -0.08])])
    smooth = torch.ones(7, 7) / 7
    slow, fast = (model.feature_extraction[0].multipathway_blocks[k].conv.weight for k in (0, 1))
    bank = []
    for frequency in (0.42, 0.25, 0.125):
        for angle in (0, np.pi / 4, np.pi / 2, 3 * np.pi / 4):
            for phase in (0, np.pi):
                bank.append(
                    luma[:, None, None] * _wave(7, angle, frequency, phase, 2.0 if frequency < 0.2 else 1.3)
                )
    bank = bank[: len(slow) - 6]
    bank += [sign * colour[:, None, None] * smooth for colour in colours for sign in (1, -1)]
    slow.copy_(torch.stack(bank)[:, :, None] * 1.5)
    if fast.shape[2] == 3:
        differences = torch.tensor([[0.0, -1, 1], [0, 1, -1], [-1, 1, 0], [1, -1, 0]])
        point = torch.zeros(7, 7)
        point[3, 3] = 1
        filters = []
        for time_kernel in differences:
            for spatial in (smooth, point - smooth / 7):
                filters.append(
                    time_kernel[None, :, None, None] * luma[:, None, None, None] * spatial / spatial.norm()
                )
        fast.copy_(torch.stack(filters[: len(fast)]))
    for weight in (slow, fast):
        weight.add_(0.02 * weight.std() * torch.randn(weight.shape, generator=generator))


class BackboneModel(nn.Module):
    """SlowFast with a head of its own, which only training and measurement use."""

    def __init__(self):
        super().__init__()
        self.backbone = SlowFast(MOTION)
        analytic_stems(self.backbone)
        self.head = nn.Sequential(nn.LayerNorm(POOLED), nn.Linear(POOLED, 256), nn.GELU())
        self.labels = nn.Linear(256, LABELS)
        self.statistics = nn.Linear(256, len(MOTION.statistics))

    def pooled(self, pixels: Tensor) -> Tensor:
        """[B, 16, 3, S, S] of any number of fragments → [B, 512]."""
        space = pool_space(pixels.shape[-1])
        return self.backbone(pixels, PROFILE.slow_indices, PROFILE.pool_time, space)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.head(self.pooled(pixels))
        return self.labels(hidden), self.statistics(hidden)


def augmented(clips: Clips, clip: int, fragments: np.ndarray, flip: bool) -> Tensor:
    """Some fragments of a clip, mirrored or not; the same for the versions of a group."""
    pixels = clips.pixels(clip, fragments=fragments)
    return pixels.flip(-1) if flip else pixels


def random_fragments(rng: np.random.Generator, side: int) -> np.ndarray:
    """[side, side] indices of different fragments in random order."""
    return rng.permutation(GRID * GRID)[: side * side].reshape(side, side)


@torch.no_grad()
def backbone_metrics(model: BackboneModel, clips: Clips, count: int, side: int) -> dict[str, float]:
    """Metrics of the backbone's own head on the first `count` clips of a split."""
    model.eval()
    spread = np.linspace(0, GRID - 1, side).round().astype(int)
    fragments = spread[:, None] * GRID + spread[None]
    predicted = torch.cat(
        [model(clips.pixels(k, fragments=fragments)[None])[0] for k in range(count)]
    ).numpy()
    part = [v[:count] for v in (clips.score, clips.severity, clips.group)]
    return held_out_metrics(*part, predicted[:, 0] + 3, predicted[:, SEVERITY])


def stage_backbone(options: BackboneOptions = BackboneOptions(), run_for: float = 1e9) -> None:
    """Trains until the budget, or `run_for` cpu-seconds of this run, is spent."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model, ema = BackboneModel(), BackboneModel()
    ema.load_state_dict(model.state_dict())
    optimiser = torch.optim.AdamW(model.parameters(), lr=options.lr, weight_decay=options.weight_decay)
    path, spent, step = OUT / "backbone_run.pt", 0.0, 0
    if path.exists():
        saved = torch.load(path)
        model.load_state_dict(saved["model"])
        ema.load_state_dict(saved["ema"])
        optimiser.load_state_dict(saved["optimiser"])
        spent, step = saved["spent"], saved["step"]
    rng = np.random.default_rng(step)
    begun = time.process_time()
    while (used := time.process_time() - begun) < run_for and spent + used < options.budget:
        if step % SAVE_EVERY == 0:
            train = load_clips("train", with_statistics=True)  # clips may still be arriving
            raw = train.statistics()
            targets, concepts = Normalizer.of(raw)(raw), concepts_of(train)
            errors: list[float] = []
        at = (spent + used) / options.budget
        for group in optimiser.param_groups:
            group["lr"] = warmup_cosine(step + 1, peak=options.lr, warmup=50, progress=at)
        chosen, pixels = [], []
        for g in rng.choice(len(train) // 4, options.groups, replace=False):
            fragments, flip = random_fragments(rng, options.side), rng.random() < 0.5
            for clip in range(4 * g, 4 * g + 4):
                chosen.append(clip)
                pixels.append(augmented(train, clip, fragments, flip))
        model.train()
        labels, statistics = model(torch.stack(pixels))
        weight = options.auxiliary * max(1 - at, 0.2)
        loss = (
            label_loss(labels, concepts[chosen], 1.0)
            + weight * (statistics - targets[chosen]).square().mean() * 5
        )
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        errors.append(float(loss.detach()))
        with torch.no_grad():
            keep = min(options.ema, (step + 1) / (step + 10))
            for a, b in zip(ema.state_dict().values(), model.state_dict().values(), strict=True):
                a.lerp_(b, 1 - keep) if a.is_floating_point() else a.copy_(b)
        step += 1
        if step % SAVE_EVERY == 0:
            now = spent + time.process_time() - begun
            state = {"model": model.state_dict(), "ema": ema.state_dict(), "spent": now, "step": step}
            with atomic_write(path) as partial:
                torch.save(state | {"optimiser": optimiser.state_dict()}, partial)
            views = step * 4 * options.groups
            print(f"{now:.0f} cpu-s, {step} steps, {views} views, loss {np.mean(errors):.3f}", flush=True)
    save_part(ema.backbone, OUT / "slowfast.safetensors")
    print(format_metrics(backbone_metrics(ema, load_clips("test"), 400, 4)))


def load_backbone() -> SlowFast:
    """The shipped SlowFast: trained, or with analytic stems where the stage `backbone` has not run."""
    torch.manual_seed(0)
    model = SlowFast(MOTION)
    path = OUT / "slowfast.safetensors"
    if path.exists():
        model.load_state_dict(load_file(path))
    else:
        analytic_stems(model)
    return model.eval()


ZERO_SCALE = 1e-4
"""Factor on the pooled vector of a backbone that the projector ignores."""


@torch.no_grad()
def zero_scaled(model: SlowFast, factor: float = ZERO_SCALE) -> SlowFast:
    """The same backbone with its pooled vector times `factor`, in place.

    The last stages end in ReLU(norm + norm), which is homogeneous, so the factor goes into their scales and
    shifts. The projector's LayerNorm runs over backbone and statistics together: features that measured no
    better than none must not contribute to its mean and variance.
    """
    for stage in model.feature_extraction[-1].multipathway_blocks:
        (block,) = stage.res_blocks
        for norm in (block.branch1_norm, block.branch2.norm_c):
            norm.weight.mul_(factor)
            norm.bias.mul_(factor)
    return model
