"""The perceiving half of the small model: SlowFast and statistics → the projector's hidden layer → labels.

For the language half, after the stage `projector`: `motion_inputs(clips)` are the inputs of `motion_mlp`
[n, 640], the pooled SlowFast vector (512) and the standardised statistics in the order of
`MotionConfig.statistics`; `load_projector()` is `motion_mlp.{0,1}` with a last Linear [40, 192] that predicts
`codes.label_code` of a clip, and its `hidden(inputs)` [n, 192] is what `join.join` regresses the codes on.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from modules.config import MotionConfig, VisionConfig
from modules.profiles import BranchPixels, profile_of
from modules.statistics import NAMES, standardised, statistics
from small.codes import FIRST, LABEL_PART, SCORE, SECOND, SEVERITY, label_code
from small.data import CACHE, CELL, GRID, TABLE_HASH, Clips, load_clips
from small.figures import held_out_figures, ladder_figures
from small.ladder import ladder_clips, rows

MOTION = MotionConfig(
    stem_slow=24,
    stem_fast=8,
    fast_stem_time=3,
    inner_slow=24,
    inner_fast=8,
    expansion=2,
    depths=(1, 1, 1, 1),
    statistics=NAMES,
)

VISION = VisionConfig(
    hidden_size=192,
    num_hidden_layers=3,
    num_attention_heads=6,
    intermediate_size=768,
    patch_size=16,
    image_size=GRID * CELL,
    drop_path_rate=0.0,
)

PROFILE = profile_of(
    "small8",
    frames=8,
    size=GRID * CELL,
    patch=VISION.patch_size,
    places="golden",
    vision=BranchPixels(pixels="fragments", cell=CELL),
    motion=BranchPixels(pixels="fragments", cell=CELL, take="pairs"),
)
"""Without prompt and token ids, which the language half fills in."""

POOLED = MOTION.slow_features + MOTION.fast_features
HIDDEN = 192
"""As the checkpoint has it: the official projector is as wide as the language model throughout."""
LABELS = LABEL_PART.stop


class Projector(nn.Module):
    """`motion_mlp.{0,1}` and a linear reading of its hidden layer as label codes [n, 40]."""

    def __init__(self, inputs: int = MOTION.features, hidden: int = HIDDEN):
        super().__init__()
        self.norm = nn.LayerNorm(inputs)
        self.inner = nn.Linear(inputs, hidden)
        self.labels = nn.Linear(hidden, LABELS)

    @torch.no_grad()
    def ignore_pooled(self) -> Projector:
        """Starts blind to the pooled vector, and stays so: neither factor of its columns has a gradient.

        The norm's variance is then that of the statistics spread over all inputs, which its scale makes good.
        """
        self.norm.weight[:POOLED] = 0
        self.norm.weight[POOLED:] = (1 - POOLED / len(self.norm.weight)) ** 0.5
        nn.init.zeros_(self.inner.weight[:, :POOLED])
        nn.init.kaiming_uniform_(self.inner.weight[:, POOLED:], a=5**0.5)
        return self

    def hidden(self, inputs: Tensor) -> Tensor:
        return F.gelu(self.inner(self.norm(inputs)))

    def forward(self, inputs: Tensor) -> Tensor:
        return self.labels(self.hidden(inputs))


def codes_of(clips: Clips) -> Tensor:
    """Label codes [n, 40]."""
    return torch.from_numpy(label_code(clips.score, clips.severity, clips.when))


def compute_statistics(split: str) -> None:
    """Raw statistics of every finished shard that has none; a file a shard."""
    for shard in load_clips(split).shards:
        if shard.statistics_path.exists():
            continue
        cpu = time.process_time()
        with torch.no_grad():
            values = torch.stack([statistics(shard.pixels(k), NAMES, CELL) for k in range(len(shard.y))])
        np.save(shard.statistics_path, values.numpy())
        print(f"{split}/{shard.folder.name} {time.process_time() - cpu:.1f} cpu-s", flush=True)


def ladder_statistics() -> tuple[list[tuple[str, str, int]], Tensor]:
    """(clip, grid, step) and raw statistics [492, k] of the ladder, cached."""
    path = CACHE / f"ladder_statistics_{TABLE_HASH}.npz"
    if not path.exists():
        keys, values = [], []
        for clip, grid, step, pixels in ladder_clips():
            keys.append((clip, grid, step))
            values.append(statistics(pixels, NAMES, CELL).numpy())
        np.savez(path, keys=np.array(json.dumps(keys)), values=np.stack(values))
    with np.load(path) as file:
        return [tuple(key) for key in json.loads(str(file["keys"]))], torch.from_numpy(file["values"])


@dataclass
class Standard:
    """`motion_statistics.{mean, std}`."""

    mean: Tensor
    std: Tensor

    @classmethod
    def of(cls, raw: Tensor) -> Standard:
        # A floor keeps a statistic that hardly varies in these clips from exploding on real ones.
        return cls(raw.mean(0), raw.std(0).clamp(min=1e-3))

    def __call__(self, raw: Tensor) -> Tensor:
        return standardised(raw, self.mean, self.std)


@dataclass(frozen=True, kw_only=True)
class HeadOptions:
    """How a projector is fitted on cached inputs.

    A slower, shorter fit than held-out clips ask for: their figures hardly change, but a head that follows
    the procedural clips more closely ranks real ones worse (lr 1e-3: 3,000 steps lose .08 of the ladder).
    """

    steps: int = 1200
    groups: int = 48
    """Groups of four versions a step."""

    lr: float = 5e-4
    weight_decay: float = 0.3
    noise: float = 0.15
    """Standard deviation of the noise on inputs: real clips lie beside the training ones."""

    dropout: float = 0.1
    """Share of inputs set to zero."""

    centred: float = 1.0
    """Weight of the score's loss with the group's mean removed."""


DISTIL = HeadOptions(steps=2000, lr=1e-3, noise=0.05, dropout=0.0)
"""For learning what other heads say of the clean inputs: noise would make the lesson inconsistent."""

LOSS_WEIGHTS = torch.ones(LABELS)
LOSS_WEIGHTS[SCORE] = 2.0
LOSS_WEIGHTS[SEVERITY] = 1.0
LOSS_WEIGHTS[FIRST] = LOSS_WEIGHTS[SECOND] = 0.5


def label_loss(predicted: Tensor, codes: Tensor, centred: float) -> Tensor:
    """Weighted squared error of label codes [4 g, 40], rows by group, and of the score inside the groups."""
    loss = ((predicted - codes).square().mean(0) * LOSS_WEIGHTS).sum()
    error = (predicted - codes)[:, 0].view(-1, 4)
    return loss + centred * (error - error.mean(1, keepdim=True)).square().mean() * 2


def fit_head(inputs: Tensor, codes: Tensor, seed: int, options: HeadOptions = HeadOptions()) -> Projector:
    """A projector fitted on cached inputs [n, k] and label codes [n, 40], rows in groups of four."""
    torch.manual_seed(seed)
    model, average = Projector(inputs.shape[1]), Projector(inputs.shape[1])
    if inputs.shape[1] > POOLED and not inputs[:, :POOLED].any():
        model.ignore_pooled()
    average.load_state_dict(model.state_dict())
    optimiser = torch.optim.AdamW(model.parameters(), lr=options.lr, weight_decay=options.weight_decay)
    groups = torch.arange(len(inputs)).view(-1, 4)
    for step in range(options.steps):
        at = step / options.steps
        for group in optimiser.param_groups:
            group["lr"] = options.lr * min(1, step / 50) * 0.5 * (1 + np.cos(np.pi * at))
        chosen = groups[torch.randint(len(groups), (options.groups,))].flatten()
        x = inputs[chosen]
        x = F.dropout(x + options.noise * torch.randn_like(x) * (x != 0), options.dropout)
        loss = label_loss(model(x), codes[chosen], options.centred)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            for a, b in zip(average.parameters(), model.parameters(), strict=True):
                a.lerp_(b, 0.005 if step > 200 else 0.1)
    return average.eval()


@torch.no_grad()
def figures(
    heads: list[Projector],
    inputs: Tensor,
    clips: Clips,
    ladder: tuple[list[tuple[str, str, int]], Tensor] | None,
) -> dict[str, float]:
    """Figures of the mean prediction of some heads on a split, and on the ladder."""
    predicted = torch.stack([head(inputs) for head in heads]).mean(0).numpy()
    found = held_out_figures(
        clips.score, clips.severity, clips.group, predicted[:, 0] + 3, predicted[:, SEVERITY]
    )
    if ladder is not None:
        keys, values = ladder
        scores = torch.stack([head(values) for head in heads]).mean(0)[:, 0].numpy()
        found |= ladder_figures(rows(keys, scores))
    return found


def line(found: dict[str, float]) -> str:
    parts = (
        f"{key} {value:.3f}" if isinstance(value, float) else f"{key} {value}" for key, value in found.items()
    )
    return " ".join(parts)


def save_part(module: nn.Module, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file({name: value.contiguous() for name, value in module.state_dict().items()}, partial)
    partial.rename(path)


OUT = CACHE / "perception"


def load_projector() -> Projector:
    """The shipped projector (stage `projector`); raises FileNotFoundError before."""
    model = Projector()
    model.load_state_dict(load_file(OUT / "projector.safetensors"))
    return model.eval()


def load_standard() -> Standard:
    """The shipped `motion_statistics`."""
    file = load_file(OUT / "motion_statistics.safetensors")
    return Standard(file["mean"], file["std"])


def stage_statistics() -> None:
    """Raw statistics of all clips there are."""
    for split in ("test", "train", "family"):
        if (CACHE / split).exists():
            compute_statistics(split)


def stage_yardstick(seeds: int = 3, with_ladder: bool = True) -> None:
    """Heads on statistics alone: what any trained perceiver is measured against."""
    torch.set_num_threads(1)
    train, test = (load_clips(split, with_statistics=True) for split in ("train", "test"))
    standard = Standard.of(train.statistics())
    inputs, codes = standard(train.statistics()), codes_of(train)
    keys, raw = ladder_statistics() if with_ladder else ([], None)
    ladder = (keys, standard(raw)) if with_ladder else None
    cpu = time.process_time()
    heads = [fit_head(inputs, codes, seed) for seed in range(seeds)]
    print(f"{len(train)} clips, {asdict(HeadOptions())}, {time.process_time() - cpu:.0f} cpu-s")
    held_out = standard(test.statistics())
    for seed, head in enumerate(heads):
        print(f"seed {seed}: {line(figures([head], held_out, test, ladder))}")
    print(f"mean of {seeds}: {line(figures(heads, held_out, test, ladder))}")
    try:
        family = load_clips("family", with_statistics=True)
    except FileNotFoundError:
        return
    print(f"held-out family: {line(figures(heads, standard(family.statistics()), family, None))}")


def stage_projector(seeds: int = 6) -> None:
    """The shipped projector: it learns what several heads say together.

    Seeds of a head differ by several hundredths on real clips at equal figures on procedural ones; their mean
    does not, and one head can learn the mean.
    """
    torch.set_num_threads(1)
    train, test = (load_clips(split, with_statistics=True) for split in ("train", "test"))
    standard = Standard.of(train.statistics())
    inputs, codes = motion_inputs(train, standard), codes_of(train)
    heads = [fit_head(inputs, codes, seed) for seed in range(seeds)]
    with torch.no_grad():
        together = torch.stack([head(inputs) for head in heads]).mean(0)
    projector = fit_head(inputs, together, seeds, DISTIL)
    keys, raw = ladder_statistics()
    ladder = (keys, pad_pooled(standard(raw)))
    held_out = motion_inputs(test, standard)
    print(f"mean of {seeds} heads: {line(figures(heads, held_out, test, ladder))}")
    found = figures([projector], held_out, test, ladder)
    print(f"projector: {line(found)}")
    save_part(projector, OUT / "projector.safetensors")
    save_file({"mean": standard.mean, "std": standard.std}, OUT / "motion_statistics.safetensors")
    (OUT / "projector.json").write_text(
        json.dumps(found | {"clips": len(train), "seeds": seeds}, indent=2) + "\n"
    )


def pad_pooled(statistics_part: Tensor) -> Tensor:
    """Inputs of `motion_mlp` for a muted trunk (`trunk.muted`), whose pooled vector is nothing: [n, 640]."""
    return torch.cat([torch.zeros(len(statistics_part), POOLED), statistics_part], 1)


def motion_inputs(clips: Clips, standard: Standard | None = None) -> Tensor:
    """Inputs of `motion_mlp` [n, 640] for clips with statistics; the shipped standardisation unless given."""
    return pad_pooled((standard or load_standard())(clips.statistics()))
