"""The student projector: inputs of `motion_mlp` → hidden layer → label part of a concept vector."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from modules.schedule import warmup_cosine
from small.concepts import FIRST, SCORE, SECOND, SEVERITY, verbalization_policy
from small.config import HIDDEN, LABELS, MOTION, POOLED
from small.heads import (
    WARMUP,
    TargetMapping,
    Targets,
    TeacherHead,
    ensemble_output,
    update_ema,
    with_input_noise,
)


class Projector(nn.Module):
    """`motion_mlp.{0,1}` and a linear layer from its hidden layer to label concepts [n, 1 + 3 d]."""

    def __init__(self, inputs: int = MOTION.features, hidden: int = HIDDEN):
        super().__init__()
        self.norm = nn.LayerNorm(inputs)
        self.inner = nn.Linear(inputs, hidden)
        self.labels = nn.Linear(hidden, LABELS)

    @torch.no_grad()
    def ignore_pooled(self) -> Projector:
        """Sets all weights of the pooled vector to 0, where they stay: neither factor has a gradient.

        The norm's variance is then that of the statistics spread over all inputs; its scale corrects that.
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
    """Inputs of `motion_mlp` [n, 512 + k] with a pooled vector of 0, as of a zero-scaled backbone."""
    return torch.cat([torch.zeros(len(statistics_part), POOLED), statistics_part], 1)


@dataclass(frozen=True, kw_only=True)
class DistillationRecipe:
    """Hyperparameters of the distillation of several teacher heads into one projector.

    Teachers and student get the same noisy inputs, so that the student learns the teachers' function and not
    only their output at the training clips.
    """

    teachers: int = 3
    steps: int = 8000
    rows: int = 192
    lr: float = 2e-3
    weight_decay: float = 0.02
    noise: float = 0.2
    """Standard deviation of the noise on the inputs of teachers and student alike."""

    mixup: float = 0.5
    """Share of the rows that are a random convex combination of the inputs of two clips."""

    weights: tuple[float, float, float] = (10.0, 1.0, 0.3)
    """Of the squared errors of score, severities and halves against the teachers' targets."""

    sharpness: float = 4.0
    """Logits per unit of a severity component, for the two losses on the clips' own labels."""

    single: float = 3.0
    """Weight of the cross-entropy over distortions, of clips with exactly one: the teachers' mean does not
    say which of two components must be the larger."""

    balanced: float = 0.6
    """Weight of the naming loss: on which side of the naming threshold a component lies, with clips that have
    the distortion and clips that do not weighted equally."""


def hard_label_loss(
    prediction: Tensor, truth: Targets, prevalence: Tensor, recipe: DistillationRecipe
) -> Tensor:
    """Loss of predicted label concepts [n, 1 + 3 d] against the presence of distortions in the labels.

    prevalence: [d] share of the clips that have each distortion.
    """
    components, present = prediction[:, SEVERITY], truth.present.float()
    one = present.sum(1) == 1
    choice = F.cross_entropy(recipe.sharpness * components[one], present[one].argmax(1), reduction="sum")
    side = recipe.sharpness * (components - verbalization_policy.naming_threshold)
    naming = present / prevalence * F.softplus(-side) + (1 - present) / (1 - prevalence) * F.softplus(side)
    return (recipe.single * choice + recipe.balanced * naming.sum() / 2) / len(prediction)


def distill(
    teachers: list[TeacherHead],
    target_mapping: TargetMapping,
    inputs: Tensor,
    truth: Targets,
    seed: int,
    recipe: DistillationRecipe = DistillationRecipe(),
) -> Projector:
    """A projector that predicts the teachers' mapped output from standardised statistics [n, k].

    It ignores the pooled vector. Rows that are no mixture of two clips add `hard_label_loss`.
    """
    torch.manual_seed(seed)
    model, ema = Projector().ignore_pooled(), Projector().ignore_pooled()
    ema.load_state_dict(model.state_dict())
    optimiser = torch.optim.AdamW(model.parameters(), weight_decay=recipe.weight_decay)
    weights = torch.empty(LABELS)
    for part, weight in zip(((SCORE,), (SEVERITY,), (FIRST, SECOND)), recipe.weights, strict=True):
        for components in part:
            weights[components] = weight
    prevalence = truth.present.float().mean(0).clamp(0.01, 0.99)
    for step in range(recipe.steps):
        for group in optimiser.param_groups:
            group["lr"] = warmup_cosine(step, peak=recipe.lr, warmup=WARMUP, progress=step / recipe.steps)
        chosen = torch.randint(len(inputs), (recipe.rows,))
        x = inputs[chosen]
        mixed = torch.rand(len(x), 1) < recipe.mixup
        x = torch.lerp(x, x[torch.randperm(len(x))], torch.rand(len(x), 1) * mixed)
        x = with_input_noise(x, recipe.noise, 0.0)
        prediction = model(pad_pooled(x))
        targets = target_mapping(ensemble_output(teachers, x))
        loss = ((prediction - targets).square().mean(0) * weights).sum()
        single = ~mixed[:, 0]
        hard = hard_label_loss(prediction[single], truth[chosen[single]], prevalence, recipe)
        loss = loss + hard * single.float().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        update_ema(ema, model, step)
    return ema.eval()
