"""The projector: inputs of `motion_mlp` → its hidden layer → the label part of a code, taught by judges."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from small.codes import FIRST, SCORE, SECOND, SEVERITY, decide
from small.config import HIDDEN, LABELS, MOTION, POOLED
from small.heads import Head, Lesson, Targets, disturbed, follow, opinion_of, rate


class Projector(nn.Module):
    """`motion_mlp.{0,1}` and a linear reading of its hidden layer as label codes [n, 1 + 3 d]."""

    def __init__(self, inputs: int = MOTION.features, hidden: int = HIDDEN):
        super().__init__()
        self.norm = nn.LayerNorm(inputs)
        self.inner = nn.Linear(inputs, hidden)
        self.labels = nn.Linear(hidden, LABELS)

    @torch.no_grad()
    def ignore_pooled(self) -> Projector:
        """Starts blind to the pooled vector, and stays so: neither factor of its columns has a gradient.

        The norm's variance is then that of the statistics spread over all inputs, which its scale makes good.
        """
        self.norm.weight[:POOLED] = 0
        self.norm.weight[POOLED:] = (1 - POOLED / len(self.norm.weight)) ** 0.5
        nn.init.zeros_(self.inner.weight[:, :POOLED])
        nn.init.kaiming_uniform_(self.inner.weight[:, POOLED:], a=5**0.5)
        return self

    def hidden(self, inputs: Tensor) -> Tensor:
        return F.gelu(self.inner(self.norm(inputs)))

    def forward(self, inputs: Tensor) -> Tensor:
        return self.labels(self.hidden(inputs))


def pad_pooled(statistics_part: Tensor) -> Tensor:
    """Inputs of `motion_mlp` [n, 512 + k] for a muted trunk (`trunk.muted`), whose pooled vector is 0."""
    return torch.cat([torch.zeros(len(statistics_part), POOLED), statistics_part], 1)


@dataclass(frozen=True, kw_only=True)
class TeachingRecipe:
    """How a projector learns what several judges say together.

    Judges are asked about inputs disturbed as the projector's are, so that it learns their function and not
    only their answers to the training clips.
    """

    judges: int = 3
    steps: int = 8000
    rows: int = 192
    lr: float = 2e-3
    weight_decay: float = 0.02
    noise: float = 0.2
    """Standard deviation of the noise on inputs of judges and projector alike."""

    mixed: float = 0.5
    """Share of the rows that are two clips' inputs averaged by a random share: places between clips."""

    weights: tuple[float, float, float] = (10.0, 1.0, 0.3)
    """Of the errors of score, severities and halves against what the judges say."""

    sharpness: float = 4.0
    """Logits a unit of a fault's place, for the two losses by the clips' own labels."""

    only: float = 3.0
    """Weight of choosing the right fault of clips with exactly one: nothing in the judges' mean says which of
    two places must be the higher."""

    balanced: float = 0.6
    """Weight of standing on the right side of the height from which a fault is named, faulty and faultless
    clips of each fault counted equally."""


def own_labels_loss(said: Tensor, truth: Targets, common: Tensor, recipe: TeachingRecipe) -> Tensor:
    """How wrong codes [n, 1 + 3 d] are about which faults there are.

    common: [d] share of the clips that have each fault.
    """
    places, present = said[:, SEVERITY], truth.present.float()
    one = present.sum(1) == 1
    choice = F.cross_entropy(recipe.sharpness * places[one], present[one].argmax(1), reduction="sum")
    side = recipe.sharpness * (places - decide.named)
    wrong = present / common * F.softplus(-side) + (1 - present) / (1 - common) * F.softplus(side)
    return (recipe.only * choice + recipe.balanced * wrong.sum() / 2) / len(said)


def teach(
    judges: list[Head],
    lesson: Lesson,
    standard_statistics: Tensor,
    truth: Targets,
    seed: int,
    recipe: TeachingRecipe = TeachingRecipe(),
) -> Projector:
    """A projector, blind to the pooled vector, that says what judges say of standardised statistics [n, k],
    and is told the truth of the clips that are not mixed with others."""
    torch.manual_seed(seed)
    model, average = Projector().ignore_pooled(), Projector().ignore_pooled()
    average.load_state_dict(model.state_dict())
    optimiser = torch.optim.AdamW(model.parameters(), weight_decay=recipe.weight_decay)
    weights = torch.empty(LABELS)
    for part, weight in zip(((SCORE,), (SEVERITY,), (FIRST, SECOND)), recipe.weights, strict=True):
        for places in part:
            weights[places] = weight
    common = truth.present.float().mean(0).clamp(0.01, 0.99)
    for step in range(recipe.steps):
        for group in optimiser.param_groups:
            group["lr"] = recipe.lr * rate(step, recipe.steps)
        chosen = torch.randint(len(standard_statistics), (recipe.rows,))
        x = standard_statistics[chosen]
        mixed = torch.rand(len(x), 1) < recipe.mixed
        x = torch.lerp(x, x[torch.randperm(len(x))], torch.rand(len(x), 1) * mixed)
        x = disturbed(x, recipe.noise, 0.0)
        said = model(pad_pooled(x))
        loss = ((said - lesson(opinion_of(judges, x))).square().mean(0) * weights).sum()
        whole = ~mixed[:, 0]
        loss = (
            loss + own_labels_loss(said[whole], truth[chosen[whole]], common, recipe) * whole.float().mean()
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        follow(average, model, step)
    return average.eval()
