import numpy as np
import pytest
from av import VideoFrame

from procedural import distort, order
from procedural.clips import make_group, pair_times
from procedural.codec import av1, mpeg, through, vpx, x264
from procedural.fragments import cut, edges
from procedural.labels import DISTORTIONS, IDS, Labels, parameter, severity_of
from procedural.planes import Planes
from procedural.scene import SIZES, draw_scene
from procedural.sources import Sources, photo_files
from procedural.stills import FAMILIES, HELD_OUT


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    found = Sources("train", tmp_path_factory.mktemp("stills"), stills=3)
    found.photos = []  # works without photographs
    return found


def moving(count=12, height=96, width=128) -> Planes:
    y, x = np.mgrid[0:height, 0:width]
    luma = np.stack([128 + 80 * np.sin((x + 2 * t) / 5) * np.cos(y / 9) for t in range(count)])
    return Planes(luma.astype(np.uint8), np.full((count, 2, height // 2, width // 2), 128, np.uint8))


def test_edges_are_those_of_the_page():
    # Worked by hand from 2·floor((((2i + 1)·L)/(2G) − cell/2)/2), L = 640 and 360, G = 7.
    assert edges(640, 7, 32) == [28, 120, 212, 304, 394, 486, 578]
    assert edges(360, 7, 32) == [8, 60, 112, 164, 214, 266, 318]
    assert edges(224, 7, 32) == [0, 32, 64, 96, 128, 160, 192]
    with pytest.raises(ValueError):
        edges(222, 7, 32)


def test_cut_takes_native_pixels():
    planes = moving(2, 240, 320)
    stitched = cut(planes, 7, 32)
    x, y = edges(320, 7, 32), edges(240, 7, 32)
    for i, j in ((0, 0), (3, 5), (6, 6)):
        block = stitched.y[1, i * 32 : (i + 1) * 32, j * 32 : (j + 1) * 32]
        assert (block == planes.y[1, y[i] : y[i] + 32, x[j] : x[j] + 32]).all()
    assert stitched.uv.shape == (2, 2, 112, 112)


def test_every_size_holds_the_grid():
    for width, height in SIZES:
        assert min(width, height) >= 7 * 32 and width % 2 == 0 and height % 2 == 0


def test_pair_times():
    # p = (k + frac(0.5 + 0.618034 k)) / 8 of 100 frames, floored; each with its successor.
    assert pair_times(100)[::2].tolist() == [6, 13, 34, 41, 62, 69, 77, 97]
    assert (np.diff(pair_times(100).reshape(8, 2)) == 1).all()
    assert pair_times(1).tolist() == [0] * 16


def test_parameters_invert_and_grow_worse():
    for name in IDS:
        for s in (0.1, 0.5, 0.9):
            assert severity_of(name, parameter(name, s)) == pytest.approx(s)


def test_score_is_the_product():
    labels = Labels()
    assert labels.score == 5
    labels.add("blur", 1.0)
    assert labels.score == pytest.approx(1 + 4 * (1 - DISTORTIONS["blur"]["weight"]))
    labels.add("freeze", 0.5)
    rest = 1 - DISTORTIONS["freeze"]["weight"] * 0.5**0.8
    assert labels.score == pytest.approx(1 + 4 * (1 - DISTORTIONS["blur"]["weight"]) * rest)


def test_temporal_rules():
    times = np.arange(10)
    assert order.thinned(times, 3).tolist() == [0, 0, 0, 3, 3, 3, 6, 6, 6, 9]
    assert order.frozen(times, 10, 0.5, 0.4).tolist() == [0, 1, 2, 2, 2, 2, 2, 7, 8, 9]


@pytest.mark.parametrize("name", sorted(distort.SPATIAL))
def test_spatial_distortions_grow_and_spare_other_frames(name):
    rng, times = np.random.default_rng(1), np.arange(12)
    picture = moving()
    picture.uv += rng.integers(0, 20, picture.uv.shape).astype(np.uint8)
    errors = []
    for severity in (0.15, 0.55, 1.0):
        planes = picture.copy()
        distort.SPATIAL[name](planes, list(range(6)), severity, distort.Draws((3,), times))
        assert (planes.y[6:] == picture.y[6:]).all() and (planes.uv[6:] == picture.uv[6:]).all()
        change = np.abs(planes.y[:6].astype(int) - picture.y[:6]).mean()
        errors.append(change + np.abs(planes.uv[:6].astype(int) - picture.uv[:6]).mean())
    assert 0 < errors[0] < errors[1] < errors[2]


@pytest.mark.parametrize(
    "codec", [x264(40), mpeg(20), mpeg(12, "mpeg4"), vpx(45), vpx(45, "libvpx-vp9"), av1(45)]
)
def test_codecs_return_every_frame_in_order(codec):
    planes = moving()
    out = through(planes, codec)
    assert len(out) == len(planes)
    errors = np.abs(out.y[:, None].astype(int) - planes.y[None]).mean((2, 3))  # decoded k against drawn l
    assert (errors.argmin(1) == np.arange(len(planes))).all()
    assert 0 < errors.diagonal().mean() < 12


def test_rgb_table_round_trip():
    planes = moving(1)
    before = planes.copy()
    planes.map_rgb(0, np.arange(256, dtype=np.uint8))
    assert np.abs(planes.y.astype(int) - before.y).max() <= 2
    assert isinstance(planes.frame(0), VideoFrame)


def test_the_same_time_gives_the_same_frame(sources):
    scene = draw_scene(np.random.default_rng(5), sources)
    one, other = scene.render([3, 9]), scene.render([9, 3, 9])
    assert (one.y[1] == other.y[0]).all() and (other.y[0] == other.y[2]).all()
    assert not (one.y[0] == one.y[1]).all()


def test_groups_repeat_and_start_clean(sources):
    (_, clips), (_, again) = make_group(12, sources), make_group(12, sources)
    for a, b in zip(clips, again, strict=True):
        assert (a.fragments.y == b.fragments.y).all() and a.labels.score == b.labels.score
    scores = [clip.labels.score for clip in clips]
    assert max(scores) == scores[0] and scores[2] <= scores[1]


def test_no_photograph_is_in_two_splits():
    train, test = set(photo_files("train")), set(photo_files("test"))
    if not train:
        pytest.skip("no photographs (VQA_SHARED)")
    assert len(train) == 255 and len(test) == 45 and not train & test
    assert photo_files("family") == []
    assert not set(FAMILIES) & set(HELD_OUT)
