"""What a package says of itself: `npm run convert -- … --about about.json`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from modules.loader import load_model
from small.card import model_card
from small.evaluation.figure import Figure, said
from small.evaluation.gates import figure_table, verdicts
from small.evaluation.held_out import MEASURES, Judged

NAME = "VQAThinker small"
LICENCE = "Apache-2.0"
POPULATION = "held-out procedural clips"


def parameter_count(folder: Path) -> int:
    """Of a checkpoint."""
    return sum(p.numel() for p in load_model(folder).parameters())


def card_figures(figures: Sequence[Figure]) -> list[Figure]:
    """What a reader of the card wants: the gates' figures, and the measures of this head on both kinds of
    clips."""
    own = {f"{name}, {where}" for name in MEASURES for where in ("held-out clips", "held-out family")}
    gates = {v.figure.name for v in verdicts(figures) if v.figure is not None}
    return [f for f in figures if f.name in own | gates]


def about(figures: Sequence[Figure], found: Judged, parameters: int) -> dict[str, object]:
    """Name, licence, scale, figures and card; the scale's percentiles are those of the answers `found`."""
    scores = found.written[found.readable]
    return {
        "name": NAME,
        "licence": LICENCE,
        "scale": {
            "range": [1, 5],
            "kind": "own",
            "population": POPULATION,
            "n": len(found.score),
            "quantiles": [float(q) for q in np.quantile(scores, np.linspace(0, 1, 101)).round(4)],
        },
        "figures": said(figures),
        "card": model_card(figure_table(card_figures(figures)), parameters),
    }
