"""Oracle: predictors that return their input as text and count the encoded clips."""

from dataclasses import dataclass
from pathlib import Path

import torch

from small.evaluation import prediction_cache as cache_module
from small.evaluation.prediction_cache import PredictionCache
from small.predictor import EncodedClip

ENCODED: list[str] = []


@dataclass(frozen=True)
class Numbers:
    fingerprint: str = "a"
    name: str = "numbers"

    def pixels(self, name):
        ENCODED.append(name)
        return torch.tensor([float(name.split("/")[1])])


@dataclass(frozen=True)
class Echo:
    key: str
    encoder_id: str = "encoder"

    def load(self):
        return self

    def encode(self, pixels, quality=None):
        return EncodedClip(frames=pixels, motion=pixels)

    def generate(self, clips):
        return [f"{self.key} {float(s.motion):g}" for s in clips]


def names(count):
    return [f"clip/{k}" for k in range(count)]


def texts_of(folder: Path, sources, count, clips=Numbers(), **options):
    ENCODED.clear()
    with PredictionCache(folder, workers=1, log=lambda _: None, **options) as cache:
        return cache.texts(sources, clips, names(count))


def test_an_interrupted_prediction_resumes(tmp_path):
    first, other = Echo("a"), Echo("b")
    assert texts_of(tmp_path, [first], 40) == [[f"a {k}" for k in range(40)]]
    assert len(ENCODED) == 40
    assert texts_of(tmp_path, [first, other], 70) == [[f"{key} {k}" for k in range(70)] for key in "ab"]
    assert len(ENCODED) == 30  # the new clips, once for both; encodings are cached
    texts_of(tmp_path, [first], 70)
    assert not ENCODED


def test_another_encoder_encodes_again(tmp_path):
    texts_of(tmp_path, [Echo("a"), Echo("b", encoder_id="other")], 40)
    assert len(ENCODED) == 80


def test_other_pixels_are_other_clips(tmp_path):
    texts_of(tmp_path, [Echo("a")], 8)
    texts_of(tmp_path, [Echo("a")], 8, clips=Numbers(fingerprint="b"))
    assert len(ENCODED) == 8


def test_encodings_of_old_encoders_are_deleted(tmp_path, monkeypatch):
    monkeypatch.setattr(cache_module, "CACHED_ENCODERS", 2)
    for encoder_id in "abc":
        texts_of(tmp_path, [Echo(encoder_id, encoder_id=encoder_id)], 4)
    assert sorted(f.name for f in (tmp_path / "encoded").iterdir()) == ["b", "c"]


def test_a_torn_last_line_is_predicted_again(tmp_path):
    texts_of(tmp_path, [Echo("a")], 8)
    (file,) = (tmp_path / "texts").iterdir()
    file.write_text(file.read_text()[:-9])
    assert texts_of(tmp_path, [Echo("a")], 8) == [[f"a {k}" for k in range(8)]]
    texts_of(tmp_path, [Echo("a")], 8)
    assert not ENCODED


def test_several_processes_give_the_same_in_the_same_order(tmp_path):
    with PredictionCache(tmp_path, workers=2, log=lambda _: None) as cache:
        texts = cache.texts([Echo("a"), Echo("b")], Numbers(), names(100))
    assert texts == [[f"{key} {k}" for k in range(100)] for key in "ab"]
