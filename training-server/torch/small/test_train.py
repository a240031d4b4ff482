"""The order of the stages. Oracle: the files that each stage reads are written by an earlier one."""

from __future__ import annotations

import importlib

import pytest

from small import train


def test_every_stage_is_a_function():
    for target in train.STAGES.values():
        module, _, function = target.partition(":")
        assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [([], list(train.DEFAULT_STAGES)), (["projector"], ["projector"])],
    ids=["all", "one"],
)
def test_without_a_stage_all_run_in_order(arguments, expected, monkeypatch):
    ran: list[str] = []

    def stand_in(stage: str):
        def run() -> None:
            ran.append(stage)

        return run

    for stage in train.STAGES:
        name = f"stand_in_{stage.replace('-', '_')}"
        monkeypatch.setattr(train, name, stand_in(stage), raising=False)
        monkeypatch.setitem(train.STAGES, stage, f"small.train:{name}")
    train.main(arguments)
    assert ran == expected


@pytest.mark.parametrize(("former", "present"), train.RENAMED.items())
def test_a_former_name_is_refused_with_the_present_one(former, present, capsys):
    assert former not in train.STAGES and present in train.STAGES
    with pytest.raises(SystemExit):
        train.main([former])
    assert f"the stage {former} is now called {present}" in capsys.readouterr().err
