"""Distorted copies: the table, the frames that are shown, a clip through ffmpeg, their use in training."""

import shutil
from fractions import Fraction

import av
import numpy as np
import pytest
import torch

from small.human import copies
from small.human.copies import (
    FALLS,
    ORIGINAL,
    TABLE,
    Copies,
    copy_features,
    load_copies,
    shown_frame,
    stage_human_copies,
)
from small.human.evaluation import within_clips
from small.human.frames import COLUMNS
from small.human.head import HumanRecipe, fit_human_head, predicted
from small.human.scores import HumanScores


def test_falls_rise_with_severity_and_every_kind_can_be_made():
    for kind, row in TABLE["fall"].items():
        assert list(row.values()) == sorted(row.values())
        assert kind in TABLE["filters"] or kind in TABLE["encode"] or kind in TABLE["order"]
    assert not set(TABLE["clips"]) & set(TABLE["heldOut"])


def test_shown_frames_of_frozen_and_repeating_copies():
    assert [shown_frame("freeze", 0.5, k, 8) for k in range(8)] == [0, 1, 2, 2, 2, 2, 6, 7]
    assert [shown_frame("repeat", 3, k, 8) for k in range(8)] == [0, 0, 0, 3, 3, 3, 6, 6]
    assert shown_frame("crf", 41, 5, 8) == 5


def test_a_clip_goes_through_ffmpeg(tmp_path, monkeypatch):
    if not shutil.which("ffmpeg"):
        pytest.skip("ffmpeg is not installed")
    rng = np.random.default_rng(1)
    with av.open(str(tmp_path / "a.mp4"), "w") as out:
        stream = out.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        scene = np.kron(rng.integers(20, 230, (14, 18)), np.ones((8, 8))).astype(np.uint8)
        for k in range(50):
            frame = av.VideoFrame.from_ndarray(np.stack([scene[k % 8 :, k % 9 :][:96, :128]] * 3, -1))
            frame.pts, frame.time_base = k, Fraction(1, 30)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    some = [(ORIGINAL, 0.0), ("crf", 47.0), ("blur", 2.0), ("noise", 16.0), ("freeze", 0.6)]
    monkeypatch.setattr(copies, "FALLS", {key: FALLS[key] for key in some})
    values = dict(zip((kind for kind, _ in some), copy_features(tmp_path / "a.mp4"), strict=True))
    sigma, change = COLUMNS.index("avg_fl_sigma2"), COLUMNS.index("avg_ti")
    assert all(row.shape == (47,) for row in values.values())
    assert values["blur"][sigma] < values[ORIGINAL][sigma]
    assert values["freeze"][change] < values[ORIGINAL][change]
    assert not np.allclose(values["crf"], values[ORIGINAL]) and not np.allclose(
        values["noise"], values["crf"]
    )


def test_what_is_missing_is_named(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="run npm run train-small -- human-copies"):
        load_copies(tmp_path)
    monkeypatch.setenv("VQA_SHARED", str(tmp_path))
    monkeypatch.setattr(copies, "FOLDER", tmp_path / "copies")
    monkeypatch.setattr(shutil, "which", lambda _: "ffmpeg")
    with pytest.raises(FileNotFoundError, match="VQA_SHARED"):
        stage_human_copies()
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(FileNotFoundError, match="ffmpeg"):
        stage_human_copies()


def made_up_copies(clips: int) -> Copies:
    """Noise raises column 0, as sharpness does between contents; it alone raises column 1."""
    rng = np.random.default_rng(4)
    features = rng.normal(5, 2, (4 * clips, len(COLUMNS)))
    kind = np.tile([ORIGINAL, "noise", "noise", "noise"], clips)
    step = np.tile([0.0, 1.0, 2.0, 3.0], clips)
    features = np.repeat(features[::4], 4, axis=0)
    features[:, 0] += step
    features[:, 1] = 5 + 2 * step
    return Copies(np.repeat([f"clip{k}" for k in range(clips)], 4), kind, 0.4 * step, features)


def test_copies_teach_a_head_what_human_scores_do_not():
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    features = rng.normal(5, 2, (400, len(COLUMNS)))
    features[:, 1] = rng.normal(5, 0.3, 400)
    score = 3 + 0.4 * np.tanh(features[:, 0] - 5)
    human = HumanScores("made up", features, score, np.full(400, "train"))
    recipe = HumanRecipe(hidden=32, steps=500, batch=100)
    made = made_up_copies(20)
    alone, taught = fit_human_head(human, [1], recipe), fit_human_head(human, [1], recipe, made)
    held_out = made_up_copies(30).rows([f"clip{k}" for k in range(20, 30)])
    before, after = (within_clips(head, held_out, "c")[0].value for head in (alone, taught))
    assert before < 0 and after > 0.9
    agreement = np.corrcoef(predicted(taught, human), score)[0, 1]
    assert agreement > 0.8
