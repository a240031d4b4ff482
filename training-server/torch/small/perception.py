"""The perceiving half of the small model: SlowFast and statistics → the projector's hidden layer → labels.

For the language half, after the stage `projector`: `motion_inputs(clips)` are the inputs of `motion_mlp`
[n, 512 + k], the pooled SlowFast vector (512) and the standardised statistics in the order of
`MotionConfig.statistics`; `load_projector()` is `motion_mlp.{0,1}` with a last Linear [1 + 3 d, 192] that
says the label part of a clip's code, and `hidden(inputs)` [n, 192] is what it reads.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from modules.statistics import NAMES, standardised, statistics
from small.codes import FIRST, SCORE, SECOND, SEVERITY, decide, label_code
from small.config import LABELS
from small.data import CACHE, CELL, TABLE_HASH, Clips, load_clips
from small.figures import held_out_figures, ladder_figures
from small.heads import Head, HeadRecipe, Lesson, Targets, fit_judge, opinion_of
from small.ladder import ladder_clips, rows
from small.projector import Projector, TeachingRecipe, pad_pooled, teach


def codes_of(clips: Clips) -> Tensor:
    """Label codes [n, 1 + 3 d]."""
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


LOSS_WEIGHTS = torch.ones(LABELS)
LOSS_WEIGHTS[SCORE] = 2.0
LOSS_WEIGHTS[SEVERITY] = 1.0
LOSS_WEIGHTS[FIRST] = LOSS_WEIGHTS[SECOND] = 0.5


def label_loss(predicted: Tensor, codes: Tensor, centred: float) -> Tensor:
    """Weighted squared error of label codes [4 g, 1 + 3 d], rows by group, and of the score inside groups."""
    loss = ((predicted - codes).square().mean(0) * LOSS_WEIGHTS).sum()
    error = (predicted - codes)[:, 0].view(-1, 4)
    return loss + centred * (error - error.mean(1, keepdim=True)).square().mean() * 2


def targets_of(clips: Clips) -> Targets:
    return Targets(
        torch.from_numpy(clips.score).float(),
        torch.from_numpy(clips.severity).float(),
        torch.from_numpy(clips.when).long(),
    )


def figures(codes: Tensor, clips: Clips) -> dict[str, float]:
    """Figures of codes [n, 1 + 3 d] as `decide` reads them: what a text of them would say."""
    labels = [decide(code) for code in codes.numpy()]
    score = np.array([label.score for label in labels])
    severity = np.array([label.severity for label in labels])
    named = np.where(severity > 0, 1 + severity, 0)
    found = held_out_figures(clips.score, clips.severity, clips.group, score, named)
    return found | {"named": float((severity > 0).sum(1).mean())}


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


OTHER_SEEDS = (101, 102)
"""Projectors with other judges, for figures as means of three seeds."""


def _projector_path(seed: int | None) -> Path:
    return OUT / ("projector.safetensors" if seed is None else f"projector-seed{seed}.safetensors")


def load_projector(seed: int | None = None) -> Projector:
    """The shipped projector (stage `projector`), or one of `OTHER_SEEDS`; raises FileNotFoundError before."""
    model = Projector()
    model.load_state_dict(load_file(_projector_path(seed)))
    return model.eval()


STANDARD = OUT / "motion_statistics.safetensors"


def load_standard() -> Standard:
    """The shipped `motion_statistics`."""
    file = load_file(STANDARD)
    return Standard(file["mean"], file["std"])


def kept_standard(train: Clips) -> Standard:
    """That of the first round of clips: another unit would not make anything better, and all that the
    encoders were ever asked would have to be asked again."""
    if not STANDARD.exists():
        OUT.mkdir(parents=True, exist_ok=True)
        standard = Standard.of(train.statistics())
        save_file({"mean": standard.mean, "std": standard.std}, STANDARD)
    return load_standard()


def stage_statistics() -> None:
    """Raw statistics of all clips there are."""
    for split in ("test", "train", "family"):
        if (CACHE / split).exists():
            compute_statistics(split)


def judges_of(clips: Clips, standard: Standard, first_seed: int, count: int) -> list[Head]:
    """Judges fitted on clips with statistics; seeds from `first_seed` on."""
    inputs, truth = standard(clips.statistics()), targets_of(clips)
    return [fit_judge(inputs, truth, first_seed + k) for k in range(count)]


def stage_yardstick(seeds: int = 3) -> None:
    """Judges on statistics alone, fitted on four fifths of the training scenes and shown the last fifth: what
    choices are made by. Nothing held out is touched."""
    torch.set_num_threads(1)
    clips = load_clips("train", with_statistics=True)
    last = clips.group % 5 == 4
    fitted, shown = clips.rows(~last), clips.rows(last)
    standard = Standard.of(fitted.statistics())
    cpu = time.process_time()
    judges = judges_of(fitted, standard, 0, seeds)
    print(f"{len(fitted)} clips, {asdict(HeadRecipe())}, {time.process_time() - cpu:.0f} cpu-s")
    inputs, lesson = standard(shown.statistics()), Lesson()
    for name, some in [*((f"seed {k}", [judge]) for k, judge in enumerate(judges)), ("mean", judges)]:
        print(f"{name}: {line(figures(lesson(opinion_of(some, inputs)), shown))}")
    projector = teach(judges, lesson, standard(fitted.statistics()), targets_of(fitted), 0)
    with torch.no_grad():
        print(f"projector: {line(figures(projector(pad_pooled(inputs)), shown))}")


def stage_projector() -> None:
    """The shipped projector, and two more with other judges."""
    torch.set_num_threads(1)
    train, test = (load_clips(split, with_statistics=True) for split in ("train", "test"))
    standard = kept_standard(train)
    inputs, held_out = standard(train.statistics()), standard(test.statistics())
    recipe, lesson, found = TeachingRecipe(), Lesson(), []
    for seed in (None, *OTHER_SEEDS):
        judges = judges_of(train, standard, 1000 * (seed or 0), recipe.judges)
        print(
            f"judges of {seed or 'the shipped'}: {line(figures(lesson(opinion_of(judges, held_out)), test))}"
        )
        projector = teach(judges, lesson, inputs, targets_of(train), seed or 0, recipe)
        with torch.no_grad():
            found.append(figures(projector(pad_pooled(held_out)), test))
        print(f"projector: {line(found[-1])}", flush=True)
        save_part(projector, _projector_path(seed))
    about = {"clips": len(train), "judges": recipe.judges, "lesson": asdict(lesson), "seeds": found}
    (OUT / "projector.json").write_text(json.dumps(about, indent=2) + "\n")


def stage_ladder_figures() -> None:
    """The ladder by the projectors' own scores, a line a seed."""
    torch.set_num_threads(1)
    keys, raw = ladder_statistics()
    values = pad_pooled(load_standard()(raw))
    for seed in (None, *OTHER_SEEDS):
        with torch.no_grad():
            scores = load_projector(seed)(values)[:, 0].numpy() + 3
        print(f"seed {seed}: {line(ladder_figures(rows(keys, scores)))}")


def motion_inputs(clips: Clips, standard: Standard | None = None) -> Tensor:
    """Inputs of `motion_mlp` [n, 512 + k] for clips with statistics; standardised as shipped unless given."""
    return pad_pooled((standard or load_standard())(clips.statistics()))
