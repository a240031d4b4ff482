"""The perception half of the small model: statistics, teacher heads, student projector.

`motion_inputs(clips)` are the inputs of `motion_mlp` [n, 512 + k]: the pooled SlowFast vector (512) and the
standardised statistics in the order of `MotionConfig.statistics`. `load_projector()`, after the stage
`projector`, is `motion_mlp.{0,1}` with a last Linear [1 + 3 d, 192] that predicts the label part of a clip's
concept vector from `hidden(inputs)` [n, 192].
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

from modules.atomic_write import atomic_write
from modules.statistics import NAMES, standardised, statistics
from small.concepts import FIRST, SCORE, SECOND, SEVERITY, label_concepts, verbalization_policy
from small.config import LABELS
from small.data import CACHE, CELL, TABLE_HASH, Clips, load_clips
from small.heads import TargetMapping, Targets, TeacherHead, TeacherRecipe, ensemble_output, fit_teacher
from small.ladder import ladder_clips, rows
from small.metrics import held_out_metrics, ladder_metrics
from small.projector import DistillationRecipe, Projector, distill, pad_pooled


def concepts_of(clips: Clips) -> Tensor:
    """Label concepts [n, 1 + 3 d] of the clips' labels."""
    return torch.from_numpy(label_concepts(clips.score, clips.severity, clips.when))


def compute_statistics(split: str) -> None:
    """Computes the raw statistics of every finished shard that has none; one file per shard."""
    for shard in load_clips(split).shards:
        if shard.statistics_path.exists():
            continue
        cpu = time.process_time()
        with torch.no_grad():
            values = torch.stack([statistics(shard.pixels(k), NAMES, CELL) for k in range(len(shard.y))])
        np.save(shard.statistics_path, values.numpy())
        print(f"{split}/{shard.folder.name} {time.process_time() - cpu:.1f} cpu-s", flush=True)


def ladder_statistics() -> tuple[list[tuple[str, str, int]], Tensor]:
    """(clip, grid, step) and raw statistics [492, k] of the severity ladder, cached on disk."""
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
class Normalizer:
    """Mean and standard deviation of the raw statistics: `motion_statistics.{mean, std}`."""

    mean: Tensor
    std: Tensor

    @classmethod
    def of(cls, raw: Tensor) -> Normalizer:
        # A floor keeps a statistic that hardly varies in these clips from exploding on real ones.
        return cls(raw.mean(0), raw.std(0).clamp(min=1e-3))

    def __call__(self, raw: Tensor) -> Tensor:
        return standardised(raw, self.mean, self.std)


LOSS_WEIGHTS = torch.ones(LABELS)
LOSS_WEIGHTS[SCORE] = 2.0
LOSS_WEIGHTS[SEVERITY] = 1.0
LOSS_WEIGHTS[FIRST] = LOSS_WEIGHTS[SECOND] = 0.5


def label_loss(predicted: Tensor, concepts: Tensor, within_group: float) -> Tensor:
    """Weighted squared error of label concepts [4 g, 1 + 3 d], rows by group, plus that of the score within
    groups, weighted by `within_group`."""
    loss = ((predicted - concepts).square().mean(0) * LOSS_WEIGHTS).sum()
    error = (predicted - concepts)[:, 0].view(-1, 4)
    return loss + within_group * (error - error.mean(1, keepdim=True)).square().mean() * 2


def targets_of(clips: Clips) -> Targets:
    return Targets(
        torch.from_numpy(clips.score).float(),
        torch.from_numpy(clips.severity).float(),
        torch.from_numpy(clips.when).long(),
    )


def concept_metrics(concepts: Tensor, clips: Clips) -> dict[str, float]:
    """Metrics of label concepts [n, 1 + 3 d] after `verbalization_policy`: those of a perfect decoder."""
    labels = [verbalization_policy(row) for row in concepts.numpy()]
    score = np.array([label.score for label in labels])
    severity = np.array([label.severity for label in labels])
    named = np.where(severity > 0, 1 + severity, 0)
    metrics = held_out_metrics(clips.score, clips.severity, clips.group, score, named)
    return metrics | {"named": float((severity > 0).sum(1).mean())}


def format_metrics(metrics: dict[str, float]) -> str:
    """One line of names and values."""
    parts = (
        f"{key} {value:.3f}" if isinstance(value, float) else f"{key} {value}"
        for key, value in metrics.items()
    )
    return " ".join(parts)


def save_part(module: nn.Module, path: Path) -> None:
    """Writes a module's state dict as safetensors."""
    with atomic_write(path) as partial:
        save_file({name: value.contiguous() for name, value in module.state_dict().items()}, partial)


OUT = CACHE / "perception"


OTHER_SEEDS = (101, 102)
"""Projectors of other teachers, for metrics as means of three seeds."""


def projector_path(seed: int | None) -> Path:
    return OUT / ("projector.safetensors" if seed is None else f"projector-seed{seed}.safetensors")


