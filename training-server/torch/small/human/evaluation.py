"""Agreement of the human head with human scores: on test clips, and on a set left out of training."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from small.evaluation.gates import Gate, gate_table, metric_table, verdicts
from small.evaluation.metric import Metric, metric
from small.human.copies import ORIGINAL, Copies
from small.human.head import SHIPPED, HumanHead, fit_human_head, load_human_head, predicted
from small.human.scores import HumanScores, load_human_scores
from small.metrics import plcc, srcc

SEEDS = (1, 2, 3)
FITTED = ("train", "validation")
GATES = tuple(
    Gate(**row) for row in json.loads(Path(__file__).with_name("gates.json").read_text("utf-8"))["gates"]
)


def agreement(clips: HumanScores, scores: np.ndarray, where: str, command: str) -> list[Metric]:
    """SRCC, PLCC and RMSE of predicted scores [n], with intervals over clips."""
    of = {
        "SRCC": lambda rows: srcc(clips.score[rows], scores[rows]),
        "PLCC": lambda rows: plcc(clips.score[rows], scores[rows]),
        "RMSE": lambda rows: float(np.sqrt(np.mean((clips.score[rows] - scores[rows]) ** 2))),
    }
    clip = np.arange(len(clips))
    return [metric(f"{name}, {where}", function, clip, command) for name, function in of.items()]


def held_out_rows(clips: HumanScores) -> HumanScores:
    """The rows of the split test; all rows of a set without one."""
    test = clips.rows(["test"])
    return test if len(test) else clips


def on_test_clips(head: HumanHead, sets: Sequence[HumanScores], command: str) -> list[Metric]:
    metrics = []
    for clips in map(held_out_rows, sets):
        metrics += agreement(clips, predicted(head, clips), f"{clips.title}, test clips", command)
    return metrics


def across_sets(sets: Sequence[HumanScores], command: str) -> list[Metric]:
    """Agreement on all clips of a set with a head of all clips of the others; nothing for a single set."""
    metrics = []
    for left_out in sets if len(sets) > 1 else ():
        others = HumanScores.joined([s for s in sets if s is not left_out])
        scores = predicted(fit_human_head(others, SEEDS), left_out)
        metrics += agreement(left_out, scores, f"{left_out.title}, trained on the other sets", command)
    return metrics


def within_clips(head: HumanHead, copies: Copies, command: str) -> list[Metric]:
    """Mean over clips of the Spearman correlation of scores and severity, for each kind of distortion; tied
    scores count as 0."""
    scores = predicted(head, copies)
    metrics = []
    for kind in dict.fromkeys(copies.kind[copies.kind != ORIGINAL]):
        values = []
        for clip in dict.fromkeys(copies.clip):
            rows = (copies.clip == clip) & np.isin(copies.kind, [kind, ORIGINAL])
            values.append(srcc(-copies.fall[rows], scores[rows]) if np.ptp(scores[rows]) else 0.0)
        name = f"Spearman of {kind}, within clips"
        metrics.append(Metric(name=name, value=float(np.mean(values)), n=len(values), command=command))
    return metrics


def evaluate_features(folder: Path, *, strict: bool = False) -> int:
    """Prints the agreement of the shipped head with the human scores of a folder; 1 if a gate is missed and
    `strict`."""
    command = f"npm run evaluate-small -- --features {folder}"
    sets = load_human_scores(folder)
    head, about = load_human_head()
    print(f"{SHIPPED.name}: trained on {about['trainedOn']}, tested on {', '.join(s.title for s in sets)}")
    metrics = on_test_clips(head, sets, command) + across_sets(sets, command)
    every = verdicts(metrics, GATES)
    print(f"\n{metric_table(metrics)}\n\n{gate_table(every, 'floor', 'goal')}")
    return int(strict and any(v.failed for v in every))
