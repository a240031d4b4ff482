"""Teacher heads on pixel statistics, and the mapping of their output to targets for the student projector.

A regression of concept vectors shrinks uncertain components: a distortion of probability 0.4 and severity 0.3
is predicted as 0.5, which `concepts.verbalization_policy` cannot tell from an absent one, and the text of a
clip with one weak distortion calls it clean. A teacher head therefore predicts a probability and a
conditional severity of each distortion, and `TargetMapping` turns the two into components that lie clearly on
one side of the naming threshold. One hidden layer learns that function, so the shipped projector keeps the
official layout.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from modules.schedule import warmup_cosine
from small.concepts import COUNT, FIRST, LABEL_PART, SCORE, SECOND, SEVERITY, verbalization_policy

VERSIONS = 4
"""Clips of a group, rows beside each other."""

WARMUP = 50
"""Steps of linear warm-up, of teachers and student; the first step has a rate of 0."""


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
class TeacherOutput:
    """Predictions of a teacher head for n clips."""

    score: Tensor
    """[n], 1 to 5."""

    logit: Tensor
    """[n, d] of presence."""

    severity: Tensor
    """[n, d], given presence."""

    first: Tensor
    """[n, d] logit of the first half only, given presence."""

    second: Tensor
    """[n, d] logit of the second half only, given presence."""

    @classmethod
    def mean(cls, outputs: list[TeacherOutput]) -> TeacherOutput:
        names = ("score", "logit", "severity", "first", "second")
        return cls(*(torch.stack([getattr(o, name) for o in outputs]).mean(0) for name in names))


class TeacherHead(nn.Module):
    """LayerNorm and two hidden layers on standardised statistics [n, k].

    It has one layer more than the student, which smooths its predictions between the training clips.
    """

    def __init__(self, inputs: int, hidden: int = 512, second: int = 256, dropout: float = 0.2):
        super().__init__()
        self.norm = nn.LayerNorm(inputs)
        self.inner = nn.Linear(inputs, hidden)
        self.middle = nn.Linear(hidden, second)
        self.drop = nn.Dropout(dropout)
        self.outer = nn.Linear(second, 1 + 4 * COUNT)

    def forward(self, inputs: Tensor) -> TeacherOutput:
        hidden = self.drop(F.gelu(self.inner(self.norm(inputs))))
        output = self.outer(self.drop(F.gelu(self.middle(hidden))))
        score, *distortions = output.split([1, *[COUNT] * 4], dim=1)
        return TeacherOutput(3 + score[:, 0], *distortions)


@dataclass(frozen=True, kw_only=True)
class TeacherRecipe:
    """Hyperparameters of a teacher head's fit on standardised statistics."""

    steps: int = 5000
    groups: int = 48
    """Groups of four versions a step."""

    lr: float = 1e-3
    weight_decay: float = 0.5
    noise: float = 0.3
    """Standard deviation of the noise on inputs; real clips differ from the training ones."""

    dropout: float = 0.2
    """Share of inputs set to zero."""

    within_group: float = 2.0
    """Weight of the score's error with the group's mean removed."""

    single: float = 2.0
    """Weight of the cross-entropy over distortions, of clips with exactly one."""

    hidden: int = 768


def teacher_loss(output: TeacherOutput, truth: Targets, recipe: TeacherRecipe) -> Tensor:
    """Squared errors of the score (absolute and within groups) and of severities that are present, plus
    cross-entropies of presence, of the distortion of clips with exactly one, and of the halves."""
    present = truth.present.float()
    error = output.score - truth.score
    grouped = error.view(-1, VERSIONS)
    loss = 2 * error.square().mean()
    loss = loss + recipe.within_group * (grouped - grouped.mean(1, keepdim=True)).square().mean()
    loss = loss + F.binary_cross_entropy_with_logits(output.logit, present, reduction="none").mean(0).sum()
    one = present.sum(1) == 1
    if one.any():
        choice = F.cross_entropy(output.logit[one], present[one].argmax(1), reduction="sum")
        loss = loss + recipe.single * choice / len(present)
    count = present.sum().clamp(min=1)
    loss = loss + 4 * (present * (output.severity - truth.severity).square()).sum() / count
    for half, logit in ((1, output.first), (2, output.second)):
        entropy = F.binary_cross_entropy_with_logits(logit, (truth.when == half).float(), reduction="none")
        loss = loss + 0.5 * (present * entropy).sum() / count
    return loss


