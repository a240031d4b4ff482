import numpy as np
import pytest

from procedural.clips import draw_group, pair_times, version_draws
from procedural.labels import (
    DISTORTIONS,
    IDS,
    KNOTS,
    TABLE,
    Labels,
    effective,
    parameter,
    severity_of,
    visible_severity,
)
from procedural.measures import chroma_distance, luma_distance
from procedural.planes import Planes
from procedural.sources import Sources
from procedural.version import Version, draw_version


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    result = Sources("train", tmp_path_factory.mktemp("stills"), stills=3)
    result.photos = []
    return result


def planes_of(y: np.ndarray) -> Planes:
    n, h, w = y.shape
    return Planes(y.clip(16, 235).astype(np.uint8), np.full((n, 2, h // 2, w // 2), 128, np.uint8))


def test_parameters_invert():
    for name in IDS:
        for s in (0.1, 0.5, 0.9):
            assert severity_of(name, parameter(name, s)) == pytest.approx(s)


def test_score_is_the_product():
    labels = Labels()
    assert labels.score == 5
    labels.add("over", 1.0)
    assert labels.score == pytest.approx(1 + 4 * (1 - DISTORTIONS["over"]["weight"]))
    labels.add("freeze", 0.5)
    rest = 1 - DISTORTIONS["freeze"]["weight"] * 0.5**0.8
    assert labels.score == pytest.approx(1 + 4 * (1 - DISTORTIONS["over"]["weight"]) * rest)


@pytest.mark.parametrize("name", sorted(KNOTS))
def test_severity_follows_parameter_and_distance(name):
    assert effective(name, 0.7, 0.0) == 0
    at = [effective(name, 0.5, d) for d in (0.001, *KNOTS[name], 0.99)]
    assert all(a <= b for a, b in zip(at, at[1:], strict=False)) and at[0] < at[-1]
    assert effective(name, 1.0, 0.99) == 1
    assert (np.diff(KNOTS[name]) > 0).all() and visible_severity(name, KNOTS[name][4]) == pytest.approx(0.5)


def test_an_invisible_distortion_is_absent():
    labels = Labels()
    labels.add("blur", 0.5, distance=0.0)
    assert labels.score == 5 and labels.nominal[IDS.index("blur")] == 0.5
    labels.add("blur", 0.5, distance=0.3)
    assert labels.severity[IDS.index("blur")] >= TABLE["visibility"]["threshold"] and labels.score < 5


def test_luma_distance_is_zero_without_change_and_smaller_in_texture():
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 6, (4, 224, 224))
    flat, busy = np.full((4, 224, 224), 120.0), 120 + rng.normal(0, 45, (4, 224, 224))
    frames = np.arange(4)
    assert luma_distance(planes_of(busy), planes_of(busy), frames) == pytest.approx(0, abs=1e-4)
    plain, hidden = (
        luma_distance(planes_of(p), planes_of(p + noise), frames, noise=True) for p in (flat, busy)
    )
    assert hidden < 0.5 * plain
    worse = luma_distance(planes_of(busy), planes_of(busy + 4 * noise), frames, noise=True)
    assert worse > 2 * hidden


def test_chroma_distance_is_the_euclidean_one():
    one = planes_of(np.full((4, 224, 224), 100.0))
    other = one.copy()
    other.uv[:, 0] += 30
    other.uv[:, 1] += 40
    assert chroma_distance(one, other, np.arange(4)) == pytest.approx(50 / 255)


@pytest.mark.parametrize("name", IDS)
def test_every_distortion_shows_and_is_labelled(name, sources):
    scene, _, _ = draw_group(5, sources)
    scene.lasting = {}
    wanted = pair_times(scene.length)
    clean, none = draw_version(scene, Version([]), None, version_draws(5, 1), wanted)
    assert none.score == 5
    planes, labels = draw_version(scene, Version([(name, 1.0, 0)]), None, version_draws(5, 1), wanted)
    change = np.abs(planes.y.astype(int) - clean.y).mean() + np.abs(planes.uv.astype(int) - clean.uv).mean()
    assert change > 0.3
    assert np.flatnonzero(labels.severity).tolist() == [IDS.index(name)] and labels.score < 4.5


def test_frames_can_be_asked_for_in_any_order(sources):
    scene, _, _ = draw_group(5, sources)
    version = Version([("noise", 0.6, 0), ("flicker", 0.7, 0), ("shake", 0.5, 0), ("drop", 0.4, 0)])
    # Seed 3 draws no final encoding: what an encoder gives depends on what it saw.
    given = [
        draw_version(scene, version, None, version_draws(3, 0), np.array(w))[0]
        for w in ([3, 9, 20], [20, 3, 3, 9])
    ]
    assert (given[0].y[[2, 0, 0, 1]] == given[1].y).all() and (given[0].uv[[2, 0, 0, 1]] == given[1].uv).all()


def test_removing_a_distortion_leaves_the_rest(sources):
    scene, _, _ = draw_group(5, sources)
    wanted = pair_times(scene.length)
    both, one = Version([("over", 0.6, 0), ("noise", 0.5, 0)]), Version([("noise", 0.5, 0)])
    assert both.without("over") == one
    a, _ = draw_version(scene, both.without("over"), None, version_draws(3, 0), wanted)
    b, _ = draw_version(scene, one, None, version_draws(3, 0), wanted)
    whole, _ = draw_version(scene, both, None, version_draws(3, 0), wanted)
    clean, _ = draw_version(scene, Version([]), None, version_draws(3, 0), wanted)
    assert (a.y == b.y).all()
    # The noise of the two is the same field wherever neither clips.
    noise = a.y.astype(int) - clean.y
    brighter, _ = draw_version(scene, Version([("over", 0.6, 0)]), None, version_draws(3, 0), wanted)
    gap = whole.y.astype(int) - brighter.y
    inside = (brighter.y > 60) & (brighter.y < 190) & (clean.y > 60)
    assert (gap[inside] == noise[inside]).mean() > 0.99
