"""Fits the fragment readers and prints their metrics: `npm run train-small -- readings-reader`."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from procedural.labels import EVERYWHERE, FIRST_HALF, SECOND_HALF
from small.readings.clips import FOLDER
from small.readings.features import Features, features_path, load_features
from small.readings.metrics import (
    auc,
    auc_interval,
    auc_of_counts,
    format_interval,
    grouped_counts,
    interval,
)
from small.readings.reader import (
    RECIPE,
    SPATIAL_INDEX,
    FragmentReader,
    ReaderRecipe,
    Standardiser,
    dense_targets,
    fit_reader,
    read,
)
from small.readings.truths import ABSENT, NOT_ASKED, PRESENT, SPATIAL

PAIRS, FRAGMENTS = 8, 49


@dataclass(frozen=True)
class Dense:
    """Clips with features and dense truths."""

    features: Features
    truth: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.features)

    @property
    def source(self) -> np.ndarray:
        """[n] scene of a procedural clip, file of a real one."""
        return self.truth["source"]

    @classmethod
    def of(cls, split: str) -> Dense:
        """The shards of a split that have features."""
        folders = [f for f in sorted((FOLDER / split).glob("shard_????")) if features_path(f).exists()]
        if not folders:
            raise FileNotFoundError(f"no features in {FOLDER / split}: python -m small.readings.features")
        truth, labels = (
            [dict(np.load(folder / name)) for folder in folders] for name in ("dense.npz", "labels.npz")
        )
        joined = [
            {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
            for parts in (truth, labels)
        ]
        return cls(load_features(folders), *joined)


INPUTS = {
    "values": ("frame",),
    "waves": ("wave",),
    "values+waves": ("frame", "wave"),
}
"""Inputs of a reader of single frames: closed-form values, energies of the wave bank (of luma), or both."""


def frame_inputs(features: Features, kinds: tuple[str, ...]) -> Tensor:
    """[n · 8 · 49, k] float16 of the first frames."""
    half = features.wave.shape[-1] // 2
    parts = [features.frame if kind == "frame" else features.wave[..., :half] for kind in kinds]
    return torch.from_numpy(np.concatenate(parts, -1).reshape(-1, sum(p.shape[-1] for p in parts)))


@dataclass(frozen=True)
class FrameReader:
    """A reader with its inputs and their standardisation."""

    kinds: tuple[str, ...]
    standardise: Standardiser
    reader: FragmentReader

    def logits(self, features: Features) -> np.ndarray:
        """Presence logits [n, 8, 49, 12]."""
        values = frame_inputs(features, self.kinds)
        parts = [read(self.reader, self.standardise(part.float()))[0] for part in values.split(100_000)]
        return torch.cat(parts).numpy().reshape(len(features), PAIRS, FRAGMENTS, len(SPATIAL))


def fit_frame_reader(
    sets: list[Dense], kinds: tuple[str, ...], seed: int = 0, recipe: ReaderRecipe = RECIPE
) -> FrameReader:
    """A reader fitted on all fragments of some sets."""
    values = torch.cat([frame_inputs(s.features, kinds) for s in sets])
    presence = np.concatenate([s.truth["presence"] for s in sets])
    severity = np.concatenate([s.labels["severity"] for s in sets])
    standardise = Standardiser.of(values[:: max(1, len(values) // 100_000)].float())
    values = standardise(values.float()).half()
    return FrameReader(
        kinds, standardise, fit_reader(values, dense_targets(presence, severity), seed, recipe)
    )


def presence_aucs(logits: np.ndarray, dense: Dense) -> dict[str, tuple[float, float, float]]:
    """AUC of each distortion over fragments, bootstrap over sources."""
    presence = np.moveaxis(dense.truth["presence"], 1, -1)
    sources = np.broadcast_to(dense.source[:, None, None], presence.shape[:3])
    out = {}
    for k, name in enumerate(SPATIAL):
        asked = presence[..., k] != NOT_ASKED
        here = presence[..., k][asked] == PRESENT
        if here.any() and not here.all():
            out[name] = auc_interval(logits[..., k][asked], here, sources[asked])
    return out


def macro_interval(logits: np.ndarray, dense: Dense, draws: int = 200) -> tuple[float, float, float]:
    """Mean of the AUCs with its interval over sources."""
    presence = np.moveaxis(dense.truth["presence"], 1, -1)
    names = np.unique(dense.source)
    sources = np.broadcast_to(dense.source[:, None, None], presence.shape[:3])
    counts = []
    for k in range(len(SPATIAL)):
        asked = presence[..., k] != NOT_ASKED
        here = presence[..., k][asked] == PRESENT
        if not here.any() or here.all():
            continue
        present, positive, negative = grouped_counts(logits[..., k][asked], here, sources[asked])
        full = np.zeros((2, len(names), positive.shape[1]))
        full[:, np.searchsorted(names, present)] = positive, negative
        counts.append(full)
    rng = np.random.default_rng(0)
    weights = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), draws)
    values = np.nanmean([auc_of_counts(weights @ p, weights @ n) for p, n in counts], 0)
    whole = np.mean([auc_of_counts(p.sum(0), n.sum(0)) for p, n in counts])
    low, high = np.quantile(values, [0.025, 0.975])
    return float(whole), float(low), float(high)


def where_aucs(logits: np.ndarray, dense: Dense) -> list[tuple[str, int, float]]:
    """(distortion, source, AUC inside the clip) of clips whose fragments differ: present against absent ones
    of the frames where it acts, score averaged over those frames."""
    out = []
    presence, where = dense.truth["presence"], dense.labels["where"]
    for n in range(len(dense)):
        for k, name in enumerate(SPATIAL):
            local = name == "corruption" or where[n, SPATIAL_INDEX[k]] != EVERYWHERE
            if not local or not (presence[n, k] == PRESENT).any():
                continue
            here, free = presence[n, k] == PRESENT, presence[n, k] == ABSENT
            acts = here.any(1)
            score = logits[n, ..., k]
            if here.sum() >= 4 and free[acts].sum() >= 4:
                centred = score - score.mean(1, keepdims=True)
                value = auc(centred[acts][here[acts]], centred[acts][free[acts]])
                out.append((name, int(dense.source[n]), value))
    return out


def when_scores(logits: np.ndarray, dense: Dense) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Second half less first of the mean logit, whether it acts in the second, and sources, of spatial
    distortions that act in one half."""
    score, second, source = [], [], []
    for n, k in np.argwhere(dense.labels["severity"][:, SPATIAL_INDEX] > 0):
        when = dense.labels["when"][n, SPATIAL_INDEX[k]]
        if when in (FIRST_HALF, SECOND_HALF):
            by_pair = logits[n, ..., k].mean(1)
            score.append(by_pair[4:].mean() - by_pair[:4].mean())
            second.append(when == SECOND_HALF)
            source.append(dense.source[n])
    return np.array(score), np.array(second, bool), np.array(source)


