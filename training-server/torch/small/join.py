"""Joins a perceiver to the language model: one linear map.

The projector reads its hidden layer (`motion_mlp.2`, GELU) as label codes with one linear layer; the code's
linear layer of `language.py` follows, and the product of the two is the projector's last Linear. No text is
trained on video. The style part of a code is the hidden layer's strongest principal components after
everything that predicts the label has been taken out: numbers that differ between videos and say nothing of
their quality, so that the phrasing is the video's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from small.codes import CODE_SIZE, LABEL_PART, STYLE_PART, STYLE_SIZE


@dataclass(frozen=True, kw_only=True)
class CodeMap:
    """code = hidden @ weight.T + bias."""

    weight: Tensor
    """[CODE_SIZE, H]."""

    bias: Tensor
    """[CODE_SIZE]."""

    def __call__(self, hidden: Tensor) -> Tensor:
        return hidden @ self.weight.T + self.bias

    def then(self, code: nn.Linear) -> tuple[Tensor, Tensor]:
        """Weight [D, H] and bias [D] of the projector's last Linear: this map, then the code's layer."""
        outer, bias = code.weight.detach().double(), code.bias.detach().double()
        return (outer @ self.weight.double()).float(), (outer @ self.bias.double() + bias).float()


def explained(predicted: Tensor, targets: Tensor) -> Tensor:
    """R² a column; 0 where a target is constant."""
    left = (targets - predicted).double().square().sum(0)
    whole = (targets - targets.mean(0)).double().square().sum(0)
    return torch.where(whole > 0, 1 - left / whole.clamp(min=1e-12), 0.0)


def style_map(hidden: Tensor, slopes: Tensor, *, seed: int = 7) -> tuple[Tensor, Tensor]:
    """Weight [8, H] and bias [8] of style numbers: uncorrelated with every predicted code and with each
    other, unit variance over these clips.

    hidden [n, H]; slopes [H, K] of the layer that reads label codes.
    """
    hidden = hidden.double()
    centred = hidden - hidden.mean(0)
    predicted = centred @ slopes.double()

    def fit(targets: Tensor) -> Tensor:
        # Predictions may be collinear (a distortion that never acts in one half only), hence gelsd.
        return torch.linalg.lstsq(predicted, targets, driver="gelsd").solution

    residuals = centred - predicted @ fit(centred)
    components = torch.linalg.svd(residuals, full_matrices=False)[2][:STYLE_SIZE]
    # What the model will see is the components of the layer itself; their predictable part is a linear
    # function of the layer too and is taken away inside the weight.
    weight = components - (slopes.double() @ fit(centred @ components.T)).T
    numbers = centred @ weight.T
    values, vectors = torch.linalg.eigh(numbers.T @ numbers / len(numbers))
    whiten = vectors / values.clamp(min=1e-12).sqrt()
    # A fixed rotation mixes strong and weak components, so that no style number is one raw feature.
    generator = torch.Generator().manual_seed(seed)
    turn = torch.linalg.qr(torch.randn(STYLE_SIZE, STYLE_SIZE, generator=generator))[0].double()
    weight = turn @ whiten.T @ weight
    return weight, -(weight @ hidden.mean(0))


def join(hidden: Tensor, labels: nn.Linear) -> CodeMap:
    """The map to whole codes: the label part as the projector reads it, the style part from its hidden layers
    [n, H] of many clips."""
    slopes = labels.weight.detach().double().T
    weight = torch.zeros(CODE_SIZE, hidden.shape[1], dtype=torch.float64)
    bias = torch.zeros(CODE_SIZE, dtype=torch.float64)
    weight[LABEL_PART], bias[LABEL_PART] = slopes.T, labels.bias.detach().double()
    weight[STYLE_PART], bias[STYLE_PART] = style_map(hidden, slopes)
    return CodeMap(weight=weight.float(), bias=bias.float())
