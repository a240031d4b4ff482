"""Checkpoints of a run by DCP: weights, optimiser, random states, and whatever the driver adds.

A folder appears whole or not at all: DCP writes into a sibling, which is then renamed. Writing goes on beside
the computation. The same checkpoint is read by any number of ranks.

    FOLDER/.metadata, *.distcp   tensors, by DCP
           engine.json           format, names and shapes, random states of each rank
           extra.json            the driver's own
"""

from __future__ import annotations

import base64
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.filesystem import FileSystemWriter
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import async_save

from engine.dense import DenseHead
from engine.faults import CommandError
from engine.policy import Policy
from engine.ranks import PATIENCE, Ranks
from engine.state_reader import StateReader
from engine.weights import follow_masters, state_of
from modules.atomic_write import remove, replace_folder, sibling

FORMAT = 1
ABOUT, EXTRA = "engine.json", "extra.json"


class Saver:
    """Writes one checkpoint at a time and reads them back."""

    def __init__(self, ranks: Ranks):
        self.ranks = ranks
        # Collectives of the writing thread must not mix with those of the computation.
        self.group = dist.new_group(backend="gloo", timeout=PATIENCE)
        self._finish: Callable[[], dict[str, Any]] | None = None

    def save(
        self, policy: Policy, dense: DenseHead | None, folder: Path, extra: Any
    ) -> Callable[[], dict[str, Any]]:
        """Copies everything and starts writing. The result is to be called once, from any thread: it waits,
        puts the folder in its place and returns its size and how long it took."""
        self.wait()
        started = time.perf_counter()
        partial = sibling(folder, "partial")
        about = self._about(policy, dense)
        if self.ranks.leads:
            remove(partial)
            partial.mkdir(parents=True)
        self.ranks.gather(None)  # the folder is there before anyone writes into it
        copy = _copied(_tensors(policy, dense))
        writing = async_save(copy, storage_writer=FileSystemWriter(partial), process_group=self.group)
        assert isinstance(writing, Future)  # a response object is for another type of checkpointer

        def finish() -> dict[str, Any]:
            try:
                with _ordinary_errors():
                    writing.result()
                if self.ranks.leads:
                    _write(partial / ABOUT, about)
                    _write(partial / EXTRA, extra)
                    replace_folder(partial, folder)
                    _sync(folder.parent)
            except BaseException:
                if self.ranks.leads:
                    remove(partial)
                raise
            size = sum(file.stat().st_size for file in folder.iterdir()) if self.ranks.leads else 0
            return {"bytes": size, "seconds": time.perf_counter() - started}

        self._finish = _once(finish)
        return self._finish

    def wait(self) -> None:
        """Waits for the checkpoint that is being written; its error was the reply to `save`."""
        finish, self._finish = self._finish, None
        if finish is not None:
            try:
                finish()
            except Exception:  # noqa: BLE001, S110 (the reply to `save`)
                pass

    def restore(self, policy: Policy, folder: Path) -> tuple[Any, DenseHead | None]:
        """Puts weights, optimiser and random states back as they were; returns the driver's own state.

        Raises CommandError `train/checkpoint` where there is none, or one of another model or optimiser.
        """
        source = next(
            (
                candidate
                for candidate in (folder, sibling(folder, "previous"))
                if (candidate / ABOUT).exists()
            ),
            None,
        )
        if source is None:
            raise CommandError(f"there is no checkpoint in {folder}", code="train/checkpoint")
        about = json.loads((source / ABOUT).read_text("utf-8"))
        if about.get("format") != FORMAT:
            raise CommandError(
                f"it has format {about.get('format')}, and this engine reads {FORMAT}",
                code="train/checkpoint",
            )
        dense = DenseHead(policy, about["dense"], self.ranks) if about["dense"] else None
        tensors = _tensors(policy, dense)
        _compare(about["tensors"], _shapes(tensors))
        reader = StateReader(source)
        reader.read_metadata()  # refused before anything is changed
        with _ordinary_errors():
            load(tensors, storage_reader=reader, process_group=self.group)
        follow_masters(policy)
        states = about["random"]
        _set_random(states[self.ranks.rank % len(states)])
        return json.loads((source / EXTRA).read_text("utf-8")), dense

    def _about(self, policy: Policy, dense: DenseHead | None) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "ranks": self.ranks.world,
            "torch": torch.__version__,
            "dense": list(dense.names) if dense else [],
            "random": self.ranks.gather(_random()),
            "tensors": _shapes(_tensors(policy, dense)),
        }


