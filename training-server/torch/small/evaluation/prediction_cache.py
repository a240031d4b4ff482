"""Judges and clips: who has answered what, in several processes, kept on disk.

Texts are kept in `texts/SET-FINGERPRINT-KEY.jsonl` and what encoders saw in `seen/EYES/SET-FINGERPRINT/`, so
that a stop loses one batch, and a judge with the same encoders as an earlier one (another seed of the head,
another stage of the decoder) only has to write.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from small.judge import Folder, Judge, Seen

BATCH = 32
"""Clips decoded side by side."""

KEPT_EYES = 3
"""Encoders whose sight is kept; about 2 GB each."""

WORKERS = int(os.environ.get("VQA_WORKERS", min(os.cpu_count() or 1, 8)))


class ClipSet(Protocol):
    """Clips by name; small enough to be sent to another process, which opens the files itself."""

    @property
    def name(self) -> str: ...

    @property
    def fingerprint(self) -> str:
        """Changes with the pixels."""

    def pixels(self, name: str) -> Tensor:
        """One clip [2N, 3, S, S], normalised."""


def _begin() -> None:
    torch.set_num_threads(1)  # as many processes as cores


@lru_cache(maxsize=8)
def _loaded(folder: Folder) -> Judge:
    return folder.load()


def _file(name: str) -> str:
    return name.replace("/", "~") + ".npz"


def _see(judge: Judge, clips: ClipSet, name: str, kept: Path | None) -> Seen:
    path = kept and kept / _file(name)
    if path and path.exists():
        with np.load(path) as found:
            return Seen(frames=torch.from_numpy(found["frames"]), motion=torch.from_numpy(found["motion"]))
    seen = judge.see(clips.pixels(name))
    if path:
        partial = path.with_suffix(f".{os.getpid()}.npz")
        np.savez(partial, frames=seen.frames.numpy(), motion=seen.motion.numpy())
        partial.rename(path)
    return seen


Asked = list[tuple[Folder, list[str]]]
"""Judges of the same eyes, each with the clips of a batch that it has not answered."""


def _answer(clips: ClipSet, asked: Asked, kept: Path | None) -> list[list[str]]:
    """Runs in a worker: texts for every judge's clips."""
    names = dict.fromkeys(name for _, own in asked for name in own)
    judges = [_loaded(folder) for folder, _ in asked]
    seen = {name: _see(judges[0], clips, name, kept) for name in names}
    return [
        judge.write([seen[name] for name in own]) if own else []
        for judge, (_, own) in zip(judges, asked, strict=True)
    ]


class Panel:
    """Asks judges for texts on sets of clips; closes its processes when left."""

    def __init__(
        self, folder: Path, workers: int = WORKERS, keep_seen: bool = True, log: Callable[[str], None] = print
    ):
        self.folder, self.workers, self.keep_seen, self.log = folder, workers, keep_seen, log
        self.pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Panel:
        return self

    def __exit__(self, *_: object) -> None:
        if self.pool is not None:
            self.pool.shutdown(cancel_futures=True)

    def texts(self, judges: Sequence[Folder], clips: ClipSet, names: Sequence[str]) -> list[list[str]]:
        """Greedy texts [judges][names]."""
        files = [self._texts_file(judge, clips) for judge in judges]
        known = [_read(file) for file in files]
        groups: dict[str, list[int]] = {}
        for k, judge in enumerate(judges):
            groups.setdefault(judge.eyes, []).append(k)
        for eyes, members in groups.items():
            missing = [n for n in names if any(n not in known[k] for k in members)]
            if missing:
                kept = self._kept(eyes, clips)
                batches = [
                    [(judges[k], [n for n in part if n not in known[k]]) for k in members]
                    for part in (missing[i : i + BATCH] for i in range(0, len(missing), BATCH))
                ]
                done = 0
                for asked, texts in self._run(clips, batches, kept):
                    for k, (_, own), written in zip(members, asked, texts, strict=True):
                        known[k].update(zip(own, written, strict=True))
                        with files[k].open("a", encoding="utf-8") as out:
                            out.writelines(json.dumps([n, known[k][n]]) + "\n" for n in own)
                    done += 1
                    self.log(f"{clips.name}: {min(done * BATCH, len(missing))} of {len(missing)} clips")
        return [[own[n] for n in names] for own in known]

    def each(self, work: Callable[..., None], tasks: Sequence[tuple]) -> None:
        """Runs `work(*task)` for every task, in the processes."""
        if self.workers < 2:
            for task in tasks:
                work(*task)
            return
        for future in [self._processes().submit(work, *task) for task in tasks]:
            future.result()

    def _processes(self) -> ProcessPoolExecutor:
        if self.pool is None:
            self.pool = ProcessPoolExecutor(self.workers, get_context("spawn"), _begin)
        return self.pool

    def _texts_file(self, judge: Folder, clips: ClipSet) -> Path:
        path = self.folder / "texts" / f"{clips.name}-{clips.fingerprint}-{judge.key}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _kept(self, eyes: str, clips: ClipSet) -> Path | None:
        if not self.keep_seen:
            return None
        own = self.folder / "seen" / eyes
        path = own / f"{clips.name}-{clips.fingerprint}"
        path.mkdir(parents=True, exist_ok=True)
        os.utime(own)
        latest = sorted((self.folder / "seen").iterdir(), key=lambda f: -f.stat().st_mtime)
        for old in latest[KEPT_EYES:]:
            shutil.rmtree(old, ignore_errors=True)
        return path

    def _run(
        self, clips: ClipSet, batches: list[Asked], kept: Path | None
    ) -> Iterator[tuple[Asked, list[list[str]]]]:
        if self.workers < 2:
            for asked in batches:
                yield asked, _answer(clips, asked, kept)
            return
        pool = self._processes()
        waiting: dict[Future, Asked] = {pool.submit(_answer, clips, asked, kept): asked for asked in batches}
        while waiting:
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                yield waiting.pop(future), future.result()


def _read(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    content = file.read_text("utf-8")
    if not content.endswith("\n"):  # stopped while writing: the last line is torn
        content = content[: content.rfind("\n") + 1]
        file.write_text(content, "utf-8")
    return dict(json.loads(line) for line in content.splitlines())
