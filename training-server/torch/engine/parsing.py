"""JSON values to dataclasses. The parameters of a command are checked once, where they arrive.

The fields of a dataclass are the keys of its JSON object, `max_grad_norm` as `maxGradNorm`; a field with a
default may be left out. Supported types: bool, int, float, str, Path, Literal of strings, dataclasses,
`tuple[X, ...]`, `tuple[X, Y]`, `Mapping[str, X]`, `X | None`, Any, and those with a parser in `PARSERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from engine.faults import CommandError
from modules.profiles import Profile, profile_from_json

Parsed = TypeVar("Parsed")

PARSERS: dict[Any, Callable[[Any, str], Any]] = {Profile: profile_from_json}
"""Types that are parsed elsewhere: value and name of the field → the parsed value."""

SHOWN = 60
"""Characters of a wrong value that an error cites."""


def parsed(kind: type[Parsed], value: Any, where: str) -> Parsed:
    """The value as the type; `where` names it in errors, e.g. `update.groups[0].video`.

    Raises CommandError that names the first field with a wrong value, an unknown field or a missing one.
    """
    return cast(Parsed, _parsed(kind, value, where))


def json_name(name: str) -> str:
    """`max_grad_norm` → `maxGradNorm`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


@cache
def json_fields(kind: Any) -> dict[str, tuple[Field[Any], Any]]:
    """Fields of a dataclass and their types, by JSON key."""
    types = get_type_hints(kind)
    return {json_name(field.name): (field, types[field.name]) for field in fields(kind)}


def required(field: Field[Any]) -> bool:
    """True where the key must be given."""
    return field.default is MISSING and field.default_factory is MISSING


def _parsed(kind: Any, value: Any, where: str) -> Any:
    if kind is Any:
        return value
    if kind in PARSERS:
        return PARSERS[kind](value, where)
    if kind in _SCALARS:
        return _scalar(kind, value, where)
    if is_dataclass(kind):
        return _object(kind, value, where)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        inner = next(argument for argument in arguments if argument is not type(None))
        return None if value is None else _parsed(inner, value, where)
    if origin is Literal:
        if value not in arguments:
            raise _wrong(where, "one of " + ", ".join(arguments), value)
        return value
    if origin is tuple:
        return _tuple(arguments, value, where)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise _wrong(where, "an object", value)
        return {key: _parsed(arguments[1], item, f"{where}.{key}") for key, item in value.items()}
    raise TypeError(f"{where} has the type {kind}, for which there is no parser")


_SCALARS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a string",
    Path: "a path",
}


def _scalar(kind: Any, value: Any, where: str) -> Any:
    if kind is float and type(value) in (int, float):
        return float(value)
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if type(value) is (str if kind is Path else kind):
        return Path(value) if kind is Path else value
    raise _wrong(where, _SCALARS[kind], value)


def _tuple(kinds: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise _wrong(where, "a list", value)
    if kinds[-1] is not Ellipsis:
        if len(value) != len(kinds):
            raise _wrong(where, f"a list of {len(kinds)}", value)
        pairs = zip(kinds, value, strict=True)
        return tuple(_parsed(kind, item, f"{where}[{i}]") for i, (kind, item) in enumerate(pairs))
    if kinds[0] is int and all(type(item) is int for item in value):
        return tuple(value)  # token ids: many thousands in a message
    return tuple(_parsed(kinds[0], item, f"{where}[{i}]") for i, item in enumerate(value))


def _object(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise _wrong(where, "an object", value)
    by_key = json_fields(kind)
    if unknown := sorted(value.keys() - by_key.keys()):
        raise CommandError(f"{where}.{unknown[0]} is not a field of this version's protocol")
    arguments = {}
    for key, (field, field_kind) in by_key.items():
        if key in value:
            arguments[field.name] = _parsed(field_kind, value[key], f"{where}.{key}")
        elif required(field):
            raise CommandError(f"{where}.{key} is missing")
    return kind(**arguments)


def _wrong(where: str, expected: str, value: Any) -> CommandError:
    text = repr(value)
    shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
    return CommandError(f"{where} must be {expected}, not {shown}")
