"""Requests against the protocol's zod schemas, field by field; errors that name the field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import pytest

from engine.conftest import load_params, rollout_params, update_params, video_of
from engine.faults import CommandError
from engine.parsing import json_fields, required
from engine.requests import (
    REQUESTS,
    LoadRequest,
    RolloutRequest,
    UpdateRequest,
    parse_request,
    videos_of,
)
from engine.video.videos import Video
from modules.profiles import ConfigError, Profile
from small.prompt import ROOT, evaluate_in_node

SCHEMAS = """Object.fromEntries(Object.entries(protocol.methods).map(([method, { params }]) => {
    const shapeOf = (schema) => {
      if (schema === protocol.methods.load.params.shape.profile) return 'profile';
      const { type, format, shape, element, items, innerType, valueType, entries } = schema._zod.def;
      const field = ([key, value]) => value._zod.def.type === 'optional'
        ? [`${key}?`, shapeOf(value._zod.def.innerType)] : [key, shapeOf(value)];
      if (type === 'object') return Object.fromEntries(Object.entries(shape).map(field));
      if (type === 'array') return [shapeOf(element)];
      if (type === 'tuple') return items.map(shapeOf);
      if (type === 'nullable') return { nullable: shapeOf(innerType) };
      if (type === 'record') return { record: shapeOf(valueType) };
      if (type === 'enum') return Object.keys(entries).sort().join('|');
      if (type === 'number') return format === 'safeint' ? 'int' : 'float';
      return { string: 'str', boolean: 'bool', unknown: 'any' }[type] ?? type;
    };
    return [method, shapeOf(params)];
  }))"""


def shape_of(kind: Any) -> Any:
    """A request's type in the form that `SCHEMAS` gives a zod schema."""
    if kind is Profile:
        return "profile"
    if is_dataclass(kind):
        return {
            key if required(field) else f"{key}?": shape_of(
                field_kind if required(field) else get_args(field_kind)[0]
            )
            for key, (field, field_kind) in json_fields(kind).items()
        }
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return {"nullable": shape_of(arguments[0])}
    if origin is tuple:
        return [shape_of(argument) for argument in arguments if argument is not Ellipsis]
    if origin is Literal:
        return "|".join(sorted(arguments))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"record": shape_of(arguments[1])}
    return {str: "str", Path: "str", bool: "bool", int: "int", float: "float", Any: "any"}[kind]


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    protocol = ROOT / "training-server" / "engine" / "protocol.ts"
    return evaluate_in_node({"protocol": protocol}, SCHEMAS, None)


def test_every_method_has_a_request(schemas):
    assert REQUESTS.keys() == schemas.keys()


@pytest.mark.parametrize("method", REQUESTS)
def test_a_request_has_the_fields_of_its_schema(schemas, method):
    assert shape_of(REQUESTS[method]) == schemas[method]


def test_a_video_keeps_dropped_frames():
    value = {"path": "a.mp4", "indices": [0, None], "motionIndices": [0, 1, None, None]}
    request = parse_request("encode", {"videos": [value, {"path": "b.mp4", "indices": [3]}]})
    assert request.videos == (
        Video(path="a.mp4", indices=(0, None), motion_indices=(0, 1, None, None)),
        Video(path="b.mp4", indices=(3,)),
    )
    assert videos_of(request) == list(request.videos)


def test_requests_of_the_fixtures(checkpoint, profile, clips, tmp_path):
    load = parse_request("load", load_params(checkpoint, profile, tmp_path))
    assert isinstance(load, LoadRequest) and load.profile == profile and load.checkpoint == checkpoint
    assert load.parts.names == ("vision", "visionProjector", "languageModel", "motionProjector")
    video = video_of(clips[0], profile)
    rollout = parse_request("rollout", rollout_params("p", [video], temperature=0))
    assert isinstance(rollout, RolloutRequest) and rollout.temperature == 0.0 and rollout.seeds == (100,)
    update = parse_request("update", update_params("p", [video], [[{"tokens": [1, 2]}]]))
    assert isinstance(update, UpdateRequest) and update.groups[0].completions[0].tokens == (1, 2)
    assert update.groups[0].completions[0].old_logps is None and update.clip.delta is None


def with_fault(params: dict[str, Any], path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    target: Any = params
    for key in path[:-1]:
        target = target[key]
    if value is KeyError:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return params


FAULTS = {
    "missing": (("lr",), KeyError, "update.lr is missing"),
    "unknown": (("rate",), 1, "update.rate is not a field of this version's protocol"),
    "string": (("beta",), "0.04", "update.beta must be a number, not '0.04'"),
    "boolean": (("maxTokensPerRow",), True, "update.maxTokensPerRow must be a whole number, not True"),
    "fraction": (("maxCompletionLength",), 1.5, "maxCompletionLength must be a whole number, not 1.5"),
    "enum": (("lossType",), "ppo", "dapo, gspo, cispo, sapo, not 'ppo'"),
    "object": (("clip",), None, "update.clip must be an object, not None"),
    "list": (("groups",), {}, "update.groups must be a list, not {}"),
    "token": (
        ("groups", 0, "completions", 1, "tokens", 0),
        "x",
        "update.groups[0].completions[1].tokens[0] must be a whole number, not 'x'",
    ),
    "video": (("groups", 0, "video", "path"), KeyError, "update.groups[0].video.path is missing"),
    "long": (("prompt",), ["word" * 50], "update.prompt must be a string, not ['word"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_an_error_names_the_field(fault):
    path, value, message = FAULTS[fault]
    video = {"path": "a.mp4", "indices": [0]}
    params = update_params("p", [video], [[{"tokens": [1]}, {"tokens": [2]}]])
    with pytest.raises(CommandError) as raised:
        parse_request("update", with_fault(params, path, value))
    assert message in str(raised.value) and raised.value.code == "train/engine"
    assert len(str(raised.value)) < 120


def test_a_wrong_profile_is_an_error_of_the_checkpoint(checkpoint, profile, tmp_path):
    params = load_params(checkpoint, profile, tmp_path)
    del params["profile"]["frames"]
    with pytest.raises(ConfigError, match=r"load\.profile\.frames is missing"):
        parse_request("load", params)
