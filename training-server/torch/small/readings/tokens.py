"""Vision tokens made of fragment readings, and their join with a language half, token by token.

    npm run train-small -- readings-tokens

A *token concept* is what one fragment of one frame shows: of each spatial distortion 0 where absent, else
1 + severity. A decoder trained on oracle token concepts, embedded by one linear layer, gets those of a reader
instead: ridge regression maps the reader's hidden layer to token concepts, and the embedding follows; their
product is `mlp1.3`. No text is trained on video.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from modules.atomic_write import atomic_write
from modules.statistics import FRAGMENT_NAMES
from small.readings.clips import FOLDER
from small.readings.evaluate import (
    INPUTS,
    Dense,
    FrameReader,
    fit_frame_reader,
    frame_inputs,
    report,
)
from small.readings.reader import (
    RECIPE,
    SPATIAL_INDEX,
    FragmentReader,
    ReaderRecipe,
    Standardiser,
    ridge,
)
from small.readings.truths import NOT_ASKED, PRESENT, SPATIAL

TOKEN_CONCEPTS = len(SPATIAL)
PENALTY = 1e-3
"""Of the ridge regression, relative to the mean variance of the hidden units."""

READER = FOLDER / "reader.safetensors"


@dataclass(frozen=True)
class TokenMap:
    """Linear map from the reader's hidden layer to token concepts: hidden @ weight.T + bias."""

    weight: Tensor
    """[12, H]."""

    bias: Tensor
    """[12]."""

    def __call__(self, hidden: Tensor) -> Tensor:
        return hidden @ self.weight.T + self.bias


def oracle_token_concepts(dense: Dense) -> tuple[Tensor, Tensor]:
    """Token concepts [n · 8 · 49, 12] of the dense truths, and the mask of those that have one."""
    presence = torch.from_numpy(np.moveaxis(dense.truth["presence"], 1, -1).reshape(-1, TOKEN_CONCEPTS))
    severity = torch.from_numpy(dense.labels["severity"][:, SPATIAL_INDEX].astype(np.float32))
    each = severity.repeat_interleave(len(presence) // len(severity), 0)
    return torch.where(presence == PRESENT, 1 + each, 0.0), presence != NOT_ASKED


@torch.no_grad()
def hidden_of(reader: FrameReader, dense: Dense, every: int = 1) -> Tensor:
    """Hidden layer [n, H] of every `every`-th fragment of some clips."""
    values = frame_inputs(dense.features, reader.kinds)[::every]
    return torch.cat([reader.reader.hidden(reader.standardise(v.float())) for v in values.split(50_000)])


def token_map(reader: FrameReader, sets: list[Dense], every: int = 7) -> TokenMap:
    """Ridge regression of each token concept on the fragments that have a truth, every `every`-th of them."""
    hidden = torch.cat([hidden_of(reader, dense, every) for dense in sets])
    oracle = [oracle_token_concepts(dense) for dense in sets]
    concepts, asked = (torch.cat([pair[k][::every] for pair in oracle]) for k in (0, 1))
    rows = [
        ridge(hidden[asked[:, d]], concepts[asked[:, d], d : d + 1], PENALTY) for d in range(TOKEN_CONCEPTS)
    ]
    return TokenMap(torch.cat([w for w, _ in rows]), torch.cat([b for _, b in rows]))


def vision_state(
    standardise: Standardiser, reader: FragmentReader, concepts: TokenMap, embedding: nn.Linear
) -> dict[str, Tensor]:
    """`vision_model.*` and `mlp1.*` of a checkpoint whose `vision_config.statistics` are `FRAGMENT_NAMES`.

    `embedding` [D, 12] is the language half's embedding of token concepts.
    """
    outer, bias = embedding.weight.detach().double(), embedding.bias.detach().double()
    return {
        "vision_model.mean": standardise.mean,
        "vision_model.std": standardise.std,
        "mlp1.0.weight": reader.norm.weight.detach(),
        "mlp1.0.bias": reader.norm.bias.detach(),
        "mlp1.1.weight": reader.inner.weight.detach(),
        "mlp1.1.bias": reader.inner.bias.detach(),
        "mlp1.3.weight": (outer @ concepts.weight.double()).float(),
        "mlp1.3.bias": (outer @ concepts.bias.double() + bias).float(),
    }


def save_reader(reader: FrameReader, concepts: TokenMap, path: Path = READER) -> None:
    """Standardisation, reader and token map in one file."""
    parts = {f"reader.{name}": value for name, value in reader.reader.state_dict().items()}
    parts |= {"mean": reader.standardise.mean, "std": reader.standardise.std}
    parts |= {"map.weight": concepts.weight, "map.bias": concepts.bias}
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as partial:
        save_file({name: value.contiguous() for name, value in parts.items()}, partial)


def load_reader(path: Path = READER) -> tuple[Standardiser, FragmentReader, TokenMap]:
    """Standardisation, reader and token map of a file; FileNotFoundError before `save_reader`."""
    parts = load_file(path)
    reader = FragmentReader(len(FRAGMENT_NAMES))
    reader.load_state_dict({n[7:]: v for n, v in parts.items() if n.startswith("reader.")})
    concepts = TokenMap(parts["map.weight"], parts["map.bias"])
    return Standardiser(parts["mean"], parts["std"]), reader.eval(), concepts


def explained(predicted: Tensor, truth: Tensor, asked: Tensor) -> list[float]:
    """R² of each column over the fragments that have a truth."""
    out = []
    for d in range(truth.shape[1]):
        p, t = predicted[asked[:, d], d], truth[asked[:, d], d]
        out.append(float(1 - (t - p).square().sum() / (t - t.mean()).square().sum().clamp(min=1e-9)))
    return out


def stage_tokens(recipe: ReaderRecipe = RECIPE) -> None:
    """Fits and saves the reader and its token map; prints what tokens carry of presence, where and when."""
    torch.set_num_threads(1)
    sets = [Dense.of("train"), Dense.of("real-train")]
    reader = fit_frame_reader(sets, INPUTS["values"], recipe=recipe)
    concepts = token_map(reader, sets)
    save_reader(reader, concepts)
    for name in ("test", "where", "real-test"):
        dense = Dense.of(name)
        predicted = concepts(hidden_of(reader, dense))
        truth, asked = oracle_token_concepts(dense)
        listed = ", ".join(
            f"{d} {r:.2f}" for d, r in zip(SPATIAL, explained(predicted, truth, asked), strict=True)
        )
        print(f"{name}: R² of token concepts: {listed}")
        report(f"token concepts, {name}", predicted.numpy().reshape(len(dense), 8, 49, -1), dense, each=False)
