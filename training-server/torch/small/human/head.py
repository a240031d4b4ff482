"""The human head: a score of 1 to 5 from the 47 columns, the mean of networks trained with several seeds.

It ranks contents as people did (resolution, sharpness, texture, compression, shake). Distorted copies of real
clips teach it that distortions lower a score; without them it takes noise for detail. It does not see
transmission errors.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from modules.schedule import warmup_cosine
from small.human.copies import ORIGINAL, Copies
from small.human.frames import COLUMNS
from small.human.scores import HumanScores

LIMIT = 4.0
"""Largest standardised input."""

TAIL = 0.005
"""Share of the training clips beyond each bound of a column."""

SHIPPED = Path(__file__).with_name("head.safetensors")

MOTION = ("mo_intensity", "mo_ego_std", "mo_jerk", "mo_y", "mo_flicker", "ti")


def sampling_noise(column: str) -> float:
    """Deviation, in standard deviations, of 16 samples and 4 sharpness frames from all of a clip of 8 s."""
    kind, _, name = column.partition("_")
    if kind == "hc":
        return 0.11
    if kind == "avg":
        return 0.14 if name in MOTION else 0.055
    return 0.28 if name in MOTION else 0.27


class HumanHead(nn.Module):
    """Standardises the columns and averages the outputs of its networks, one hidden layer each."""

    low: Tensor
    high: Tensor
    mean: Tensor
    deviation: Tensor

    def __init__(self, networks: int, hidden: int):
        super().__init__()
        for name in ("low", "high", "mean", "deviation"):
            self.register_buffer(name, torch.zeros(len(COLUMNS)))
        self.networks = networks
        self.inner = nn.Linear(len(COLUMNS), networks * hidden)
        self.outer = nn.Linear(networks * hidden, 1)

    def standardised(self, features: Tensor) -> Tensor:
        """Raw columns [n, 47] → [n, 47] within ±4; a missing one becomes 0, the training mean."""
        bounded = torch.minimum(torch.maximum(features, self.low), self.high)
        return ((bounded - self.mean) / self.deviation).clamp(-LIMIT, LIMIT).nan_to_num(0)

    def forward(self, features: Tensor) -> Tensor:
        """Raw columns [n, 47] → scores [n], nominally 1 to 5."""
        return self.outer(F.relu(self.inner(self.standardised(features))))[:, 0]


@dataclass(frozen=True, kw_only=True)
class HumanRecipe:
    """Hyperparameters of one network's fit."""

    hidden: int = 128
    steps: int = 3000
    batch: int = 200
    lr: float = 3e-3
    weight_decay: float = 0.3
    dropout: float = 0.2
    """Of the hidden layer."""

    copies: int = 100
    """Rows of distorted copies in a step, where there are any."""

    copies_weight: float = 0.3
    """Weight of their loss; at 1 and 3 the agreement with human scores falls."""


def with_bounds(head: HumanHead, features: np.ndarray) -> None:
    """Sets a head's bounds and standardisation from training columns [n, 47]."""
    low, high = np.nanquantile(features, [TAIL, 1 - TAIL], axis=0)
    bounded = np.clip(features, low, high)
    values = low, high, np.nanmean(bounded, axis=0), np.nanstd(bounded, axis=0)
    for buffer, value in zip((head.low, head.high, head.mean, head.deviation), values, strict=True):
        buffer.copy_(torch.from_numpy(value))


Rows = tuple[Tensor, Tensor]
"""Standardised columns [n, 47] and targets [n], scores less the mean of the human ones."""


