"""Paired comparison of two models on the same clips."""

from __future__ import annotations

from small.evaluation.held_out import LabelledPredictions, score_srcc
from small.evaluation.metric import Metric, metric


def srcc_gain(
    predictions: LabelledPredictions, other: LabelledPredictions, name: str, command: str
) -> Metric:
    """SRCC of a model minus that of another on the same clips, with a paired interval."""
    return metric(
        name,
        lambda rows: score_srcc(predictions.take(rows)) - score_srcc(other.take(rows)),
        predictions.group,
        command,
    )
