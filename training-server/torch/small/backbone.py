"""SlowFast from scratch: filter banks in the stems, then end to end on random fragments of the clips.

Resumable: weights, optimiser and average are saved every `SAVE_EVERY` steps; the schedule is one of
cpu-seconds, so that a stop at any time leaves a usable trunk and more time makes a better one.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from modules.profiles import pool_space
from modules.slowfast import SlowFast
from small.codes import SEVERITY
from small.config import LABELS, MOTION, POOLED, PROFILE
from small.data import GRID, Clips, load_clips
from small.figures import held_out_figures
from small.perception import (
    OUT,
    Standard,
    codes_of,
    label_loss,
    line,
    save_part,
)

SAVE_EVERY = 100


@dataclass(frozen=True, kw_only=True)
class TrunkOptions:
    budget: float = 1500.0
    """cpu-seconds over all runs; the learning rate reaches 0 there."""

    lr: float = 1e-3
    weight_decay: float = 0.02
    groups: int = 4
    """Groups of four versions a step."""

    side: int = 2
    """Fragments a side in training; the inference grid is 7."""

    auxiliary: float = 0.3
    """Weight of the standardised statistics as regression targets at the start; falls to a fifth."""

    average: float = 0.995


def _wave(size: int, angle: float, frequency: float, phase: float, width: float) -> Tensor:
    at = torch.arange(size) - (size - 1) / 2
    y, x = at[:, None], at[None]
    along = x * np.cos(angle) + y * np.sin(angle)
    wave = torch.cos(2 * np.pi * frequency * along + phase) * torch.exp(-(x * x + y * y) / (2 * width**2))
    wave = wave - wave.mean()
    return wave / wave.norm()


@torch.no_grad()
def analytic_stems(model: SlowFast, seed: int = 0) -> None:
    """Stems as filter banks: without them hardly anything is learnt in the first thousands of clips.

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


class TrunkModel(nn.Module):
    """SlowFast with its own head, which only training and measurement use."""

    def __init__(self):
        super().__init__()
        self.trunk = SlowFast(MOTION)
        analytic_stems(self.trunk)
        self.head = nn.Sequential(nn.LayerNorm(POOLED), nn.Linear(POOLED, 256), nn.GELU())
        self.labels = nn.Linear(256, LABELS)
        self.statistics = nn.Linear(256, len(MOTION.statistics))

    def pooled(self, pixels: Tensor) -> Tensor:
        """[B, 16, 3, S, S] of any number of fragments → [B, 512]."""
        space = pool_space(pixels.shape[-1])
        return self.trunk(pixels, PROFILE.slow_indices, PROFILE.pool_time, space)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.head(self.pooled(pixels))
        return self.labels(hidden), self.statistics(hidden)


def augmented(clips: Clips, clip: int, places: np.ndarray, flip: bool) -> Tensor:
    """Some fragments of a clip in random order, mirrored or not; the same for the versions of a group."""
    pixels = clips.pixels(clip, places=places)
    return pixels.flip(-1) if flip else pixels


def some_places(rng: np.random.Generator, side: int) -> np.ndarray:
    return rng.permutation(GRID * GRID)[: side * side].reshape(side, side)


@torch.no_grad()
def own_figures(model: TrunkModel, clips: Clips, count: int, side: int) -> dict[str, float]:
    """Figures of the trunk's own head on the first `count` clips of a split."""
    model.eval()
    spread = np.linspace(0, GRID - 1, side).round().astype(int)
    places = spread[:, None] * GRID + spread[None]
    predicted = torch.cat([model(clips.pixels(k, places=places)[None])[0] for k in range(count)]).numpy()
    part = [v[:count] for v in (clips.score, clips.severity, clips.group)]
    return held_out_figures(*part, predicted[:, 0] + 3, predicted[:, SEVERITY])


def stage_trunk(options: TrunkOptions = TrunkOptions(), run_for: float = 1e9) -> None:
    """Trains until the budget (or `run_for` cpu-seconds of this run) is spent."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model, average = TrunkModel(), TrunkModel()
    average.load_state_dict(model.state_dict())
    optimiser = torch.optim.AdamW(model.parameters(), lr=options.lr, weight_decay=options.weight_decay)
    path, spent, step = OUT / "trunk_run.pt", 0.0, 0
    if path.exists():
        saved = torch.load(path)
        model.load_state_dict(saved["model"])
        average.load_state_dict(saved["average"])
        optimiser.load_state_dict(saved["optimiser"])
        spent, step = saved["spent"], saved["step"]
    rng = np.random.default_rng(step)
    begun = time.process_time()
    while (used := time.process_time() - begun) < run_for and spent + used < options.budget:
        if step % SAVE_EVERY == 0:
            train = load_clips("train", with_statistics=True)  # clips may still be arriving
            raw = train.statistics()
            targets, codes = Standard.of(raw)(raw), codes_of(train)
            errors: list[float] = []
        at = (spent + used) / options.budget
        for group in optimiser.param_groups:
            group["lr"] = options.lr * min(1, (step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * at))
        chosen, pixels = [], []
        for g in rng.choice(len(train) // 4, options.groups, replace=False):
            places, flip = some_places(rng, options.side), rng.random() < 0.5
            for clip in range(4 * g, 4 * g + 4):
                chosen.append(clip)
                pixels.append(augmented(train, clip, places, flip))
        model.train()
        labels, statistics = model(torch.stack(pixels))
        weight = options.auxiliary * max(1 - at, 0.2)
        loss = (
            label_loss(labels, codes[chosen], 1.0)
            + weight * (statistics - targets[chosen]).square().mean() * 5
        )
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        errors.append(float(loss.detach()))
        with torch.no_grad():
            keep = min(options.average, (step + 1) / (step + 10))
            for a, b in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
                a.lerp_(b, 1 - keep) if a.is_floating_point() else a.copy_(b)
        step += 1
        if step % SAVE_EVERY == 0:
            now = spent + time.process_time() - begun
            state = {"model": model.state_dict(), "average": average.state_dict(), "spent": now, "step": step}
            OUT.mkdir(parents=True, exist_ok=True)
            torch.save(state | {"optimiser": optimiser.state_dict()}, path.with_suffix(".partial"))
            path.with_suffix(".partial").rename(path)
            views = step * 4 * options.groups
            print(f"{now:.0f} cpu-s, {step} steps, {views} views, loss {np.mean(errors):.3f}", flush=True)
    save_part(average.trunk, OUT / "slowfast.safetensors")
    print(line(own_figures(average, load_clips("test"), 400, 4)))


def load_trunk() -> SlowFast:
    """The shipped SlowFast: trained, or with analytic stems where the stage `trunk` has not run."""
    torch.manual_seed(0)
    model = SlowFast(MOTION)
    path = OUT / "slowfast.safetensors"
    if path.exists():
        model.load_state_dict(load_file(path))
    else:
        analytic_stems(model)
    return model.eval()


MUTE = 1e-4
"""Factor on the pooled vector of a trunk that the projector does not read."""


@torch.no_grad()
def muted(model: SlowFast, factor: float = MUTE) -> SlowFast:
    """The same trunk with its pooled vector times `factor`, in place.

    The last stages end in ReLU(norm + norm), which is homogeneous: their scales and shifts carry the factor.
    The projector's LayerNorm runs over trunk and statistics together, so that a trunk whose features measure
    no better than none must not be heard there either.
    """
    for stage in model.feature_extraction[-1].multipathway_blocks:
        (block,) = stage.res_blocks
        for norm in (block.branch1_norm, block.branch2.norm_c):
            norm.weight.mul_(factor)
            norm.bias.mul_(factor)
    return model
