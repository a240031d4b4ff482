"""The control: what pooled readings of fragments add to the statistics of a clip, and what the same pooling
adds without any training.

    npm run train-small -- readings-controls

Heads are those of `small.heads`, fitted on the same clips. Inputs: the 283 statistics; with the energies of
the untrained wave bank, pooled; with the closed-form values of fragments, pooled; with the presence logits
of the reader, pooled. The pooling is the same: quantiles over fragments, extremes over pairs
(`reader.clip_pooling`). Readings of training clips come from a reader of other scenes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from small.heads import VERSIONS, Targets, TeacherRecipe, ensemble_output, fit_teacher
from small.ladder import GRIDS, Key, rows
from small.metrics import row_spearman, srcc, top1
from small.readings.clips import FOLDER
from small.readings.evaluate import INPUTS, Dense, FrameReader, fit_frame_reader
from small.readings.features import Features, ladder_features
from small.readings.metrics import auc, format_interval, interval
from small.readings.reader import ReaderRecipe, Standardiser, clip_pooling
from small.text import DISTORTIONS

TEMPORAL = ("freeze", "drop", "shake", "disorder", "flicker", "interlacing")
CONTROLS = ("statistics", "waves", "values", "readings")


def pooled(values: np.ndarray) -> Tensor:
    return clip_pooling(torch.from_numpy(values))


@dataclass(frozen=True)
class Inputs:
    """Inputs of the heads by control, before standardisation."""

    statistics: Tensor
    waves: Tensor
    values: Tensor
    readings: Tensor

    def of(self, control: str) -> Tensor:
        added = [] if control == "statistics" else [getattr(self, control)]
        return torch.cat([self.statistics, *added], 1)


def inputs_of(features: Features, readings: Tensor) -> Inputs:
    return Inputs(
        torch.from_numpy(features.statistics), pooled(features.wave), pooled(features.frame), readings
    )


def cross_readings(sets: list[Dense], recipe: ReaderRecipe) -> tuple[list[Tensor], list[FrameReader]]:
    """Pooled readings of the clips of each set by a reader of the other half of the sources; both readers."""
    halves = [dense.source % 2 == 1 for dense in sets]
    readers = [
        fit_frame_reader(
            [part(d, h == side) for d, h in zip(sets, halves, strict=True)], INPUTS["values"], recipe=recipe
        )
        for side in (False, True)
    ]
    out = []
    for dense, half in zip(sets, halves, strict=True):
        by_reader = [pooled(reader.logits(dense.features)) for reader in readers]
        out.append(torch.where(torch.from_numpy(half)[:, None], by_reader[0], by_reader[1]))
    return out, readers


def part(dense: Dense, keep: np.ndarray) -> Dense:
    return Dense(
        dense.features[keep],
        {k: v[keep] for k, v in dense.truth.items()},
        {k: v[keep] for k, v in dense.labels.items()},
    )


def both(readers: list[FrameReader], features: Features) -> Tensor:
    """Pooled readings of clips that no reader has seen: the mean of the readers' logits."""
    return pooled(np.mean([reader.logits(features) for reader in readers], 0))


def targets(dense: list[Dense]) -> Targets:
    joined = {k: np.concatenate([d.labels[k] for d in dense]) for k in ("score", "severity", "when")}
    return Targets(
        torch.from_numpy(joined["score"]).float(),
        torch.from_numpy(joined["severity"]).float(),
        torch.from_numpy(joined["when"]).long(),
    )


def ladder_by_clip(keys: list[Key], scores: np.ndarray) -> tuple[np.ndarray, dict[str, float]]:
    """Mean Spearman of each clip [12], and of each grid."""
    by_row = rows(keys, scores)
    clips = list(dict.fromkeys(key[0] for key in keys))
    spearman = {key: row_spearman(row) for key, row in by_row.items()}
    by_clip = np.array([np.mean([spearman[clip, grid] for grid in GRIDS]) for clip in clips])
    return by_clip, {grid: float(np.mean([spearman[clip, grid] for clip in clips])) for grid in GRIDS}


