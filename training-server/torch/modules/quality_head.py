"""The quality head: published quality features of a clip to an addition to its motion token.

The features (`core/sampling/human-features.json`) are computed of whole frames outside the network. A head
trained on human scores predicts `k` numbers of them, and a linear map adds these to the motion token. With
one number and the column of the small model's concept embedding that belongs to the score, the decoder reads
the sum of the head's score and the projector's.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LIMIT = 4.0
"""Largest standardised feature."""


class QualityHead(nn.Module):
    """Bounds and standardises features, one hidden layer, and the map to the motion token."""

    low: Tensor
    high: Tensor
    mean: Tensor
    deviation: Tensor

    def __init__(self, features: int, hidden: int, outputs: int, width: int):
        super().__init__()
        for name in ("low", "high", "mean", "deviation"):
            self.register_buffer(name, torch.zeros(features))
        self.inner = nn.Linear(features, hidden)
        self.outer = nn.Linear(hidden, outputs)
        self.embedding = nn.Linear(outputs, width, bias=False)

    def standardised(self, features: Tensor) -> Tensor:
        """Raw features [V, n], NaN where missing → [V, n] within ±4; a missing one becomes 0, the mean."""
        bounded = torch.minimum(torch.maximum(features, self.low), self.high)
        return ((bounded - self.mean) / self.deviation).clamp(-LIMIT, LIMIT).nan_to_num(0)

    def predicted(self, features: Tensor) -> Tensor:
        """Raw features [V, n] → numbers [V, k]."""
        return self.outer(F.relu(self.inner(self.standardised(features))))

    def forward(self, features: Tensor) -> Tensor:
        """Raw features [V, n] → addition to the motion token [V, D]."""
        return self.embedding(self.predicted(features))
