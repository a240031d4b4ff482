import dataclasses
from dataclasses import replace

import numpy as np
import pytest
from av import VideoFrame

from procedural import distort
from procedural.clips import make_group, pair_times
from procedural.codec import av1, mpeg, through, vpx, x264
from procedural.corruption import corrupt, draw_bursts
from procedural.fragments import cut, edges
from procedural.moving import draw_particles
from procedural.planes import Planes
from procedural.scene import SIZES, _halves, draw_scene
from procedural.sources import Sources, photo_files
from procedural.stills import FAMILIES, HELD_OUT


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    result = Sources("train", tmp_path_factory.mktemp("stills"), stills=3)
    result.photos = []  # works without photographs
    return result


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


@pytest.mark.parametrize("name", sorted(distort.SPATIAL))
def test_spatial_distortions_grow_and_spare_other_frames(name):
    rng, times = np.random.default_rng(1), np.arange(12)
    image = moving()
    image.uv += rng.integers(0, 20, image.uv.shape).astype(np.uint8)
    errors = []
    for severity in (0.15, 0.55, 1.0):
        planes = image.copy()
        distort.SPATIAL[name](planes, list(range(6)), severity, distort.Draws((3,), times))
        assert (planes.y[6:] == image.y[6:]).all() and (planes.uv[6:] == image.uv[6:]).all()
        change = np.abs(planes.y[:6].astype(int) - image.y[:6]).mean()
        errors.append(change + np.abs(planes.uv[:6].astype(int) - image.uv[:6]).mean())
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


def test_a_smaller_encoding_comes_back_at_full_size():
    planes = moving(4)
    whole, small = through(planes, x264(20)), through(planes, replace(x264(20), smaller=2.0))
    error = [np.abs(out.y.astype(int) - planes.y).mean() for out in (whole, small)]
    assert small.y.shape == planes.y.shape and error[0] < error[1] < 40


def test_combs_are_on_alternate_rows_only():
    planes, other = moving(), moving()
    other.y[:] = np.roll(other.y, 5, axis=2)
    woven = planes.copy()
    distort.weave(woven, other, np.arange(6))
    assert (woven.y[:, ::2] == planes.y[:, ::2]).all() and (woven.y[6:] == planes.y[6:]).all()
    assert (woven.y[:6, 1::2] == other.y[:6, 1::2]).all() and (woven.y[:6, 1::2] != planes.y[:6, 1::2]).any()


@pytest.mark.parametrize("seed", range(6))
def test_sharpening_overshoots_edges_and_leaves_flat_areas(seed):
    y = np.full((1, 96, 128), 80, np.uint8)
    y[:, :, 64:] = 160
    planes = Planes(y, np.full((1, 2, 48, 64), 128, np.uint8))
    distort.SPATIAL["ringing"](planes, [0], 0.6, distort.Draws((seed,), np.arange(1)))
    assert planes.y.max() > 170 and planes.y.min() < 70
    assert (planes.y[:, :, :32] == 80).all() and (planes.y[:, :, 96:] == 160).all()


def test_broken_blocks_grow_with_severity_and_keep_to_the_burst():
    planes = moving(12, 96, 128)
    shares = []
    for severity in (0.2, 0.6, 1.0):
        bursts = draw_bursts(np.random.default_rng(4), 12, 96, 128, severity)
        burst = dataclasses.replace(bursts[0], first=3, kind="broken")
        broken = planes.copy()
        corrupt(broken, planes, 8, 8, burst, burst.reference(), severity)
        assert (np.delete(broken.y, 8, 0) == np.delete(planes.y, 8, 0)).all()
        blocks = (broken.y[8] != planes.y[8]).reshape(6, 16, 8, 16).any((1, 3))
        shares.append(blocks.mean())
    assert 0 < shares[0] < shares[1] < shares[2] < 0.7


def test_slow_cameras_move_and_do_not_pump(sources):
    image = np.random.default_rng(0).integers(0, 255, (3, 40, 200)).astype(np.uint8)
    left, right = _halves(image)
    assert left.std() == pytest.approx(right.std(), rel=0.01)
    assert (left != right).mean() > 0.9


def test_particles_fall_faster_and_shrink():
    for seed in range(9):
        particles = draw_particles(np.random.default_rng(seed), 320, 240)
        frames = np.zeros((2, 3, 240, 320), np.uint8)
        for frame, t in zip(frames, (10.0, 11.0), strict=True):
            particles.draw(frame, t, np.zeros(2))
        assert (frames[0] != frames[1]).any()


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
