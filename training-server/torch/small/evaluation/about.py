"""Description of a package, for `npm run convert -- … --about about.json`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from modules.loader import load_model
from small.card import model_card
from small.evaluation.gates import metric_table, verdicts
from small.evaluation.held_out import MEASURES, LabelledPredictions
from small.evaluation.metric import Metric, as_json

NAME = "VQAThinker small"
LICENCE = "Apache-2.0"
POPULATION = "held-out procedural clips"


def parameter_count(folder: Path) -> int:
    """Number of parameters of a checkpoint."""
    return sum(p.numel() for p in load_model(folder).parameters())


def card_metrics(metrics: Sequence[Metric]) -> list[Metric]:
    """The metrics of the model card: those of the gates, and this head's measures on both kinds of clips."""
    measured = {f"{name}, {where}" for name in MEASURES for where in ("held-out clips", "held-out family")}
    gates = {v.metric.name for v in verdicts(metrics) if v.metric is not None}
    return [f for f in metrics if f.name in measured | gates]


def about(metrics: Sequence[Metric], predictions: LabelledPredictions, parameters: int) -> dict[str, object]:
    """Name, licence, scale, metrics and card; the scale's percentiles are those of `predictions`."""
    scores = predictions.written[predictions.readable]
    return {
        "name": NAME,
        "licence": LICENCE,
        "scale": {
            "range": [1, 5],
            "kind": "own",
            "population": POPULATION,
            "n": len(predictions.score),
            "quantiles": [float(q) for q in np.quantile(scores, np.linspace(0, 1, 101)).round(4)],
        },
        "metrics": as_json(metrics),
        "card": model_card(metric_table(card_metrics(metrics)), parameters),
    }