def load_projector(seed: int | None = None) -> Projector:
    """The shipped projector, or one of `OTHER_SEEDS`; FileNotFoundError before the stage `projector`."""
    model = Projector()
    model.load_state_dict(load_file(projector_path(seed)))
    return model.eval()


NORMALIZER = OUT / "motion_statistics.safetensors"


def load_normalizer() -> Normalizer:
    """The shipped `motion_statistics`."""
    file = load_file(NORMALIZER)
    return Normalizer(file["mean"], file["std"])


def persistent_normalizer(train: Clips) -> Normalizer:
    """The normaliser of the first round of clips, from disk; fitted on `train` where there is none.

    Keep it when clips are added: another one invalidates every cached encoder output and improves nothing.
    """
    if not NORMALIZER.exists():
        OUT.mkdir(parents=True, exist_ok=True)
        normalizer = Normalizer.of(train.statistics())
        save_file({"mean": normalizer.mean, "std": normalizer.std}, NORMALIZER)
    return load_normalizer()


def stage_statistics() -> None:
    """Computes the raw statistics of all existing clips, on one thread: two take longer on a busy machine."""
    torch.set_num_threads(1)
    for split in ("test", "train", "family"):
        if (CACHE / split).exists():
            compute_statistics(split)


def fit_teachers(clips: Clips, normalizer: Normalizer, first_seed: int, count: int) -> list[TeacherHead]:
    """Teacher heads fitted on clips with statistics; seeds from `first_seed` on."""
    inputs, truth = normalizer(clips.statistics()), targets_of(clips)
    return [fit_teacher(inputs, truth, first_seed + k) for k in range(count)]


def stage_validation_baseline(seeds: int = 3) -> None:
    """Validates teachers and their student on the last fifth of the training scenes, fitted on the others.

    Hyperparameters are chosen by these metrics; no held-out clip is read.
    """
    torch.set_num_threads(1)
    clips = load_clips("train", with_statistics=True)
    last = clips.group % 5 == 4
    fitted, validation = clips.rows(~last), clips.rows(last)
    normalizer = Normalizer.of(fitted.statistics())
    cpu = time.process_time()
    teachers = fit_teachers(fitted, normalizer, 0, seeds)
    print(f"{len(fitted)} clips, {asdict(TeacherRecipe())}, {time.process_time() - cpu:.0f} cpu-s")
    inputs, target_mapping = normalizer(validation.statistics()), TargetMapping()
    for name, some in [*((f"seed {k}", [teacher]) for k, teacher in enumerate(teachers)), ("mean", teachers)]:
        metrics = concept_metrics(target_mapping(ensemble_output(some, inputs)), validation)
        print(f"{name}: {format_metrics(metrics)}")
    projector = distill(teachers, target_mapping, normalizer(fitted.statistics()), targets_of(fitted), 0)
    with torch.no_grad():
        metrics = concept_metrics(projector(pad_pooled(inputs)), validation)
    print(f"projector: {format_metrics(metrics)}")


def stage_projector() -> None:
    """Fits and saves the shipped projector, and two more of other teachers."""
    torch.set_num_threads(1)
    train, test = (load_clips(split, with_statistics=True) for split in ("train", "test"))
    normalizer = persistent_normalizer(train)
    inputs, held_out = normalizer(train.statistics()), normalizer(test.statistics())
    recipe, target_mapping, by_seed = DistillationRecipe(), TargetMapping(), []
    for seed in (None, *OTHER_SEEDS):
        teachers = fit_teachers(train, normalizer, 1000 * (seed or 0), recipe.teachers)
        metrics = concept_metrics(target_mapping(ensemble_output(teachers, held_out)), test)
        print(f"teachers of {seed or 'the shipped'}: {format_metrics(metrics)}")
        projector = distill(teachers, target_mapping, inputs, targets_of(train), seed or 0, recipe)
        with torch.no_grad():
            by_seed.append(concept_metrics(projector(pad_pooled(held_out)), test))
        print(f"projector: {format_metrics(by_seed[-1])}", flush=True)
        save_part(projector, projector_path(seed))
    about = {
        "clips": len(train),
        "teachers": recipe.teachers,
        "targetMapping": asdict(target_mapping),
        "seeds": by_seed,
    }
    (OUT / "projector.json").write_text(json.dumps(about, indent=2) + "\n")


def stage_ladder_metrics() -> None:
    """Prints the severity ladder's metrics of the projectors' own scores, one line per seed."""
    torch.set_num_threads(1)
    keys, raw = ladder_statistics()
    values = pad_pooled(load_normalizer()(raw))
    for seed in (None, *OTHER_SEEDS):
        with torch.no_grad():
            scores = load_projector(seed)(values)[:, 0].numpy() + 3
        print(f"seed {seed}: {format_metrics(ladder_metrics(rows(keys, scores)))}")


def motion_inputs(clips: Clips, normalizer: Normalizer | None = None) -> Tensor:
    """Inputs of `motion_mlp` [n, 512 + k] of clips with statistics; the shipped normaliser unless given."""
    return pad_pooled((normalizer or load_normalizer())(clips.statistics()))
