"""Writes that appear whole or not at all, and the learning-rate schedule."""

import math

import numpy as np
import pytest

from modules.atomic_write import atomic_write
from modules.schedule import warmup_cosine


def test_a_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "new" / "clips.npz"
    with atomic_write(path) as partial:
        np.savez(partial, frames=np.arange(3))
        assert partial.exists() and not path.exists()
    with np.load(path) as content:
        assert content["frames"].tolist() == [0, 1, 2]
    assert [file.name for file in path.parent.iterdir()] == ["clips.npz"]


@pytest.mark.parametrize("per_process", [False, True])
def test_an_error_leaves_the_file_of_before(tmp_path, per_process):
    path = tmp_path / "state.json"
    path.write_text("before")
    with pytest.raises(KeyError), atomic_write(path, per_process=per_process) as partial:
        partial.write_text("half")
        raise KeyError
    assert path.read_text() == "before" and list(tmp_path.iterdir()) == [path]


def test_a_folder_replaces_the_one_of_its_name_whole(tmp_path):
    folder = tmp_path / "checkpoint-2.5"
    for names in (("a", "b"), ("c",)):
        with atomic_write(folder) as partial:
            partial.mkdir()
            for name in names:
                (partial / name).write_text(name)
    assert [file.name for file in folder.iterdir()] == ["c"] and list(tmp_path.iterdir()) == [folder]


def test_what_a_killed_process_left_does_not_enter_the_next_folder(tmp_path):
    folder = tmp_path / "checkpoint"
    with pytest.raises(KeyboardInterrupt), atomic_write(folder) as partial:
        partial.mkdir()
        raise KeyboardInterrupt
    partial.mkdir()
    (partial / "stale").write_text("")
    with atomic_write(folder) as partial:
        partial.mkdir()
    assert list(folder.iterdir()) == []


def test_each_process_writes_to_another_sibling(tmp_path, monkeypatch):
    with atomic_write(tmp_path / "a.png", per_process=True) as first:
        monkeypatch.setattr("modules.atomic_write.os.getpid", lambda: 1)
        with atomic_write(tmp_path / "a.png", per_process=True) as second:
            second.write_text("second")
        first.write_text("first")
    assert first != second and (tmp_path / "a.png").read_text() == "first"


def test_the_schedule_rises_linearly_and_falls_as_a_cosine():
    rates = [warmup_cosine(k, peak=2.0, warmup=4, progress=0.0) for k in (1, 2, 4, 9)]
    assert rates == [0.5, 1.0, 2.0, 2.0]
    assert warmup_cosine(9, peak=2.0, warmup=4, progress=0.5) == pytest.approx(1.0)
    assert warmup_cosine(9, peak=2.0, warmup=4, progress=1.0) == 0.0
    assert warmup_cosine(2, peak=1.0, warmup=4, progress=0.25) == pytest.approx(
        0.5 * 0.5 * (1 + math.sqrt(0.5))
    )
