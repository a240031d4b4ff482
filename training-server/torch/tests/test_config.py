"""Reading and writing config.json: what is taken, listed and refused."""

import json
from dataclasses import replace

import pytest

from modules.config import ConfigError, ModelConfig, config_from_json, config_to_json, read_config
from modules.profiles import profile_from_json, profile_to_json
from modules.random_checkpoint import PROFILES, RandomCheckpoint


def test_an_empty_file_is_the_8b():
    assert config_from_json({}) == ModelConfig()


@pytest.mark.parametrize("profile", PROFILES)
def test_out_and_in_again(profile):
    config = RandomCheckpoint(profile=profile, statistics=("luma", "dx_1")).config()
    again = config_from_json(json.loads(json.dumps(config_to_json(config))))
    assert (again.vision, again.language, again.motion) == (config.vision, config.language, config.motion)
    assert (again.profiles, again.default_profile) == (config.profiles, config.default_profile)


def test_conformance_profiles_are_mapped(tiny):
    config = read_config(tiny)
    assert (config.motion.stem_slow, config.motion.stem_fast, config.motion.features) == (8, 1, 288)
    assert set(config.profiles) == {"train6", "test12"}
    assert config.profiles["test12"].pool_time.slow == (0.25, 0.5, 0.25)
    assert config.profiles["train6"].context_tokens == 385
    assert config.profiles["train6"].token_ids.context == 394


def test_unknown_official_keys_are_listed():
    config = config_from_json({"use_thumbnail": True, "llm_config": {"top_k": 50}})
    assert config.ignored == ("use_thumbnail", "llm_config.top_k")


def test_rope_theta_is_read_where_transformers_5_writes_it():
    config = config_from_json({"llm_config": {"rope_parameters": {"rope_theta": 1e4}}})
    assert config.language.rope_theta == 1e4


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"motion_config": {"stems": 3}}, "motion_config.stems is not a field"),
        ({"motion_config": {"depths": [1, 2]}}, "motion_config.depths"),
        ({"motion_config": {"fast_stem_time": 4}}, "fast_stem_time must be odd"),
        ({"ps_version": "v1"}, "ps_version is 'v1'; this model computes 'v2' only"),
        ({"vision_config": {"qk_normalization": True}}, "vision_config.qk_normalization"),
        ({"llm_config": {"num_key_value_heads": 3}}, "num_key_value_heads is 3, which does not divide 28"),
        ({"default_profile": "none"}, "default_profile none names no profile"),
    ],
)
def test_what_cannot_be_computed_is_refused(value, message):
    with pytest.raises(ConfigError, match=message):
        config_from_json(value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"extra": 1}, "p.extra is not a field"),
        ({"frames": None}, "p.frames is missing"),
        ({"motion": {"pixels": "squash"}}, "p.motion.frames is missing"),
        ({"poolSpace": [0.5, 0.4]}, "poolSpace sums to 0.9, not 1"),
    ],
)
def test_a_profile_is_read_strictly(change, message):
    config = RandomCheckpoint(profile="mixed").config()
    value = profile_to_json(config.profile) | change
    value = {k: v for k, v in value.items() if v is not None}
    with pytest.raises(ConfigError, match=message):
        profile_from_json(value, "p")


def test_names_of_the_first_packages_are_read():
    profile = RandomCheckpoint(profile="mixed").config().profile
    value = profile_to_json(profile)
    del value["sampling"], value["motion"]["frames"]
    old = value | {"places": "golden", "motion": value["motion"] | {"take": "pairs"}}
    assert profile_from_json(old) == replace(profile, sampling="goldenRatio")
    assert profile.motion.frames == "successors"
    with pytest.raises(ConfigError, match="profile.places is not a field"):
        profile_from_json(old | {"sampling": "uniform"})
