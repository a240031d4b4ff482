"""Cached predictions: the texts of models on sets of clips, computed by several processes, kept on disk.

Texts are in `texts/SET-FINGERPRINT-KEY.jsonl` and encoder outputs in `encoded/ENCODER/SET-FINGERPRINT/`. An
interruption loses one batch, and a model with the encoders of an earlier one (another seed of the projector,
another training stage of the decoder) only generates.
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

from modules.atomic_write import atomic_write
from small.predictor import EncodedClip, ModelSource, Predictor

BATCH = 32
"""Clips decoded side by side."""

CACHED_ENCODERS = 3
"""Encoders whose outputs are cached; about 2 GB each."""

WORKERS = int(os.environ.get("VQA_WORKERS", min(os.cpu_count() or 1, 8)))


class ClipSet(Protocol):
    """Clips by name; small enough to be sent to another process, which opens the files itself."""

    @property
    def name(self) -> str: ...

    @property
    def fingerprint(self) -> str:
        """Digest that changes with the pixels."""

    def pixels(self, name: str) -> Tensor:
        """One clip [2N, 3, S, S], normalised. A set may also have `features(name)`: quality features [n]."""


def _begin() -> None:
    torch.set_num_threads(1)  # as many processes as cores


@lru_cache(maxsize=8)
def _loaded(source: ModelSource) -> Predictor:
    return source.load()


def _file(name: str) -> str:
    return name.replace("/", "~") + ".npz"


def _encode(predictor: Predictor, clips: ClipSet, name: str, folder: Path | None) -> EncodedClip:
    path = folder and folder / _file(name)
    if path and path.exists():
        with np.load(path) as file:
            quality = torch.from_numpy(file["quality"]) if "quality" in file.files else None
            frames, motion = (torch.from_numpy(file[key]) for key in ("frames", "motion"))
            return EncodedClip(frames=frames, motion=motion, quality=quality)
    features = getattr(clips, "features", None)
    quality = None if features is None else features(name)
    encoded = predictor.encode(clips.pixels(name), quality)
    if path:
        with atomic_write(path, per_process=True) as partial:
            more = {} if encoded.quality is None else {"quality": encoded.quality.numpy()}
            np.savez(partial, frames=encoded.frames.numpy(), motion=encoded.motion.numpy(), **more)
    return encoded


Request = list[tuple[ModelSource, list[str]]]
"""Sources of one encoder, each with the clips of a batch whose texts are missing."""


def _predict(clips: ClipSet, request: Request, folder: Path | None) -> list[list[str]]:
    """Texts of every source's clips; runs in a worker process."""
    names = dict.fromkeys(name for _, missing in request for name in missing)
    predictors = [_loaded(source) for source, _ in request]
    encoded = {name: _encode(predictors[0], clips, name, folder) for name in names}
    return [
        predictor.generate([encoded[name] for name in missing]) if missing else []
        for predictor, (_, missing) in zip(predictors, request, strict=True)
    ]


class PredictionCache:
    """Texts of models on sets of clips, from disk or predicted; a context manager that ends its processes."""

    def __init__(
        self,
        folder: Path,
        workers: int = WORKERS,
        cache_encodings: bool = True,
        log: Callable[[str], None] = print,
    ):
        self.folder, self.workers, self.cache_encodings, self.log = folder, workers, cache_encodings, log
        self.pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> PredictionCache:
        return self

    def __exit__(self, *_: object) -> None:
        if self.pool is not None:
            self.pool.shutdown(cancel_futures=True)

    def texts(self, sources: Sequence[ModelSource], clips: ClipSet, names: Sequence[str]) -> list[list[str]]:
        """Greedy texts [sources][names]."""
        files = [self._texts_file(source, clips) for source in sources]
        cached = [_read(file) for file in files]
        groups: dict[str, list[int]] = {}
        for k, source in enumerate(sources):
            groups.setdefault(source.encoder_id, []).append(k)
        for encoder_id, members in groups.items():
            missing = [n for n in names if any(n not in cached[k] for k in members)]
            if missing:
                folder = self._encodings(encoder_id, clips)
                requests = [
                    [(sources[k], [n for n in part if n not in cached[k]]) for k in members]
                    for part in (missing[i : i + BATCH] for i in range(0, len(missing), BATCH))
                ]
                done = 0
                for request, texts in self._run(clips, requests, folder):
                    for k, (_, predicted), written in zip(members, request, texts, strict=True):
                        cached[k].update(zip(predicted, written, strict=True))
                        with files[k].open("a", encoding="utf-8") as out:
                            out.writelines(json.dumps([n, cached[k][n]]) + "\n" for n in predicted)
                    done += 1
                    self.log(f"{clips.name}: {min(done * BATCH, len(missing))} of {len(missing)} clips")
        return [[by_name[n] for n in names] for by_name in cached]

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

    def _texts_file(self, source: ModelSource, clips: ClipSet) -> Path:
        path = self.folder / "texts" / f"{clips.name}-{clips.fingerprint}-{source.key}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _encodings(self, encoder_id: str, clips: ClipSet) -> Path | None:
        """Folder of an encoder's outputs; deletes those of the encoders that were used longest ago."""
        if not self.cache_encodings:
            return None
        encoder = self.folder / "encoded" / encoder_id
        path = encoder / f"{clips.name}-{clips.fingerprint}"
        path.mkdir(parents=True, exist_ok=True)
        os.utime(encoder)
        latest = sorted((self.folder / "encoded").iterdir(), key=lambda f: -f.stat().st_mtime)
        for old in latest[CACHED_ENCODERS:]:
            shutil.rmtree(old, ignore_errors=True)
        return path

    def _run(
        self, clips: ClipSet, requests: list[Request], folder: Path | None
    ) -> Iterator[tuple[Request, list[list[str]]]]:
        if self.workers < 2:
            for request in requests:
                yield request, _predict(clips, request, folder)
            return
        pool = self._processes()
        waiting: dict[Future, Request] = {
            pool.submit(_predict, clips, request, folder): request for request in requests
        }
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