@torch.no_grad()
def update_ema(ema: nn.Module, model: nn.Module, step: int) -> None:
    """Exponential moving average of a model's weights; its decay is 0.9 up to step 200, then 0.995."""
    for a, b in zip(ema.parameters(), model.parameters(), strict=True):
        a.lerp_(b, 0.005 if step > 200 else 0.1)


def with_input_noise(x: Tensor, noise: float, dropout: float) -> Tensor:
    """Inputs with Gaussian noise of a standard deviation and a share of them set to zero."""
    return F.dropout(x + noise * torch.randn_like(x), dropout)


def fit_teacher(
    statistics: Tensor, truth: Targets, seed: int, recipe: TeacherRecipe = TeacherRecipe()
) -> TeacherHead:
    """A head fitted on standardised statistics [n, k]: the moving average of its weights, in eval mode."""
    torch.manual_seed(seed)
    model, ema = (TeacherHead(statistics.shape[1], recipe.hidden) for _ in range(2))
    ema.load_state_dict(model.state_dict())
    optimiser = torch.optim.AdamW(model.parameters(), weight_decay=recipe.weight_decay)
    groups = torch.arange(len(statistics)).view(-1, VERSIONS)
    for step in range(recipe.steps):
        for group in optimiser.param_groups:
            group["lr"] = warmup_cosine(step, peak=recipe.lr, warmup=WARMUP, progress=step / recipe.steps)
        chosen = groups[torch.randint(len(groups), (recipe.groups,))].flatten()
        output = model(with_input_noise(statistics[chosen], recipe.noise, recipe.dropout))
        loss = teacher_loss(output, truth[chosen], recipe)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        update_ema(ema, model, step)
    return ema.eval()


@torch.no_grad()
def ensemble_output(teachers: list[TeacherHead], statistics: Tensor) -> TeacherOutput:
    """Mean output of several teacher heads on standardised statistics [n, k]."""
    return TeacherOutput.mean([teacher(statistics) for teacher in teachers])


@dataclass(frozen=True, kw_only=True)
class TargetMapping:
    """Maps a teacher's output to the concept components that the student is to predict."""

    threshold: float = 0.06
    """Probability from which a distortion is named. It is about the prior of one distortion, the optimum of
    balanced accuracy; a reader would prefer fewer false alarms."""

    softness: float = 0.6
    """Width, in logits, of the transition from absent to named."""

    def __call__(self, output: TeacherOutput) -> Tensor:
        """Label part of the concept vectors [n, 1 + 3 d].

        The component is (1 + s) · g with the expected severity s = p · E[severity | present], so that
        distortions of low probability have a low severity and are ranked last. The gate g is a sigmoid of the
        logit whose offset makes the component equal the policy's naming threshold at p = `threshold`.
        """
        severity = (output.severity * output.logit.sigmoid()).clamp(0.03, 1)
        threshold = float(np.log(self.threshold / (1 - self.threshold)))
        offset = ((1 + severity) / verbalization_policy.naming_threshold - 1).log()
        gate = torch.sigmoid((output.logit - threshold) / self.softness - offset)
        concepts = output.score.new_zeros(len(output.score), LABEL_PART.stop)
        concepts[:, SCORE] = output.score[:, None] - 3
        concepts[:, SEVERITY] = (1 + severity) * gate
        concepts[:, FIRST] = gate * torch.sigmoid(output.first)
        concepts[:, SECOND] = gate * torch.sigmoid(output.second)
        return concepts
