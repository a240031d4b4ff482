"""Values of single fragments against numpy, and the encoder that makes tokens of them. Oracle: the definition
in `core/sampling/statistics.json`."""

import math

import numpy as np
import pytest
import torch

from modules.config import ConfigError, MotionConfig, VisionConfig, config_from_json, config_to_json
from modules.fragment_encoder import FragmentEncoder
from modules.profiles import IMAGENET_MEAN, IMAGENET_STD
from modules.random_checkpoint import RandomCheckpoint
from modules.statistics import FRAGMENT_NAMES, NAMES, ROWS, fragment_values, standardised, statistics
from modules.vqathinker import VQAThinkerModel

CELL, GRID = 32, 3


@pytest.fixture(scope="module")
def rgb() -> np.ndarray:
    return np.random.default_rng(3).random((2, 3, GRID * CELL, GRID * CELL))


def normalised(rgb: np.ndarray) -> torch.Tensor:
    mean, std = (np.array(v)[:, None, None] for v in (IMAGENET_MEAN, IMAGENET_STD))
    return torch.tensor((rgb - mean) / std, dtype=torch.float64)


def row_named(map_name: str, cell: str, scale: int = 1) -> str:
    return next(
        name
        for name in FRAGMENT_NAMES
        if (ROWS[name]["map"], ROWS[name]["cell"], ROWS[name]["scale"]) == (map_name, cell, scale)
    )


def test_a_value_is_that_of_its_fragment_with_the_logarithm_of_its_row(rgb):
    names = [row_named("luma", "mean"), row_named("dx", "mean"), row_named("dy", "mean")]
    assert all(ROWS[name]["after"] == {"log": 1e-4} for name in names[1:])
    values = fragment_values(normalised(rgb), names, CELL)
    assert values.shape == (2, GRID**2, 3)
    block = rgb[1, :, CELL : 2 * CELL, 2 * CELL :]
    luma = 0.299 * block[0] + 0.587 * block[1] + 0.114 * block[2]
    expected = [
        math.log(luma.mean() + 1e-2),
        math.log(np.abs(np.diff(luma, axis=1)).mean() + 1e-4),
        math.log(np.abs(np.diff(luma, axis=0)).mean() + 1e-4),
    ]
    assert values[1, GRID + 2].tolist() == pytest.approx(expected, abs=1e-9)


def test_a_token_sees_the_fragment_of_one_frame_alone(rgb):
    changed = rgb.copy()
    changed[0, :, :CELL, CELL : 2 * CELL] *= 0.5
    before, after = (fragment_values(normalised(v), FRAGMENT_NAMES, CELL) for v in (rgb, changed))
    differs = (before != after).any(-1)
    assert differs[0].nonzero().flatten().tolist() == [1] and not differs[1].any()
    assert before.isfinite().all()


def test_rows_of_two_frames_have_no_value_in_one(rgb):
    name = next(n for n in NAMES if ROWS[n]["map"] == "pair")
    with pytest.raises(ValueError, match="no statistic of one frame"):
        fragment_values(normalised(rgb), [name], CELL)
    assert not any(ROWS[n]["map"].startswith(("pair", "gap", "flow", "leap")) for n in FRAGMENT_NAMES)


def test_the_model_reads_its_tokens_from_the_values(rgb):
    config = RandomCheckpoint(profile="fragments", fragment_statistics=FRAGMENT_NAMES[:5]).config()
    model = VQAThinkerModel(config).eval()
    assert isinstance(model.vision_model, FragmentEncoder)
    model.vision_model.std.fill_(2.0)
    side = config.profile.size
    pixels = torch.randn(1, 2, 3, side, side)
    tokens = model.vision_tokens(pixels)
    raw = fragment_values(pixels[0], FRAGMENT_NAMES[:5], CELL)
    expected = model.mlp1(standardised(raw, torch.zeros(5), torch.full((5,), 2.0))).flatten(0, 1)
    assert torch.allclose(tokens[0], expected, atol=1e-6)
    assert set(dict(model.vision_model.named_buffers())) == {"mean", "std"}


def test_a_model_without_slowfast_has_the_statistics_alone():
    sizes = RandomCheckpoint(profile="fragments", slowfast=False, statistics=NAMES[:7])
    config = config_from_json(config_to_json(sizes.config()))
    model = VQAThinkerModel(config).eval()
    assert not [name for name in model.state_dict() if name.startswith("slowfast")]
    profile = config.profile
    pixels = torch.randn(2, profile.motion_frames, 3, profile.size, profile.size)
    vector = model.motion_vector(pixels, profile)
    expected = standardised(statistics(pixels, NAMES[:7], CELL), torch.zeros(7), torch.ones(7))
    assert vector.shape == (2, 7) and torch.equal(vector, expected)
    with pytest.raises(ConfigError, match="needs statistics"):
        MotionConfig(depths=())


def test_the_official_config_has_no_such_key():
    config = RandomCheckpoint().config()
    assert "statistics" not in config_to_json(config)["vision_config"]
    with_values = RandomCheckpoint(profile="fragments", fragment_statistics=FRAGMENT_NAMES).config()
    read = config_from_json(config_to_json(with_values))
    assert read.vision.statistics == FRAGMENT_NAMES
    assert not any("statistics" in key for key in read.ignored)
    assert read.shuffled_size == len(FRAGMENT_NAMES)


@pytest.mark.parametrize("name", ["beauty", next(n for n in NAMES if ROWS[n]["map"] == "gap")])
def test_an_encoder_of_other_names_is_refused(name):
    with pytest.raises(ConfigError, match=f"vision_config.statistics.*{name}"):
        FragmentEncoder(VisionConfig(statistics=("dx_1", name)))
