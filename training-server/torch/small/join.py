"""The join of perception and language: one linear map.

One linear layer maps the projector's hidden layer (`motion_mlp.2`, GELU) to label concepts, and the linear
concept embedding of `language.py` follows; the product of the two is the projector's last Linear. No text is
trained on video. The style part of a concept vector is the strongest principal components of the hidden layer
after everything that predicts the label has been removed: numbers that differ between videos and are
uncorrelated with quality, so that the phrasing depends on the video.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from small.concepts import CONCEPT_DIM, LABEL_PART, STYLE_PART, STYLE_SIZE


@dataclass(frozen=True, kw_only=True)
class ConceptMap:
    """Linear map from the hidden layer to concept vectors: hidden @ weight.T + bias."""

    weight: Tensor
    """[CONCEPT_DIM, H]."""

    bias: Tensor
    """[CONCEPT_DIM]."""

    def __call__(self, hidden: Tensor) -> Tensor:
        return hidden @ self.weight.T + self.bias

    def then(self, embedding: nn.Linear) -> tuple[Tensor, Tensor]:
        """Weight [D, H] and bias [D] of the projector's last Linear: this map, then the concept embedding."""
        outer, bias = embedding.weight.detach().double(), embedding.bias.detach().double()
        return (outer @ self.weight.double()).float(), (outer @ self.bias.double() + bias).float()


def explained(predicted: Tensor, targets: Tensor) -> Tensor:
    """R² of each column; 0 where a target is constant."""
    left = (targets - predicted).double().square().sum(0)
    whole = (targets - targets.mean(0)).double().square().sum(0)
    return torch.where(whole > 0, 1 - left / whole.clamp(min=1e-12), 0.0)


def style_map(hidden: Tensor, slopes: Tensor, *, seed: int = 7) -> tuple[Tensor, Tensor]:
    """Weight [8, H] and bias [8] of style numbers: uncorrelated with every predicted concept and with each
    other, unit variance over these clips.

    hidden [n, H]; slopes [H, K] of the layer that predicts label concepts.
    """
    hidden = hidden.double()
    centred = hidden - hidden.mean(0)
    predicted = centred @ slopes.double()

    def fit(targets: Tensor) -> Tensor:
        # Predictions may be collinear (a distortion that never acts in one half only), hence gelsd.
        return torch.linalg.lstsq(predicted, targets, driver="gelsd").solution

    residuals = centred - predicted @ fit(centred)
    components = torch.linalg.svd(residuals, full_matrices=False)[2][:STYLE_SIZE]
    # The components act on the layer itself at inference; their predictable part is a linear function of the
    # layer too and is subtracted inside the weight.
    weight = components - (slopes.double() @ fit(centred @ components.T)).T
    numbers = centred @ weight.T
    values, vectors = torch.linalg.eigh(numbers.T @ numbers / len(numbers))
    whiten = vectors / values.clamp(min=1e-12).sqrt()
    # A fixed rotation mixes strong and weak components, so that no style number is one raw feature.
    generator = torch.Generator().manual_seed(seed)
    turn = torch.linalg.qr(torch.randn(STYLE_SIZE, STYLE_SIZE, generator=generator))[0].double()
    weight = turn @ whiten.T @ weight
    return weight, -(weight @ hidden.mean(0))


def join(hidden: Tensor, labels: nn.Linear) -> ConceptMap:
    """The map to concept vectors: the label part is the projector's own layer, the style part comes from its
    hidden layers [n, H] of many clips."""
    slopes = labels.weight.detach().double().T
    weight = torch.zeros(CONCEPT_DIM, hidden.shape[1], dtype=torch.float64)
    bias = torch.zeros(CONCEPT_DIM, dtype=torch.float64)
    weight[LABEL_PART], bias[LABEL_PART] = slopes.T, labels.bias.detach().double()
    weight[STYLE_PART], bias[STYLE_PART] = style_map(hidden, slopes)
    return ConceptMap(weight=weight.float(), bias=bias.float())
