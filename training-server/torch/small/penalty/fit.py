"""The fit of the shipped projector: what it names, and the penalty d(x) of the score.

The decoder writes H − d. H is the human head on features of whole frames (`small.human`); d comes from the
pixel statistics alone and must be 0 where nothing is distorted. Procedural clips teach it with their labels,
copies of real clips with VMAF or the strength that made them, and intact real clips that they have no
temporal fault. The fit starts from the bundled projector, whose training clips are mostly gone: on procedural
inputs its output is retained.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from modules.schedule import warmup_cosine
from procedural.labels import IDS, TABLE
from procedural.version import TEMPORAL
from small.concepts import FIRST, SCORE, SECOND, SEVERITY, WEIGHTS, verbalization_policy
from small.config import LABELS
from small.data import Clips
from small.heads import update_ema, with_input_noise
from small.penalty.copies import Rows
from small.perception import concepts_of
from small.projector import Projector, pad_pooled

SEEN = ("blur", "noise", "compression", "lowres", "over", "under", "contrast")
"""Distortions that the human head's features see: they lower H already."""

BY_VMAF = ("compression", "lowres", "blur")
"""Distortions whose target is VMAF. It hardly sees noise (a deviation of 13 of 255 leaves it at 90) and
banding, so these have the target of their strength."""

TEMPORAL_INDEX = [IDS.index(name) for name in IDS if name in TEMPORAL]


@dataclass(frozen=True, kw_only=True)
class PenaltyRecipe:
    """Hyperparameters of the fit."""

    steps: int = 800
    rows: int = 160
    """Procedural clips a step."""

    real_rows: int = 160
    lr: float = 1.5e-3
    weight_decay: float = 0.02
    noise: float = 0.3
    mixup: float = 0.5
    largest: float = 2.4
    """d of a clip that its distortions ruin, in points."""

    seen: float = 0.35
    """Share of a distortion's weight that is left to d where H sees it too."""

    vmaf: float = 2.5
    """Points from VMAF 100 to 0, before `seen`."""

    weights: tuple[float, float, float] = (10.0, 1.0, 0.3)
    """Of the squared errors of d, severities and halves."""

    retention: float = 6.0
    """Weight of the distance from the bundled projector's output, on procedural inputs."""

    naming: float = 0.6
    single: float = 3.0
    sharpness: float = 4.0
    intact: float = 2.0
    """Weight of the loss on temporal components of intact real clips."""

    margin: float = 0.3
    """Component below which those components must lie."""


def penalty(severity: np.ndarray, recipe: PenaltyRecipe) -> np.ndarray:
    """d [n], in points, of severities [n, d]."""
    share = np.where([name in SEEN for name in IDS], recipe.seen, 1.0)
    left = np.prod(1 - share * WEIGHTS * severity ** TABLE["exponent"], axis=1)
    return recipe.largest * (1 - left)


@dataclass(frozen=True)
class Targets:
    """Targets of n clips; a weight of 0 leaves a component out."""

    concepts: Tensor
    """[n, LABELS]"""

    weight: Tensor
    """[n, LABELS]"""

    intact: Tensor
    """[n] bool: temporal components must be low."""

    single: Tensor
    """[n] index of the only distortion, −1 without one or with several."""


def procedural_targets(clips: Clips, recipe: PenaltyRecipe) -> Targets:
    concepts = concepts_of(clips)
    concepts[:, SCORE] = -torch.from_numpy(penalty(clips.severity, recipe)).float()[:, None]
    present = torch.from_numpy(clips.severity) > 0
    single = torch.where(present.sum(1) == 1, present.float().argmax(1), -1)
    return Targets(concepts, torch.ones_like(concepts), torch.zeros(len(clips), dtype=torch.bool), single)


def real_targets(rows: Rows, good: np.ndarray, recipe: PenaltyRecipe) -> Targets:
    """Targets of real clips and copies; good [n]: the original has no distortion worth a name."""
    severity = rows.severities
    fall = penalty(severity, recipe)
    measured = ~np.isnan(rows.vmaf) & np.isin(rows.kind, BY_VMAF)
    share = np.where(np.isin(rows.kind, SEEN), recipe.seen, 1.0)
    fall = np.where(measured, share * recipe.vmaf * (100 - np.nan_to_num(rows.vmaf)) / 100, fall)
    concepts, weight = torch.zeros(len(rows), LABELS), torch.ones(len(rows), LABELS)
    present = torch.from_numpy(severity > 0)
    concepts[:, SEVERITY] = torch.from_numpy(np.where(severity > 0, 1 + severity, 0)).float()
    concepts[:, SCORE] = -torch.from_numpy(fall).float()[:, None]
    certain = torch.from_numpy(good)
    spatial = torch.ones(len(IDS), dtype=torch.bool)
    spatial[TEMPORAL_INDEX] = False
    weight[:, SCORE][~certain] = 0
    weight[:, FIRST] = weight[:, SECOND] = 0
    unknown = (~certain)[:, None] & spatial & ~present
    unknown |= (~torch.from_numpy(rows.intact))[:, None] & ~spatial & ~present
    weight[:, SEVERITY][unknown] = 0
    temporal = present[:, TEMPORAL_INDEX].any(1)
    single = torch.where(present.any(1), present.float().argmax(1), -1)
    return Targets(concepts, weight, torch.from_numpy(rows.intact) & ~temporal, single)


