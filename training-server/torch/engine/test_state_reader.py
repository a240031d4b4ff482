"""Prepared checkpoint folders: nothing of them is run, and nothing outside of them is read."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
import torch
from torch.distributed.checkpoint.metadata import _MEM_FORMAT_ENCODING, BytesStorageMetadata, Metadata

from engine.faults import CommandError, described
from engine.state_reader import METADATA, StateReader


class RunsACommand:
    def __init__(self, command: str):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


@pytest.fixture
def saved(loaded, tmp_path) -> Path:
    folder = tmp_path / "step-1"
    loaded.begin_save({"folder": str(folder), "extra": 1})()
    return folder


def refusal(loaded, folder: Path) -> str:
    with pytest.raises(CommandError) as raised:
        loaded.run("restore", {"folder": str(folder)})
    assert described(raised.value)["data"]["code"] == "train/checkpoint"
    return str(raised.value)


def test_a_pickle_that_runs_a_command_is_refused(loaded, saved, tmp_path):
    mark = tmp_path / "ran"
    (saved / METADATA).write_bytes(pickle.dumps(RunsACommand(f"touch {mark}")))
    assert "system" in refusal(loaded, saved)
    assert not mark.exists()


class ReadsAnAttribute:
    """As enumerations are pickled by some Pythons, with another object and name."""

    def __init__(self, of: object, name: str):
        self.of, self.name = of, name

    def __reduce__(self):
        return getattr, (self.of, self.name)


@pytest.mark.parametrize(
    ("of", "name"),
    [
        (Metadata, "__init__"),
        (_MEM_FORMAT_ENCODING, "__class__"),
        (_MEM_FORMAT_ENCODING, "mro"),
        (torch.Size, "count"),
    ],
)
def test_an_attribute_of_anything_but_the_enumeration_is_refused(loaded, saved, of, name):
    (saved / METADATA).write_bytes(pickle.dumps(ReadsAnAttribute(of, name)))
    assert name in refusal(loaded, saved)


def test_a_member_of_the_enumeration_is_read_in_both_forms(saved):
    member = next(iter(_MEM_FORMAT_ENCODING))
    for form in (member, ReadsAnAttribute(_MEM_FORMAT_ENCODING, member.name)):
        (saved / METADATA).write_bytes(pickle.dumps(form))
        with pytest.raises(CommandError, match="of another kind"):  # read, and no metadata
            StateReader(saved).read_metadata()


@pytest.mark.parametrize("content", [b"", b"\x80\x04N.", b"no pickle", pickle.dumps({"a": 1})])
def test_metadata_of_another_kind_are_refused(loaded, saved, content):
    (saved / METADATA).write_bytes(content)
    refusal(loaded, saved)


def test_an_entry_of_raw_bytes_is_refused(loaded, saved, tmp_path):
    """DCP unpickles such an entry without restriction."""
    mark = tmp_path / "ran"
    metadata = StateReader(saved).read_metadata()
    name = next(iter(metadata.state_dict_metadata))
    metadata.state_dict_metadata[name] = BytesStorageMetadata()
    for index, info in metadata.storage_data.items():
        if index.fqn == name:
            torch.save(RunsACommand(f"touch {mark}"), saved / info.relative_path)
    (saved / METADATA).write_bytes(pickle.dumps(metadata))
    assert "BytesStorageMetadata" in refusal(loaded, saved)
    assert not mark.exists()


@pytest.mark.parametrize("path", ["../other/__0_0.distcp", "/etc/passwd", "a/b", ".."])
def test_a_file_outside_of_the_folder_is_refused(loaded, saved, path):
    metadata = StateReader(saved).read_metadata()
    next(iter(metadata.storage_data.values())).relative_path = path
    (saved / METADATA).write_bytes(pickle.dumps(metadata))
    assert "outside" in refusal(loaded, saved)


def test_a_link_instead_of_a_file_is_refused(loaded, saved, tmp_path):
    file = next(saved.glob("*.distcp"))
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert "outside" in refusal(loaded, saved)