def _fit_network(human: Rows, copies: Rows | None, seed: int, recipe: HumanRecipe) -> nn.Sequential:
    """A network that predicts the targets of clips with human scores, and of copies."""
    inputs, score = human
    torch.manual_seed(seed)
    network = nn.Sequential(
        nn.Linear(inputs.shape[1], recipe.hidden),
        nn.ReLU(),
        nn.Dropout(recipe.dropout),
        nn.Linear(recipe.hidden, 1),
    )
    noise = torch.tensor([sampling_noise(column) for column in COLUMNS])
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=recipe.weight_decay)
    order = torch.randperm(0)
    for step in range(recipe.steps):
        for group in optimiser.param_groups:
            group["lr"] = warmup_cosine(step, peak=recipe.lr, warmup=30, progress=step / recipe.steps)
        if len(order) < min(recipe.batch, len(inputs)):
            order = torch.randperm(len(inputs))
        rows, order = order[: recipe.batch], order[recipe.batch :]

        def error(values: Tensor, target: Tensor) -> Tensor:
            noisy = values + noise * torch.randn(len(values), len(COLUMNS))
            return (network(noisy)[:, 0] - target).square().mean()

        loss = error(inputs[rows], score[rows])
        if copies is not None:
            drawn = torch.randint(len(copies[0]), (recipe.copies,))
            loss = loss + recipe.copies_weight * error(copies[0][drawn], copies[1][drawn])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return network.eval()


@torch.no_grad()
def _averaged(head: HumanHead, networks: Sequence[nn.Sequential], offset: float) -> None:
    head.inner.weight.copy_(torch.cat([network[0].weight for network in networks]))
    head.inner.bias.copy_(torch.cat([network[0].bias for network in networks]))
    head.outer.weight.copy_(torch.cat([network[3].weight for network in networks], 1) / len(networks))
    head.outer.bias.copy_(torch.stack([network[3].bias for network in networks]).mean(0) + offset)


def fit_human_head(
    clips: HumanScores,
    seeds: Sequence[int],
    recipe: HumanRecipe = HumanRecipe(),
    copies: Copies | None = None,
) -> HumanHead:
    """A head fitted on clips with human scores, one network a seed.

    With copies a head without them is fitted first: the target of a copy is that head's score of its original
    less the copy's fall.
    """
    head = HumanHead(len(seeds), recipe.hidden)
    with_bounds(head, clips.features if copies is None else np.concatenate([clips.features, copies.features]))

    def rows(features: np.ndarray, score: np.ndarray) -> Rows:
        return head.standardised(torch.from_numpy(features).float()), torch.from_numpy(score).float() - offset

    offset = float(clips.score.mean())
    human, distorted = rows(clips.features, clips.score), None
    if copies is not None:
        scores = predicted(fit_human_head(clips, seeds, recipe), copies)
        originals = copies.kind == ORIGINAL
        anchors = dict(zip(copies.clip[originals], scores[originals], strict=True))
        distorted = rows(copies.features, np.array([anchors[c] for c in copies.clip]) - copies.fall)
    _averaged(head, [_fit_network(human, distorted, seed, recipe) for seed in seeds], offset)
    return head.eval()


@torch.no_grad()
def predicted(head: HumanHead, clips: HumanScores | Copies) -> np.ndarray:
    """Scores [n] of clips."""
    return head(torch.from_numpy(clips.features).float()).numpy().astype(float)


def save_human_head(head: HumanHead, path: Path, about: dict[str, object]) -> None:
    """Writes the weights with the columns and a description of the training as metadata."""
    metadata = {"about": json.dumps(about | {"columns": COLUMNS, "networks": head.networks})}
    save_file({name: t.contiguous() for name, t in head.state_dict().items()}, path, metadata)


def load_human_head(path: Path = SHIPPED) -> tuple[HumanHead, dict[str, object]]:
    """A head and its description; raises ValueError for other columns than this code computes."""
    with safe_open(path, "pt") as tensors:
        about = json.loads(tensors.metadata()["about"])
        state = {name: tensors.get_tensor(name) for name in tensors.keys()}  # noqa: SIM118
    if tuple(about["columns"]) != COLUMNS:
        raise ValueError(f"{path} is a head of other columns than human-features.json lists")
    head = HumanHead(about["networks"], len(state["inner.bias"]) // about["networks"])
    head.load_state_dict(state)
    return head.eval(), about