def report(name: str, logits: np.ndarray, dense: Dense, each: bool = True) -> None:
    """Prints AUC by distortion, where and when."""
    print(f"{name}: macro AUC {format_interval(macro_interval(logits, dense))}")
    if each:
        for distortion, value in presence_aucs(logits, dense).items():
            print(f"  {distortion}: {format_interval(value)}")
    rows = where_aucs(logits, dense)
    for kind, keep in (("region", lambda n: n != "corruption"), ("corruption", lambda n: n == "corruption")):
        chosen = [r for r in rows if keep(r[0])]
        if len(chosen) > 3:
            values = np.array([r[2] for r in chosen])
            mean = interval(lambda i, v=values: float(np.nanmean(v[i])), np.array([r[1] for r in chosen]))
            print(f"  where, {kind}: {format_interval(mean)} (n = {len(chosen)})")
    score, second, source = when_scores(logits, dense)
    if second.any() and not second.all():
        value = interval(lambda i: auc(score[i][second[i]], score[i][~second[i]]), source)
        print(f"  when: {format_interval(value)} (n = {len(score)})", flush=True)


def stage_readers(recipe: ReaderRecipe = RECIPE) -> None:
    """Readers of each kind of input, and what real clips in training change."""
    torch.set_num_threads(1)
    train, real = Dense.of("train"), Dense.of("real-train")
    tests = {"procedural": Dense.of("test"), "regions": Dense.of("where"), "real": Dense.of("real-test")}
    print(f"{len(train)} procedural and {len(real)} real training clips, {recipe}")
    for name, kinds in INPUTS.items():
        begun = time.process_time()
        reader = fit_frame_reader([train, real], kinds, recipe=recipe)
        print(f"{name}: {time.process_time() - begun:.0f} cpu-s")
        for test, dense in tests.items():
            report(f"{name}, {test}", reader.logits(dense.features), dense, each=name == "values")
    only = fit_frame_reader([train], INPUTS["values"], recipe=recipe)
    for test, dense in tests.items():
        report(f"values, procedural clips alone, {test}", only.logits(dense.features), dense, each=False)
