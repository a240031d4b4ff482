"""Oracle: a predictor whose answer is the first feature, so that its texts agree with people perfectly."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from small.evaluation import people
from small.human.scores import HumanScores


class Parrot:
    """Writes the first feature as its score."""

    profile = SimpleNamespace(size=32, frames=2)
    model = SimpleNamespace(vision_tokens=lambda pixels: torch.zeros(1, 4, 8))

    def __init__(self):
        self.motions = []

    def generate(self, clips):
        self.motions += [clip.motion for clip in clips]
        return [f"<think>x</think><answer>{float(clip.quality[0]):.2f}</answer>" for clip in clips]


def clips_of(count: int) -> HumanScores:
    features = np.full((count, 47), np.nan)
    features[:, 0] = np.linspace(1.2, 4.8, count)
    return HumanScores("A", features, features[:, 0] ** 2, np.array(["train", "test"] * (count // 2)))


def test_every_test_clip_has_its_features_and_the_vector_of_an_intact_clip(monkeypatch):
    parrot, vectors = Parrot(), torch.arange(6.0).reshape(3, 2)
    monkeypatch.setattr(people, "intact_vectors", lambda predictor: vectors)
    source = SimpleNamespace(load=lambda: parrot)
    agreement, broken = people.agreement_of_texts(source, [clips_of(80)], "x")
    assert (agreement.name, agreement.n) == ("SRCC of the text, A, test clips", 40)
    assert agreement.value == pytest.approx(1)
    assert {tuple(motion.tolist()) for motion in parrot.motions} == {tuple(v.tolist()) for v in vectors}
    assert (broken.value, broken.n) == (1, 40)  # "x" is no sentence of the files
