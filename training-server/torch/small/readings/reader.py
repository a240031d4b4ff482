"""Fragment readings: presence and severity of each distortion in every fragment, learnt from dense truths.

The reader has the form of the checkpoint's projectors: LayerNorm, Linear, GELU, Linear on standardised values
of the fragment. Its hidden layer is what the vision token is made of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from modules.schedule import warmup_cosine
from procedural.labels import IDS
from small.heads import update_ema, with_input_noise
from small.readings.truths import NOT_ASKED, PRESENT, SPATIAL

HIDDEN = 192
SPATIAL_INDEX = [IDS.index(name) for name in SPATIAL]
LIMIT = 4.0


@dataclass(frozen=True)
class DenseTargets:
    """Targets of fragments, in the order of the flattened values."""

    presence: Tensor
    """[n, 12] ABSENT, PRESENT or NOT_ASKED."""

    severity: Tensor
    """[n, 12] of the clip's label."""

    def __getitem__(self, rows: Tensor) -> DenseTargets:
        return DenseTargets(self.presence[rows], self.severity[rows])


@dataclass(frozen=True)
class Standardiser:
    mean: Tensor
    std: Tensor

    @classmethod
    def of(cls, values: Tensor) -> Standardiser:
        return cls(values.mean(0), values.std(0).clamp(min=1e-3))

    def __call__(self, values: Tensor) -> Tensor:
        return ((values - self.mean) / self.std).clamp(-LIMIT, LIMIT)


class FragmentReader(nn.Module):
    """Standardised values [n, k] → presence logits [n, d] and severities given presence [n, d]."""

    def __init__(self, inputs: int, outputs: int = len(SPATIAL), hidden: int = HIDDEN):
        super().__init__()
        self.norm = nn.LayerNorm(inputs)
        self.inner = nn.Linear(inputs, hidden)
        self.outer = nn.Linear(hidden, 2 * outputs)

    def hidden(self, values: Tensor) -> Tensor:
        return F.gelu(self.inner(self.norm(values)))

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        logit, severity = self.outer(self.hidden(values)).chunk(2, -1)
        return logit, severity


@dataclass(frozen=True, kw_only=True)
class ReaderRecipe:
    """Hyperparameters of a reader's fit."""

    steps: int = 3000
    rows: int = 256
    """Fragments a step; larger batches need as many steps."""

    lr: float = 2e-3
    weight_decay: float = 0.05
    noise: float = 0.1
    """Standard deviation of the noise on standardised values."""

    dropout: float = 0.05


RECIPE = ReaderRecipe()


def dense_loss(logit: Tensor, severity: Tensor, truth: DenseTargets) -> Tensor:
    """Cross-entropies of presence where it is asked, and squared errors of severities that are present."""
    asked = (truth.presence != NOT_ASKED).float()
    present = (truth.presence == PRESENT).float()
    entropy = F.binary_cross_entropy_with_logits(logit, present, reduction="none")
    loss = (entropy * asked).sum(1).mean()
    return loss + 4 * (present * (severity - truth.severity).square()).sum() / present.sum().clamp(min=1)


def fit_reader(
    values: Tensor, truth: DenseTargets, seed: int, recipe: ReaderRecipe = RECIPE
) -> FragmentReader:
    """A reader fitted on standardised values [n, k] of any float type: its averaged weights, in eval mode.

    Rows are drawn at random; a fragment is hardly seen twice.
    """
    torch.manual_seed(seed)
    model, ema = (FragmentReader(values.shape[1]) for _ in range(2))
    ema.load_state_dict(model.state_dict())
    optimiser = torch.optim.AdamW(model.parameters(), weight_decay=recipe.weight_decay)
    for step in range(recipe.steps):
        for group in optimiser.param_groups:
            group["lr"] = warmup_cosine(step, peak=recipe.lr, warmup=50, progress=step / recipe.steps)
        rows = torch.randint(len(values), (recipe.rows,))
        logit, severity = model(with_input_noise(values[rows].float(), recipe.noise, recipe.dropout))
        loss = dense_loss(logit, severity, truth[rows])
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimiser.step()
        update_ema(ema, model, step)
    return ema.eval()


@torch.no_grad()
def read(reader: FragmentReader, values: Tensor, rows: int = 8192) -> tuple[Tensor, Tensor]:
    """Logits and severities [n, d] of any number of fragments."""
    parts = [reader(part.float()) for part in values.split(rows)]
    return torch.cat([p[0] for p in parts]), torch.cat([p[1] for p in parts])


@torch.no_grad()
def ridge(hidden: Tensor, targets: Tensor, weight: float) -> tuple[Tensor, Tensor]:
    """Weight [t, h] and bias [t] of the linear map hidden [n, h] → targets [n, t], by ridge regression.

    `weight` is the penalty, relative to the mean variance of the hidden units.
    """
    h, t = hidden.double(), targets.double()
    centre_h, centre_t = h.mean(0), t.mean(0)
    h, t = h - centre_h, t - centre_t
    gram = h.T @ h / len(h)
    gram.diagonal().add_(weight * gram.diagonal().mean())
    slopes = torch.linalg.solve(gram, h.T @ t / len(h)).T
    return slopes.float(), (centre_t - slopes @ centre_h).float()


def clip_pooling(logit: Tensor) -> Tensor:
    """Values [n, 8, 49, d] of fragments → [n, 7 d]: over all fragments the mean, the deviation, the 10 % and
    90 % quantiles; over the means of the pairs the largest, the smallest, and second half less first."""
    n, pairs = logit.shape[:2]
    flat = logit.float().flatten(1, 2)
    ordered = flat.sort(1).values
    low, high = (ordered[:, round(q * (flat.shape[1] - 1))] for q in (0.1, 0.9))
    by_pair = logit.float().mean(2)
    half = by_pair[:, pairs // 2 :].mean(1) - by_pair[:, : pairs // 2].mean(1)
    parts = [flat.mean(1), flat.std(1), low, high, by_pair.amax(1), by_pair.amin(1), half]
    return torch.cat(parts, 1)


def dense_targets(presence: np.ndarray, severity: np.ndarray) -> DenseTargets:
    """Targets of all fragments of clips: presence [n, 12, 8, 49], severity [n, 17]."""
    rows = np.moveaxis(presence, 1, -1).reshape(-1, len(SPATIAL))
    each = severity[:, SPATIAL_INDEX].astype(np.float32)
    each = np.repeat(each, presence.shape[2] * presence.shape[3], 0)
    return DenseTargets(torch.from_numpy(np.ascontiguousarray(rows)), torch.from_numpy(each))
