"""Heads on statistics: judges that say how likely each fault is, and the lesson that they teach a projector.

A regression of `codes.label_code` shrinks what it is not sure of: a fault that is there with probability 0.4
at severity 0.3 stands at 0.5, where `codes.decide` cannot tell it from an absent one, and the text of a clip
with one weak fault calls it clean. A judge therefore has a probability and a severity of its own for each
fault, and the lesson makes codes of them that stand clearly on one side of the naming threshold. One hidden
layer learns that function, so the shipped model keeps the official layout.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from small.codes import COUNT, FIRST, LABEL_PART, SCORE, SECOND, SEVERITY, decide

VERSIONS = 4
"""Clips of a group, rows beside each other."""


@dataclass(frozen=True)
class Targets:
    """Labels as tensors, rows in groups of four."""

    score: Tensor
    """[n]"""

    severity: Tensor
    """[n, d], 0 absent."""

    when: Tensor
    """[n, d] of `procedural.labels`."""

    def __getitem__(self, rows: Tensor) -> Targets:
        return Targets(self.score[rows], self.severity[rows], self.when[rows])

    @property
    def present(self) -> Tensor:
        return self.severity > 0


@dataclass(frozen=True)
class Opinion:
    """What judges say of clips."""

    score: Tensor
    """[n], 1 to 5."""

    logit: Tensor
    """[n, d] of a fault being there."""

    severity: Tensor
    """[n, d] if it is."""

    first: Tensor
    """[n, d] logit of the first half only, if it is there."""

    second: Tensor

    @classmethod
    def mean(cls, opinions: list[Opinion]) -> Opinion:
        names = ("score", "logit", "severity", "first", "second")
        return cls(*(torch.stack([getattr(o, name) for o in opinions]).mean(0) for name in names))


class Head(nn.Module):
    """LayerNorm, two hidden layers, and an `Opinion` of standardised statistics [n, k].

    One layer more than the projector has: it learns what they say of inputs between and beside the clips.
    """

    def __init__(self, inputs: int, hidden: int = 512, second: int = 256, dropout: float = 0.2):
        super().__init__()
        self.norm = nn.LayerNorm(inputs)
        self.inner = nn.Linear(inputs, hidden)
        self.middle = nn.Linear(hidden, second)
        self.drop = nn.Dropout(dropout)
        self.outer = nn.Linear(second, 1 + 4 * COUNT)

    def forward(self, inputs: Tensor) -> Opinion:
        hidden = self.drop(F.gelu(self.inner(self.norm(inputs))))
        said = self.outer(self.drop(F.gelu(self.middle(hidden))))
        score, *faults = said.split([1, *[COUNT] * 4], dim=1)
        return Opinion(3 + score[:, 0], *faults)


@dataclass(frozen=True, kw_only=True)
class HeadRecipe:
    """How a head is fitted on standardised statistics."""

    steps: int = 5000
    groups: int = 48
    """Groups of four versions a step."""

    lr: float = 1e-3
    weight_decay: float = 0.5
    noise: float = 0.3
    """Standard deviation of the noise on inputs: real clips lie beside the training ones."""

    dropout: float = 0.2
    """Share of inputs set to zero."""

    centred: float = 2.0
    """Weight of the score's error with the group's mean removed."""

    only: float = 2.0
    """Weight of choosing the right fault of clips with exactly one."""

    hidden: int = 768


def opinion_loss(said: Opinion, truth: Targets, recipe: HeadRecipe) -> Tensor:
    """Squared errors of the score (absolute and inside the groups) and of severities that are there;
    cross-entropies of presence, of the fault of clips with only one, and of the halves."""
    present = truth.present.float()
    error = said.score - truth.score
    inside = error.view(-1, VERSIONS)
    loss = 2 * error.square().mean()
    loss = loss + recipe.centred * (inside - inside.mean(1, keepdim=True)).square().mean()
    loss = loss + F.binary_cross_entropy_with_logits(said.logit, present, reduction="none").mean(0).sum()
    one = present.sum(1) == 1
    if one.any():
        choice = F.cross_entropy(said.logit[one], present[one].argmax(1), reduction="sum")
        loss = loss + recipe.only * choice / len(present)
    count = present.sum().clamp(min=1)
    loss = loss + 4 * (present * (said.severity - truth.severity).square()).sum() / count
    for half, logit in ((1, said.first), (2, said.second)):
        wrong = F.binary_cross_entropy_with_logits(logit, (truth.when == half).float(), reduction="none")
        loss = loss + 0.5 * (present * wrong).sum() / count
    return loss


def rate(step: int, steps: int) -> float:
    return min(1, step / 50) * 0.5 * (1 + np.cos(np.pi * step / steps))


@torch.no_grad()
def follow(average: nn.Module, model: nn.Module, step: int) -> None:
    for a, b in zip(average.parameters(), model.parameters(), strict=True):
        a.lerp_(b, 0.005 if step > 200 else 0.1)


def disturbed(x: Tensor, noise: float, dropout: float) -> Tensor:
    return F.dropout(x + noise * torch.randn_like(x), dropout)


def fit_judge(statistics: Tensor, truth: Targets, seed: int, recipe: HeadRecipe = HeadRecipe()) -> Head:
    """A head on standardised statistics [n, k]; the moving average of its weights."""
    torch.manual_seed(seed)
    model, average = (Head(statistics.shape[1], recipe.hidden) for _ in range(2))
    average.load_state_dict(model.state_dict())
    optimiser = torch.optim.AdamW(model.parameters(), weight_decay=recipe.weight_decay)
    groups = torch.arange(len(statistics)).view(-1, VERSIONS)
    for step in range(recipe.steps):
        for group in optimiser.param_groups:
            group["lr"] = recipe.lr * rate(step, recipe.steps)
        chosen = groups[torch.randint(len(groups), (recipe.groups,))].flatten()
        said = model(disturbed(statistics[chosen], recipe.noise, recipe.dropout))
        loss = opinion_loss(said, truth[chosen], recipe)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        follow(average, model, step)
    return average.eval()


@torch.no_grad()
def opinion_of(judges: list[Head], statistics: Tensor) -> Opinion:
    return Opinion.mean([judge(statistics) for judge in judges])


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """How opinions become the codes that the projector is to say."""

    likely: float = 0.06
    """Probability from which on a fault is named: about what one of the faults has beforehand, as balanced
    accuracy wants it; a reader would rather have less false alarm."""

    softness: float = 0.6
    """In logits: how gradually a place goes from absent to named."""

    def __call__(self, said: Opinion) -> Tensor:
        """Label parts of codes [n, 1 + 3 d]."""
        # The severity to be expected: what is hardly believed in is called faint and named last.
        severity = (said.severity * said.logit.sigmoid()).clamp(0.03, 1)
        threshold = float(np.log(self.likely / (1 - self.likely)))
        # At the threshold a place stands exactly where `decide` begins to name: named · ... = (1 + s) · gate.
        offset = ((1 + severity) / decide.named - 1).log()
        gate = torch.sigmoid((said.logit - threshold) / self.softness - offset)
        codes = said.score.new_zeros(len(said.score), LABEL_PART.stop)
        codes[:, SCORE] = said.score[:, None] - 3
        codes[:, SEVERITY] = (1 + severity) * gate
        codes[:, FIRST] = gate * torch.sigmoid(said.first)
        codes[:, SECOND] = gate * torch.sigmoid(said.second)
        return codes
