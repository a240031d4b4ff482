"""The stage `penalty` of `npm run train-small`: fits the shipped projector from the bundled one."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from procedural.labels import IDS
from procedural.version import TEMPORAL
from small.concepts import SCORE, SEVERITY, verbalization_policy
from small.data import Clips, load_clips
from small.metrics import macro_accuracy, srcc, top1, within
from small.penalty.copies import ORIGINAL, Rows, load_rows, source_rows
from small.penalty.fit import (
    Fit,
    PenaltyRecipe,
    procedural_targets,
    real_targets,
    restore_labels,
    restored_projector,
)
from small.perception import OUT, Normalizer, format_metrics, load_normalizer, save_part
from small.projector import Projector, pad_pooled
from small.restore import restored_part

TEMPORAL_IDS = [k for k, name in enumerate(IDS) if name in TEMPORAL]


def good_rows(rows: Rows, split: str) -> np.ndarray:
    """[n] True where the original has no fault by eye."""
    good = {row["file"] for row in source_rows(split) if row["native_quality"] == "good"}
    return np.isin(rows.clip, list(good))


def real_share(rows: Rows, split: str = "train", power: float = 0.5) -> Tensor:
    """Probability of each row: originals as often as degraded ones; a repository with n rows counts
    n ** power."""
    of_file = {row["file"]: row["repository"] for row in source_rows(split)}
    repository = np.array([of_file[clip] for clip in rows.clip])
    weight = np.empty(len(rows))
    original = rows.kind == ORIGINAL
    for chosen in (original, ~original):
        names, index, count = np.unique(repository[chosen], return_inverse=True, return_counts=True)
        share = count.astype(float) ** power
        weight[chosen] = (share / share.sum() / count)[index] / 2
    return torch.from_numpy(weight)


def label_of(concepts: np.ndarray) -> np.ndarray:
    """Severities [n, d] that the policy names, at a middling score."""
    return np.array([verbalization_policy(row).severity for row in concepts])


@torch.no_grad()
def real_metrics(
    projector: Projector, rows: Rows, good: np.ndarray, normalizer: Normalizer
) -> dict[str, float]:
    """Metrics of concepts on real clips: false temporal faults, faults above slight, d."""
    concepts = projector(pad_pooled(normalizer(torch.from_numpy(rows.statistics)))).numpy()
    components, d = concepts[:, SEVERITY], -concepts[:, SCORE][:, 0]
    concepts = concepts.copy()
    concepts[:, SCORE] = 0.5 - d[:, None]
    named = label_of(concepts)
    original = rows.kind == ORIGINAL
    clean = original & good & rows.intact
    temporal = (named[:, TEMPORAL_IDS] > 0).any(1)
    spatial = np.array([k not in TEMPORAL for k in rows.kind])
    metrics = {
        "temporal named, intact originals": float(temporal[original & rows.intact].mean()),
        "temporal named, spatial copies": float(temporal[~original & rows.intact & spatial].mean()),
        "above slight, clean": float((named[clean].max(1) >= 0.3).mean()),
        "nothing named, clean": float((named[clean].max(1) == 0).mean()),
        "d clean": float(d[clean].mean()),
        "d clean 90 %": float(np.quantile(d[clean], 0.9)),
        "d lowest": float(d.min()),
    }
    copies = ~original
    kinds = np.array([IDS.index(k) if k != ORIGINAL else -1 for k in rows.kind])
    metrics["top-1 copies"] = float((components[copies].argmax(1) == kinds[copies]).mean())
    rho = []
    for clip in sorted(set(rows.clip[copies])):
        for kind in sorted(set(rows.kind[copies])):
            chosen = (rows.clip == clip) & np.isin(rows.kind, [ORIGINAL, kind])
            rho.append((kind, srcc(rows.severity[chosen], d[chosen])))
    metrics["within rho"] = float(np.nanmean([r for _, r in rho]))
    for kind in sorted(set(rows.kind[copies])):
        metrics[f"rho {kind}"] = float(np.nanmean([r for k, r in rho if k == kind]))
    measured = copies & ~np.isnan(rows.vmaf)
    metrics["SRCC VMAF"] = srcc(-d[measured], rows.vmaf[measured])
    return metrics


@torch.no_grad()
def procedural_metrics(projector: Projector, clips: Clips, normalizer: Normalizer) -> dict[str, float]:
    concepts = projector(pad_pooled(normalizer(clips.statistics()))).numpy().copy()
    d = -concepts[:, SCORE][:, 0]
    concepts[:, SCORE] = 0.5 - d[:, None]
    named = label_of(concepts)
    shown = np.where(named > 0, 1 + named, 0)
    return {
        "srcc": srcc(clips.score, -d),
        "within": within(clips.score, -d, clips.group),
        "top1": top1(clips.severity, shown),
        "macro": macro_accuracy(clips.severity, shown),
        "named": float((named > 0).sum(1).mean()),
    }


def stage_penalty() -> None:
    """Fits and saves the shipped projector; prints its metrics on held-out real and procedural clips."""
    torch.set_num_threads(1)
    torch.manual_seed(7)
    recipe, normalizer = PenaltyRecipe(), load_normalizer()
    clips = load_clips("train", with_statistics=True)
    real, held_out = load_rows("train", "train", "train-views"), load_rows("validation")
    good = good_rows(real, "train")
    x, y = normalizer(clips.statistics()), normalizer(torch.from_numpy(real.statistics))
    labels, copies = procedural_targets(clips, recipe), real_targets(real, good, recipe)
    start, reference = restored_projector(restored_part("motion_mlp."))
    restore_labels(start, reference, x, labels, recipe)
    print(f"{len(clips)} procedural clips, {len(real)} real ones and copies", flush=True)

    def report(projector: Projector, title: str) -> None:
        metrics = real_metrics(projector, held_out, good_rows(held_out, "validation"), normalizer)
        print(f"{title}: {format_metrics(metrics)}")
        try:
            test = load_clips("test", with_statistics=True)
        except FileNotFoundError:
            return
        print(f"{title}: {format_metrics(procedural_metrics(projector, test, normalizer))}", flush=True)

    report(start, "before")
    projector = Fit(start, recipe).run(x, labels, y, copies, real_share(real))
    report(projector, "after")
    save_part(projector, OUT / "projector.safetensors")
