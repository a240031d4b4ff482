"""Temporal events that a pair of frames shows, and those that lie between pairs: `npm run train-small --
readings-pairs`.

Truths of a pair: it repeats a frame, skips some, runs backwards; pixels of shake; change of gain. A reader of
values of single pairs (pooled over the fragments) is compared with one that has the clip's statistics too,
which are taken over the gaps between pairs as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from modules.schedule import warmup_cosine
from small.heads import update_ema, with_input_noise
from small.metrics import srcc
from small.readings.evaluate import Dense
from small.readings.features import Features
from small.readings.metrics import auc, format_interval, interval
from small.readings.reader import Standardiser

LOGITS = ("repeat", "jump", "backwards")
AMOUNTS = ("shake", "flicker")


@dataclass(frozen=True)
class PairTruth:
    """Of pairs [m]: whose frames are neighbours in the clip."""

    events: Tensor
    """[m, 3] of `LOGITS`."""

    amounts: Tensor
    """[m, 2] log(1 + pixels of shake), |difference of log gain|."""

    source: np.ndarray
    valid: np.ndarray
    """[n · 8] bool: pairs of two different positions."""


def pair_truth(dense: Dense) -> PairTruth:
    shown, wanted = (dense.truth[name].reshape(len(dense), -1, 2) for name in ("shown", "wanted"))
    step = shown[..., 1] - shown[..., 0]
    valid = (wanted[..., 1] != wanted[..., 0]).reshape(-1)
    events = np.stack([step == 0, step > 1, step < 0], -1).reshape(-1, 3)[valid]
    amounts = np.stack([np.log1p(dense.truth["shift"]), dense.truth["gain"]], -1).reshape(-1, 2)[valid]
    source = np.repeat(dense.source, step.shape[1])[valid]
    return PairTruth(
        torch.from_numpy(events.astype(np.float32)),
        torch.from_numpy(amounts.astype(np.float32)),
        source,
        valid,
    )


def pooled_pairs(features: Features) -> Tensor:
    """Values of each pair over its fragments, [n, 8, 4 p]: mean, deviation, smallest, largest."""
    values = torch.from_numpy(features.pair).float()
    return torch.cat([values.mean(2), values.std(2), values.amin(2), values.amax(2)], -1)


def pair_inputs(dense: Dense, clip: bool) -> Tensor:
    """[n · 8, k]: of the pair; with `clip` also the clip's statistics, which have the gaps between pairs."""
    values = pooled_pairs(dense.features)
    if clip:
        statistics = torch.from_numpy(dense.features.statistics)[:, None].expand(-1, values.shape[1], -1)
        values = torch.cat([values, statistics], -1)
    return values.flatten(0, 1)


def fit(values: Tensor, truth: PairTruth, steps: int, seed: int = 0) -> nn.Module:
    """A small network from standardised values [m, k] to event logits and amounts [m, 5]."""
    torch.manual_seed(seed)
    width = values.shape[1]
    model, ema = (
        nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 128), nn.GELU(), nn.Linear(128, 5))
        for _ in range(2)
    )
    ema.load_state_dict(model.state_dict())
    optimiser = torch.optim.AdamW(model.parameters(), weight_decay=0.1)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = warmup_cosine(step, peak=2e-3, warmup=50, progress=step / steps)
        rows = torch.randint(len(values), (256,))
        out = model(with_input_noise(values[rows], 0.1, 0.05))
        loss = F.binary_cross_entropy_with_logits(out[:, :3], truth.events[rows]) * 3
        loss = loss + 10 * (out[:, 3:] - truth.amounts[rows]).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        update_ema(ema, model, step)
    return ema.eval()


@torch.no_grad()
def print_metrics(out: np.ndarray, truth: PairTruth) -> None:
    for k, name in enumerate(LOGITS):
        here = truth.events[:, k].numpy() > 0
        score = out[:, k]
        value = interval(lambda i, s=score, h=here: auc(s[i][h[i]], s[i][~h[i]]), truth.source, draws=200)
        print(f"  {name}: AUC {format_interval(value)} (n = {int(here.sum())})")
    for k, name in enumerate(AMOUNTS):
        amount, score = truth.amounts[:, k].numpy(), out[:, 3 + k]
        value = interval(lambda i, s=score, a=amount: srcc(a[i], s[i]), truth.source, draws=200)
        print(f"  {name}: Spearman {format_interval(value)}", flush=True)


STEPS = 800


def stage_pairs(steps: int = STEPS) -> None:
    """Readers of pairs alone and with the clip's statistics, on test clips."""
    torch.set_num_threads(1)
    sets, tests = [Dense.of("train"), Dense.of("real-train")], [Dense.of("test"), Dense.of("real-test")]
    truths = [pair_truth(d) for d in sets]
    truth = PairTruth(
        torch.cat([t.events for t in truths]),
        torch.cat([t.amounts for t in truths]),
        np.concatenate([t.source for t in truths]),
        np.concatenate([t.valid for t in truths]),
    )
    for clip in (False, True):
        values = torch.cat(
            [pair_inputs(d, clip)[torch.from_numpy(t.valid)] for d, t in zip(sets, truths, strict=True)]
        )
        standardise = Standardiser.of(values)
        model = fit(standardise(values), truth, steps)
        for name, dense in zip(("procedural", "real"), tests, strict=True):
            held = pair_truth(dense)
            with torch.no_grad():
                out = model(standardise(pair_inputs(dense, clip)[torch.from_numpy(held.valid)])).numpy()
            print(f"pair{' and statistics of the clip' if clip else ' alone'}, {name}:")
            print_metrics(out, held)
