"""Reader of saved states that builds tensors and metadata only, whatever the files say.

DCP reads `.metadata` with the full unpickler, and entries of raw bytes likewise, so that a prepared folder
could run code. A run folder may come from another person: here the unpickler knows a list of names, and each
entry must be a tensor in a file of the same folder.
"""

from __future__ import annotations

import pickle
from pathlib import Path, PurePath
from typing import Any

import torch
from torch.distributed.checkpoint.filesystem import FileSystemReader
from torch.distributed.checkpoint.metadata import (
    _MEM_FORMAT_ENCODING,
    Metadata,
    StorageMeta,
    TensorStorageMetadata,
)

from engine.faults import CommandError

METADATA = ".metadata"

#: Everything that a `.metadata` file of tensors names, by module.
_NAMES = {
    "torch.distributed.checkpoint.metadata": {
        "ChunkStorageMetadata",
        "Metadata",
        "MetadataIndex",
        "StorageMeta",
        "TensorProperties",
        "TensorStorageMetadata",
        "_MEM_FORMAT_ENCODING",
    },
    "torch.distributed.checkpoint.filesystem": {"_StorageInfo"},
    "torch.serialization": {"_get_layout"},
    "pathlib": {"Path", "PosixPath", "PurePosixPath", "WindowsPath", "PureWindowsPath"},
    "torch": {"Size"} | {name for name in dir(torch) if isinstance(getattr(torch, name), torch.dtype)},
}


def _member(kind: Any, name: Any) -> Any:
    """A member of the one enumeration in metadata, which some Pythons pickle as `getattr(kind, name)`."""
    if kind is not _MEM_FORMAT_ENCODING or name not in kind.__members__:
        raise _refused(f"its metadata read {name!r} of {kind!r}")
    return kind[name]


class _MetadataUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("builtins", "getattr"):
            return _member
        if name not in _NAMES.get(module, ()):
            raise _refused(f"its metadata names {module}.{name}, which no saved state needs")
        return super().find_class(module, name)


class StateReader(FileSystemReader):
    """Reads the tensors of a state that `FileSystemWriter` wrote.

    Raises CommandError `train/checkpoint` where metadata name anything but tensors in files of this folder.
    """

    def __init__(self, folder: Path):
        super().__init__(folder)
        self._folder = folder

    def read_metadata(self, *_args: Any, **_kwargs: Any) -> Metadata:
        try:
            with (self._folder / METADATA).open("rb") as file:
                metadata = _MetadataUnpickler(file).load()
        except CommandError:
            raise
        except Exception as error:  # a pickle may fail in any way
            raise _refused(f"its metadata cannot be read: {error}") from error
        if not isinstance(metadata, Metadata):
            raise _refused("its metadata are of another kind")
        for name, entry in metadata.state_dict_metadata.items():
            if not isinstance(entry, TensorStorageMetadata):
                raise _refused(f"{name} is no tensor")
        for index, info in (metadata.storage_data or {}).items():
            self._check_file(index.fqn, info.relative_path)
        storage = getattr(metadata, "storage_meta", None) or StorageMeta()
        storage.load_id = self.load_id
        metadata.storage_meta = storage
        return metadata

    def _check_file(self, name: str, path: str) -> None:
        """Files lie in the folder itself and are no links."""
        if PurePath(path).name != path or path in ("", ".", "..") or (self._folder / path).is_symlink():
            raise _refused(f"{name} is said to lie in {path!r}, outside of the folder")


def _refused(reason: str) -> CommandError:
    return CommandError(f"the saved state is not used: {reason}", code="train/checkpoint")