@dataclass(frozen=True)
class Evaluated:
    """Predictions of one control's heads."""

    score: np.ndarray
    """[n] of the test clips."""

    probability: np.ndarray
    """[n, 17]"""

    real_score: np.ndarray
    temporal: np.ndarray
    """[m, 6] probabilities of temporal distortions in the intact real clips."""

    ladder: np.ndarray
    """[12] mean Spearman of each clip."""

    grids: dict[str, float]


def mean_auc(probability: np.ndarray, severity: np.ndarray) -> float:
    values = [
        auc(probability[severity[:, d] > 0, d], probability[severity[:, d] == 0, d])
        for d in range(len(DISTORTIONS))
    ]
    return float(np.nanmean(values))


def print_control(now: Evaluated, before: Evaluated, test: Dense, real: Dense, intact: np.ndarray) -> None:
    """Metrics of one control, and against the statistics alone."""
    true, severity, source = test.labels["score"], test.labels["severity"], test.source
    clips = np.arange(len(now.ladder))

    def show(text: str, metric: Callable[[np.ndarray], float], sources: np.ndarray) -> None:
        print(f"  {text} " + format_interval(interval(metric, sources)), flush=True)

    show("SRCC", lambda i: srcc(true[i], now.score[i]), source)
    show("  against", lambda i: srcc(true[i], now.score[i]) - srcc(true[i], before.score[i]), source)
    show("top-1", lambda i: top1(severity[i], now.probability[i]), source)
    print(f"  mean AUC of a clip's distortions {mean_auc(now.probability, severity):.3f}")
    show(
        "SRCC, real validation clips", lambda i: srcc(real.labels["score"][i], now.real_score[i]), real.source
    )
    show("ladder", lambda i: float(now.ladder[i].mean()), clips)
    show("  against", lambda i: float((now.ladder - before.ladder)[i].mean()), clips)
    print("    " + ", ".join(f"{grid} {value:.2f}" for grid, value in now.grids.items()))
    for threshold in (0.06, 0.3, 0.5):
        named = (now.temporal > threshold).sum(1)
        text = f"temporal distortions named in an intact real clip, from {threshold}:"
        show(text, lambda i, named=named: float(named[i].mean()), real.source[intact])


HEADS = TeacherRecipe(steps=800, hidden=384)
SEEDS = 2
CROSS = ReaderRecipe(steps=1500)
"""Of the readers of one half of the sources each."""


def stage_controls(reader: ReaderRecipe = CROSS, recipe: TeacherRecipe = HEADS, seeds: int = SEEDS) -> None:
    """Prints the metrics of every control."""
    torch.set_num_threads(1)
    sets, test, real = [Dense.of("train"), Dense.of("real-train")], Dense.of("test"), Dense.of("real-test")
    readings, readers = cross_readings(sets, reader)
    keys, ladder = ladder_features("clips", FOLDER)
    fitted = [inputs_of(d.features, r) for d, r in zip(sets, readings, strict=True)]
    others = {
        name: inputs_of(features, both(readers, features))
        for name, features in (("test", test.features), ("real", real.features), ("ladder", ladder))
    }
    truth = targets(sets)
    print(f"{len(truth.score)} clips, {seeds} seeds, {recipe}")
    intact = np.arange(len(real)) % VERSIONS == 0  # the first version of a scene
    columns = [DISTORTIONS.index(name) for name in TEMPORAL]
    reference: Evaluated | None = None
    for control in CONTROLS:
        train = torch.cat([each.of(control) for each in fitted])
        standardise = Standardiser.of(train)
        heads = [fit_teacher(standardise(train), truth, seed, recipe) for seed in range(seeds)]
        output = {name: ensemble_output(heads, standardise(x.of(control))) for name, x in others.items()}
        by_clip, by_grid = ladder_by_clip(keys, output["ladder"].score.numpy())
        now = Evaluated(
            output["test"].score.numpy(),
            output["test"].logit.sigmoid().numpy(),
            output["real"].score.numpy(),
            output["real"].logit.sigmoid().numpy()[intact][:, columns],
            by_clip,
            by_grid,
        )
        reference = reference or now
        print(f"{control} ({train.shape[1]} inputs)")
        print_control(now, reference, test, real, intact)
