"""The features against recorded values of another implementation and rows of the published tables."""

import hashlib
import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from procedural.sources import shared_folder
from small.human.clip import FramePlanes, clip_features, sample_features
from small.human.frames import COLUMNS, frame_plan, samples_of
from small.human.maps import normalised
from small.human.resize import half, resize
from small.human.spatial import gradient_magnitude
from small.human.video import video_features

FOLDER = shared_folder() / "human"
CLIPS = Path(os.environ.get("VQA_HUMAN_CLIPS", FOLDER / "clips"))

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="no recorded values: VQA_SHARED")

TOLERANCE = {
    "avg_br1_v_lvar": 0.1,
    "avg_br2_h_lvar": 0.1,
    "avg_br2_d_shape": 0.1,
    "avg_hi1_logx_shape": 0.01,
    "avg_mo_intensity": 0.05,
    "avg_mo_jerk": 0.05,
    "avg_mo_ego_std": 0.1,
    "std_fl_h_shape": 0.1,
    "std_mo_ego_std": 0.4,
    "std_mo_y": 0.15,
    "std_mo_flicker": 0.15,
}
"""Largest difference of a column, in standard deviations of KoNViD-1k: signs in flat areas and equal corners
depend on the arithmetic. 0.001 for all others."""


@pytest.fixture(scope="module")
def golden():
    return np.load(FOLDER / "golden.npz")


@pytest.fixture(scope="module")
def deviations() -> dict[str, float]:
    table = np.load(FOLDER / "features.npz")
    names = [str(c) for c in table["columns"]]
    return dict(zip(names, np.nanstd(table["konvid1k_light480_3fps"], axis=0), strict=True))


class DecodedClip:
    """Frames of a planar 4:2:0 file."""

    def __init__(self, path: Path, height: int, width: int):
        sizes = height * width, -(-height // 2) * -(-width // 2)
        self.shapes = (height, width), (-(-height // 2), -(-width // 2))
        self.cuts = sizes[0], sizes[0] + sizes[1]
        self.frames = np.memmap(path, np.uint8, "r").reshape(-1, sizes[0] + 2 * sizes[1])

    def __call__(self, number: int) -> FramePlanes:
        y, cb, cr = np.split(self.frames[number], self.cuts)
        return FramePlanes(y.reshape(self.shapes[0]), cb.reshape(self.shapes[1]), cr.reshape(self.shapes[1]))


def decoded(facts: dict, folder: Path) -> DecodedClip:
    """The clip of a recorded ffmpeg command, decoded into a folder; skips where its bytes differ."""
    if not shutil.which("ffmpeg"):
        pytest.skip("ffmpeg is not installed")
    out = folder / "clip.yuv"
    arguments = shlex.split(facts["command"].replace("OUT.yuv", str(out)))
    media = [str(FOLDER.parent / "media" / Path(a).name) if "/media/" in a else a for a in arguments]
    subprocess.run(media, check=True)
    if hashlib.sha256(out.read_bytes()).hexdigest() != facts["sha256"]:
        pytest.skip("this ffmpeg decodes to other bytes")
    return DecodedClip(out, facts["height"], facts["width"])


def close(values: np.ndarray, expected: np.ndarray, limit: float) -> bool:
    return bool(np.abs(values - expected).max() <= limit)


def test_maps_of_two_frames(golden):
    maps = {name.split("/")[1]: golden[name] for name in golden.files if name.startswith("maps_")}
    for scale, name in ((0.5, "rs_05"), (480 / 540, "rs_889"), (2.0, "rs_2")):
        assert close(resize(maps["rs_in"], scale), maps[name], 1e-10)
    for k in "12":
        plane, gradient = maps[f"y{k}"], gradient_magnitude(maps[f"y{k}"])
        result = normalised(plane)
        assert close(result.mscn, maps[f"mscn{k}"], 1e-6) and close(result.sigma, maps[f"sigma{k}"], 1e-5)
        assert close(gradient, maps[f"grad{k}"], 1e-4)
        assert close(normalised(gradient).mscn, maps[f"mscn_grad{k}"], 1e-6)
        assert close(half(plane), maps[f"half{k}"], 1e-4)


FAST = ("black", "carphone_qcif", "nasa_180p", "bikes", "bikes_still", "walk_dark")
SLOW = ("portrait", "anim_540_60", "car_12fps", "walk_fullrange", "bottle_360p", "square_642", "anim_1080_60")


@pytest.mark.parametrize("name", [*FAST, *(pytest.param(n, marks=pytest.mark.slow) for n in SLOW)])
def test_columns_of_a_clip(name, golden, deviations, tmp_path):
    facts = json.loads((FOLDER / "golden.json").read_text("utf-8"))[name]
    clip = decoded(facts, tmp_path)
    plan = frame_plan(len(clip.frames), facts["frame_rate"], whole=True)
    samples = samples_of(len(clip.frames), facts["frame_rate"])
    assert [s.now for s in samples] == golden[f"{name}/sample_frames"].tolist()
    assert list(plan.sharpness) == golden[f"{name}/hcf_frames"].tolist()
    all_columns = [str(c) for c in golden["columns"]]
    expected = dict(zip(all_columns, golden[f"{name}/pooled_stored_convention"], strict=True))
    values = dict(zip(COLUMNS, clip_features(plan, clip), strict=True))
    missing = {c for c in COLUMNS if np.isnan(expected[c])}
    assert {c for c in COLUMNS if np.isnan(values[c])} == missing
    apart = {c: abs(values[c] - expected[c]) / deviations[c] for c in COLUMNS if c not in missing}
    assert {c: d for c, d in apart.items() if not d <= TOLERANCE.get(c, 0.001)} == {}


NOISY = ("br1_v_lvar", "br2_h_lvar", "br2_d_shape", "fl_h_shape")
"""Features of one frame that depend on flat areas."""


def test_features_of_each_frame(golden, tmp_path):
    name = "carphone_qcif"
    facts = json.loads((FOLDER / "golden.json").read_text("utf-8"))[name]
    clip = decoded(facts, tmp_path)
    columns = [str(c) for c in golden["frame_columns"]]
    for s, row in zip(samples_of(len(clip.frames), 29.97), golden[f"{name}/frames"], strict=True):
        values = sample_features(clip(s.now), clip(s.before).y, clip(s.after).y)
        for feature, value in values.items():
            if feature not in NOISY and not feature.startswith("mo_"):
                assert value == pytest.approx(row[columns.index(feature)], rel=1e-7, abs=1e-12), feature


@pytest.mark.slow
@pytest.mark.parametrize("name", ["3339962845", "2999049224"])
def test_row_of_the_published_table(name, deviations):
    facts = json.loads((FOLDER / "end_to_end.json").read_text("utf-8"))[name]
    path = CLIPS / f"{name}.mp4"
    if not path.exists():
        pytest.skip(f"no clip {path} ({facts['repository']}, {facts['path']}): VQA_HUMAN_CLIPS")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == facts["sha256"]
    stored = dict(zip(facts["columns"], facts["stored"]["light480_3fps"], strict=True))
    values = dict(zip(COLUMNS, video_features(path, whole=True), strict=True))
    apart = {c: abs(values[c] - stored[c]) / deviations[c] for c in COLUMNS}
    assert sum(d <= 0.001 for d in apart.values()) >= 37
    assert {c: d for c, d in apart.items() if not d <= TOLERANCE.get(c, 0.005)} == {}
