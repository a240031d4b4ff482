"""Description of a package, for `npm run convert -- … --about about.json`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from modules.loader import load_model
from small.card import model_card
from small.evaluation.gates import metric_table, verdicts
from small.evaluation.held_out import MEASURES, LabelledPredictions
from small.evaluation.metric import Metric, as_json
from small.human.evaluation import across_sets, on_test_clips
from small.human.head import load_human_head
from small.human.package import COMMAND, trained_on
from small.human.scores import HumanScores, default_folder, load_human_scores

NAME = "VQAThinker small"
LICENCE = "Apache-2.0"
POPULATION = "held-out procedural clips"


def parameter_count(folder: Path) -> int:
    """Number of parameters of a checkpoint."""
    return sum(p.numel() for p in load_model(folder).parameters())


def card_metrics(metrics: Sequence[Metric]) -> list[Metric]:
    """The metrics of the model card: agreement with people, figures on real clips, those of the gates, and
    this head's measures on both kinds of clips."""
    measured = {f"{name}, {where}" for name in MEASURES for where in ("held-out clips", "held-out family")}
    gates = {v.metric.name for v in verdicts(metrics) if v.metric is not None}
    shown = ("test clips", "trained on the other sets", "real clips")
    return [f for f in metrics if f.name in measured | gates or f.name.endswith(shown)]


def local_scale(predictions: LabelledPredictions) -> dict[str, object]:
    """A scale of the model's own: its percentiles are those of `predictions`."""
    scores = predictions.written[predictions.readable]
    return {
        "range": [1, 5],
        "kind": "own",
        "population": POPULATION,
        "n": len(predictions.score),
        "quantiles": percentiles(scores),
    }


def percentiles(values: np.ndarray) -> list[float]:
    """Quantiles 0, 1, … 100 %."""
    return [float(q) for q in np.quantile(values, np.linspace(0, 1, 101)).round(4)]


def human_scale(sets: Sequence[HumanScores], head: dict[str, Any]) -> dict[str, object]:
    """People's scale: the sets that the human head was trained on, and the quantiles of all their scores."""
    opinions = np.concatenate([clips.score for clips in sets])
    return {
        "range": [1, 5],
        "kind": "human",
        "datasets": trained_on(head),
        "map": "INLSA",
        "opinions": {"n": len(opinions), "quantiles": percentiles(opinions)},
    }


def about(
    metrics: Sequence[Metric], predictions: LabelledPredictions, parameters: int, *, human: bool = False
) -> dict[str, object]:
    """Name, licence, scale, metrics and card of a model with its own scale or, with `human`, on people's.

    Raises FileNotFoundError without the tables with human scores, for the latter.
    """
    scale, measured = local_scale(predictions), list(metrics)
    if human:
        head, facts = load_human_head()
        sets = load_human_scores(default_folder())
        scale = human_scale(sets, facts)
        agreement = on_test_clips(head, sets, COMMAND) + across_sets(sets, COMMAND)
        measured += [m for m in agreement if m.name.startswith("SRCC")]
    return {
        "name": NAME,
        "licence": LICENCE,
        "scale": scale,
        "metrics": as_json(measured),
        "card": model_card(metric_table(card_metrics(measured)), parameters),
    }
