"""Steps of one version. Oracle: the same version without the step, drawn from the same streams."""

import numpy as np
import pytest

from procedural.clips import draw_group, version_draws
from procedural.labels import FIRST_HALF, IDS, REGIONS, SECOND_HALF, WHOLE, severity_of
from procedural.sources import Sources
from procedural.version import Drawing, Version, draw_version


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    sources = Sources("train", tmp_path_factory.mktemp("stills"), stills=3)
    sources.photos = []
    drawn, _, _ = draw_group(5, sources)
    drawn.lasting = {}
    return drawn


def seeds(scene, count, light=False):
    """Seeds whose version without compression is encoded lightly at the end, or not."""
    every = (
        s
        for s in range(200)
        if Drawing(scene, Version([]), None, version_draws(s, 0), np.arange(4)).light == light
    )
    return [next(every) for _ in range(count)]


def drawn(scene, seed, *distortions, base_crf=None):
    return draw_version(
        scene, Version(list(distortions)), base_crf, version_draws(seed, 0), np.arange(scene.length)
    )


def changed(a, b):
    """[frames] bool."""
    return (a.y != b.y).any((1, 2)) | (a.uv != b.uv).any((1, 2, 3))


@pytest.mark.parametrize("half", [FIRST_HALF, SECOND_HALF])
def test_a_distortion_of_one_half_leaves_the_other(scene, half):
    (seed,) = seeds(scene, 1)
    clean, _ = drawn(scene, seed)
    distorted, labels = drawn(scene, seed, ("under", 0.8, half))
    first = np.arange(scene.length) < scene.length / 2
    assert changed(clean, distorted).tolist() == (first == (half == FIRST_HALF)).tolist()
    assert labels.when[IDS.index("under")] == half


def test_the_first_encoding_is_applied_and_labelled(scene):
    (seed,) = seeds(scene, 1)
    clean, none = drawn(scene, seed)
    encoded, labels = drawn(scene, seed, base_crf=45.0)
    assert none.score == 5 and changed(clean, encoded).all()
    assert labels.nominal[IDS.index("compression")] == pytest.approx(severity_of("compression", 45))
    assert labels.score < 4.5


def test_a_light_encoding_changes_frames_and_no_label(scene):
    (seed,) = seeds(scene, 1, light=True)
    frames, labels = drawn(scene, seed)
    assert changed(frames, scene.render(np.arange(scene.length))).any() and labels.score == 5


def test_a_regional_distortion_stays_in_its_region(scene):
    for seed in seeds(scene, 60):
        distorted, labels = drawn(scene, seed, ("noise", 0.9, WHOLE))
        region = REGIONS[labels.where[IDS.index("noise")]]
        if region in ("left", "right"):
            break
    clean, _ = drawn(scene, seed)
    middle = scene.width // 2
    left, right = slice(0, middle), slice(middle, None)
    clear, hit = (left, right) if region == "right" else (right, left)
    assert (distorted.y[..., clear] == clean.y[..., clear]).all()
    assert (distorted.y[..., hit] != clean.y[..., hit]).any()
    # The nominal severity counts the square root of the region's share, one half.
    assert labels.nominal[IDS.index("noise")] == pytest.approx(0.9 * 0.5**0.5)


def test_a_rolling_shutter_shears_some_shaken_cameras(scene):
    sheared = 0
    for seed in seeds(scene, 12):
        drawing = Drawing(scene, Version([("shake", 0.8, WHOLE)]), None, version_draws(seed, 0), np.arange(8))
        planes, _ = drawing.draw()
        plain = scene.render(drawing.drawn, drawing.offsets).take(drawing.back)
        sheared += (planes.y != plain.take(np.arange(8)).y).any()
    assert 0 < sheared < 12