def naming_loss(components: Tensor, present: Tensor, weight: Tensor, prevalence: Tensor, k: float) -> Tensor:
    """On which side of the naming threshold components [n, d] lie, both sides weighted alike."""
    side = k * (components - verbalization_policy.naming_threshold)
    loss = present / prevalence * F.softplus(-side) + (1 - present) / (1 - prevalence) * F.softplus(side)
    return (weight * loss).sum() / len(components) / 2


class Fit:
    """One fit; `run` gives the moving average of the weights."""

    def __init__(self, start: Projector, reference: Tensor, recipe: PenaltyRecipe):
        """reference [D, H]: last layer of the bundled projector, whose output is retained."""
        self.recipe, self.start, self.reference = recipe, start, reference
        self.model, self.ema = Projector(), Projector()
        for model in (self.model, self.ema):
            model.load_state_dict(start.state_dict())
        w = recipe.weights
        self.weights = torch.empty(LABELS)
        for part, value in ((SCORE, w[0]), (SEVERITY, w[1]), (FIRST, w[2]), (SECOND, w[2])):
            self.weights[part] = value

    def loss(self, x: Tensor, targets: Targets, rows: Tensor, prevalence: Tensor) -> Tensor:
        """Loss of the rows' own targets; x [n, k] standardised."""
        recipe, wanted = self.recipe, targets.concepts[rows]
        weight = targets.weight[rows]
        predicted = self.model(pad_pooled(x))
        loss = ((predicted - wanted).square() * weight * self.weights).sum(1).mean()
        components, present = predicted[:, SEVERITY], (wanted[:, SEVERITY] > 0).float()
        loss = loss + recipe.naming * naming_loss(
            components, present, weight[:, SEVERITY], prevalence, recipe.sharpness
        )
        single = targets.single[rows]
        one = single >= 0
        choice = F.cross_entropy(recipe.sharpness * components[one], single[one], reduction="sum")
        loss = loss + recipe.single * choice / len(rows)
        quiet = components[targets.intact[rows]][:, TEMPORAL_INDEX]
        return loss + recipe.intact * F.softplus(8 * (quiet - recipe.margin)).sum() / len(rows)

    def retention_loss(self, x: Tensor) -> Tensor:
        """Distance from the bundled projector's output, in its own variance."""
        inputs = pad_pooled(x)
        with torch.no_grad():
            before = self.start.hidden(inputs) @ self.reference.T
        now = self.model.hidden(inputs) @ self.reference.T
        return (now - before).square().sum(1).mean() / before.var(0).sum() * 50

    def run(self, clips: Tensor, labels: Targets, real: Tensor, copies: Targets, draw: Tensor) -> Projector:
        """clips, real: standardised statistics; draw [m]: probability of each real row."""
        recipe = self.recipe
        optimiser = torch.optim.AdamW(self.model.parameters(), weight_decay=recipe.weight_decay)
        both = [(t.concepts[:, SEVERITY] > 0).float().mean(0).clamp(0.02, 0.98) for t in (labels, copies)]
        both[1] = torch.where(both[1] <= 0.02, 0.5, both[1])
        for step in range(recipe.steps):
            for group in optimiser.param_groups:
                group["lr"] = warmup_cosine(step, peak=recipe.lr, warmup=50, progress=step / recipe.steps)
            rows = torch.randint(len(clips), (recipe.rows,))
            x = with_input_noise(clips[rows], recipe.noise, 0.0)
            others = torch.multinomial(draw, recipe.real_rows, replacement=True)
            y = with_input_noise(real[others], recipe.noise, 0.0)
            loss = self.loss(x, labels, rows, both[0]) + self.loss(y, copies, others, both[1])
            mixed = torch.lerp(x, x[torch.randperm(len(x))], torch.rand(len(x), 1))
            loss = loss + recipe.retention * self.retention_loss(torch.cat([x, mixed]))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            update_ema(self.ema, self.model, step)
        return self.ema.eval()


@torch.no_grad()
def probe(start: Projector, x: Tensor, targets: Targets, ridge: float = 1e-3) -> None:
    """Sets the label layer of a projector by ridge regression on procedural clips."""
    hidden = start.hidden(pad_pooled(x)).double()
    mean, wanted = hidden.mean(0), targets.concepts.double()
    centred = hidden - mean
    gram = centred.T @ centred / len(x)
    scale = gram.diagonal().mean()
    weight = torch.linalg.solve(
        gram + ridge * scale * torch.eye(len(gram), dtype=torch.float64),
        centred.T @ (wanted - wanted.mean(0)) / len(x),
    )
    start.labels.weight.copy_(weight.T.float())
    start.labels.bias.copy_((wanted.mean(0) - mean @ weight).float())


def restored_projector(state: dict[str, Tensor]) -> tuple[Projector, Tensor]:
    """The bundled projector without a label layer, and its last layer [D, H]; state: `motion_mlp.*`."""
    projector = Projector()
    projector.norm.load_state_dict({"weight": state["0.weight"], "bias": state["0.bias"]})
    projector.inner.load_state_dict({"weight": state["1.weight"], "bias": state["1.bias"]})
    nn.init.zeros_(projector.labels.weight)
    return projector, state["3.weight"]
