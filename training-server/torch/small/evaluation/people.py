"""Agreement of the written score with people, on the test clips of the tables with human scores.

The tables have features and scores and no pixels. The score is people's estimate from the features, less the
penalty, which needs pixels: each test clip gets the pixel statistics of a random intact real clip of the
validation split, as if nothing were wrong with it. Decoding and the penalty of intact footage are thus part
of the figure; that a penalty may be right is not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from modules.statistics import standardised
from small.answers import read_answers
from small.config import POOLED
from small.evaluation.held_out import written_scores
from small.evaluation.metric import Metric, metric
from small.evaluation.real_clips import broken
from small.human.evaluation import held_out_rows
from small.human.scores import HumanScores
from small.metrics import srcc
from small.penalty.copies import ORIGINAL, load_rows
from small.predictor import Checkpoint, EncodedClip, TorchPredictor

BATCH = 32


def intact_vectors(predictor: TorchPredictor) -> Tensor:
    """Inputs of the motion projector [n, M] of intact real clips of the validation split."""
    rows = load_rows("validation", "validation", "validation-views")
    raw = torch.from_numpy(rows.statistics[(rows.kind == ORIGINAL) & rows.intact])
    buffers = predictor.model.motion_statistics
    statistics = standardised(raw, buffers.mean.float(), buffers.std.float())
    return torch.cat([torch.zeros(len(raw), POOLED), statistics], 1)


def texts_of(predictor: TorchPredictor, clips: HumanScores, vectors: Tensor, frames: Tensor) -> list[str]:
    """Answers to the features of clips, each with the vector of a random intact clip."""
    rng = np.random.default_rng(0)
    chosen = rng.integers(len(vectors), size=len(clips))
    features = torch.from_numpy(clips.features).float()
    encoded = [
        EncodedClip(frames=frames, motion=vectors[k], quality=row)
        for k, row in zip(chosen.tolist(), features, strict=True)
    ]
    parts = [encoded[k : k + BATCH] for k in range(0, len(encoded), BATCH)]
    return [text for part in parts for text in predictor.generate(part)]


@torch.no_grad()
def agreement_of_texts(source: Checkpoint, sets: Sequence[HumanScores], command: str) -> list[Metric]:
    """SRCC of written scores with people's on every set's test clips, and the share of broken texts."""
    predictor = source.load()
    vectors = intact_vectors(predictor)
    side = predictor.profile.size
    frames = predictor.model.vision_tokens(torch.zeros(1, predictor.profile.frames, 3, side, side))[0]
    metrics, texts = [], []
    for clips in map(held_out_rows, sets):
        written = texts_of(predictor, clips, vectors, frames)
        scores = np.nan_to_num(written_scores(read_answers(written)), nan=0.0)
        name = f"SRCC of the text, {clips.title}, test clips"
        group = np.arange(len(clips))
        metrics.append(metric(name, lambda r, c=clips, s=scores: srcc(c.score[r], s[r]), group, command))
        texts += written
    share = float(np.mean([broken(text) for text in texts]))
    metrics.append(Metric(name="broken sentences, test clips", value=share, n=len(texts), command=command))
    return metrics
