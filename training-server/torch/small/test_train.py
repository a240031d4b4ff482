"""The order of the stages. Oracle: what each reads is written by an earlier one (small/train.py)."""

from __future__ import annotations

import importlib

import pytest

from small import train


def test_every_stage_is_a_function():
    for place in train.STAGES.values():
        module, _, function = place.partition(":")
        assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.parametrize(
    ("arguments", "ran"), [([], list(train.WHOLE)), (["projector"], ["projector"])], ids=["all", "one"]
)
def test_without_a_stage_all_run_in_order(arguments, ran, monkeypatch):
    found: list[str] = []

    def stand_in(stage: str):
        def run() -> None:
            found.append(stage)

        return run

    for stage in train.STAGES:
        name = f"stand_in_{stage.replace('-', '_')}"
        monkeypatch.setattr(train, name, stand_in(stage), raising=False)
        monkeypatch.setitem(train.STAGES, stage, f"small.train:{name}")
    train.main(arguments)
    assert found == ran