def _tensors(policy: Policy, dense: DenseHead | None) -> dict[str, Tensor]:
    """Everything that has numbers, by a flat name; reading into these tensors restores them."""
    tensors = {f"weights.{name}": t for name, t in state_of(policy).items()}
    if policy.optimiser is not None:
        for p, state in policy.optimiser.state.items():
            for kind, value in state.items():
                if kind != "master":  # it is the weight
                    tensors[f"optimiser.{policy.names[p]}.{kind}"] = value
    if dense is not None:
        tensors |= {f"dense.{name}": t for name, t in dense.heads.state_dict().items()}
        for number, state in enumerate(dense.optimiser.state.values()):
            tensors |= {f"dense.optimiser.{number}.{kind}": value for kind, value in state.items()}
    return tensors


def _copied(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    # DCP moves tensors off a GPU before it returns; those on the CPU it would read while they change.
    return {name: t.detach().clone() if t.device.type == "cpu" else t for name, t in tensors.items()}


def _shapes(tensors: dict[str, Tensor]) -> dict[str, list[int]]:
    return {name: list(t.shape) for name, t in tensors.items()}


def _compare(saved: dict[str, list[int]], current: dict[str, list[int]]) -> None:
    wrong = sorted(name for name in saved.keys() | current.keys() if saved.get(name) != current.get(name))
    if wrong:
        name = wrong[0]
        raise CommandError(
            f"it is of another model, other trained parts or another optimiser: {name} is "
            f"{saved.get(name, 'absent')} there and {current.get(name, 'absent')} here "
            f"(and {len(wrong) - 1} more)",
            code="train/checkpoint",
        )


def _random() -> dict[str, str]:
    states = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state()
    return {kind: base64.b64encode(bytes(state.tolist())).decode() for kind, state in states.items()}


def _set_random(states: dict[str, str]) -> None:
    for kind, text in states.items():
        state = torch.tensor(list(base64.b64decode(text)), dtype=torch.uint8)
        if kind == "cpu":
            torch.set_rng_state(state)
        elif torch.cuda.is_available():
            torch.cuda.set_rng_state(state)


@contextmanager
def _ordinary_errors() -> Iterator[None]:
    """DCP's own exception is no Exception, and would pass by everyone who catches these."""
    try:
        yield
    except CheckpointException as error:
        failures = [part[0] if isinstance(part, tuple) else part for part in error.failures.values()]
        raise RuntimeError(f"a checkpoint could not be written or read: {failures[0]}") from error


def _write(file: Path, value: Any) -> None:
    with file.open("w", encoding="utf-8") as out:
        json.dump(value, out)
        out.flush()
        os.fsync(out.fileno())


def _sync(folder: Path) -> None:
    """Writes a folder's entries to the disk, so that a rename in it survives a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _once(call: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """The same result, or the same error, for whoever calls."""
    lock = threading.Lock()
    outcome: list[dict[str, Any] | BaseException] = []

    def again() -> dict[str, Any]:
        with lock:
            if not outcome:
                try:
                    outcome.append(call())
                except BaseException as error:  # noqa: BLE001 (raised again below)
                    outcome.append(error)
        result = outcome[0]
        if isinstance(result, BaseException):
            raise result
        return result

    return again
