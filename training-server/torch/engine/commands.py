"""The table of the driver's commands, and those that load, save and export. Every rank runs each command on
its share; rank 0's result goes to the driver."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch

from engine import generation, steps
from engine.export import digest
from engine.export import export as export_checkpoint
from engine.features import attach_disk_cache
from engine.policy import load_policy
from engine.requests import (
    EncodeRequest,
    ExportRequest,
    LoadRequest,
    ProbeRequest,
    RestoreRequest,
    SaveRequest,
)
from engine.session import Session
from engine.video.decode_pool import DecodePool
from engine.video.decoding import Job
from engine.video.pixel_cache import PixelCache
from engine.video.videos import Videos

Result = dict[str, Any]


def load(session: Session, request: LoadRequest) -> Result:
    """Loads a checkpoint; frees what was loaded before first."""
    session.progress("load", 0, 1)
    session.unload()
    torch.manual_seed(request.seed)
    with ThreadPoolExecutor(1) as executor:
        sha256 = executor.submit(digest, request.checkpoint) if session.ranks.leads else None
        policy = load_policy(request, session.ranks)
    cache, cap = PixelCache(request.pixel_cache.folder), int(request.pixel_cache.bytes)
    pool = DecodePool(request.decode_workers, cache=cache if cap > 0 else None, cap=cap)
    session.policy, session.videos = policy, Videos(pool, policy.profile)
    attach_disk_cache(policy.encoder, cache.folder / "features", cap)
    session.progress("load", 1, 1)
    return {
        "parameters": policy.parameters,
        "trainable": policy.trainable,
        "device": device_name(policy.device),
        "torch": torch.__version__,
        "ranks": session.ranks.world,
        "memoryBytes": memory(policy.device),
        "sha256": sha256.result() if sha256 else "",
    }


def encode(session: Session, request: EncodeRequest) -> Result:
    """Decodes videos ahead of a rollout; returns those that cannot be read."""
    _, videos = session.loaded()
    failed = videos.failures(session.ranks.share(request.videos))
    return {"failed": session.gather_failures(failed)}


def export(session: Session, request: ExportRequest) -> Result:
    """Writes a checkpoint in the official layout."""
    policy, _ = session.loaded()
    session.saver.wait()
    session.progress("export", 0, 1)
    result = export_checkpoint(policy, request.folder, session.ranks)
    session.progress("export", 1, 1)
    return result


def restore(session: Session, request: RestoreRequest) -> Result:
    """Restores weights, optimiser and random states from a training checkpoint."""
    policy, _ = session.loaded()
    session.saver.wait()
    extra, session.dense = session.saver.restore(policy, request.folder)
    policy.encoder.clear()
    return {"extra": extra}


def begin_save(session: Session, request: SaveRequest) -> Callable[[], Result]:
    """Copies the state and starts to write it; the returned function waits for the end of that."""
    policy, _ = session.loaded()
    session.progress("save", 0, 1)
    return session.saver.save(policy, session.dense, request.folder, request.extra)


def probe(session: Session, request: ProbeRequest) -> list[dict[str, Any]]:
    """Frame counts and sizes; runs beside the computation, from any thread."""
    if session.probe_pool is None:
        session.probe_pool = DecodePool(2, cache=None, cap=0)
    futures = [session.probe_pool.submit(Job(path=path)) for path in request.paths]
    results: list[dict[str, Any]] = []
    for outcome in (future.result() for future in futures):
        facts = outcome.facts
        if facts is None:
            size = {"frames": 0, "width": 0, "height": 0, "fps": 0.0}
            results.append({**size, "error": outcome.error or "it cannot be read"})
        else:
            size = {"frames": facts.frames, "width": facts.width, "height": facts.height}
            results.append({**size, "fps": facts.fps})
    return results


COMMANDS: dict[str, Callable[[Session, Any], Result]] = {
    "load": load,
    "encode": encode,
    "rollout": generation.rollout,
    "update": steps.update,
    "sft": steps.sft,
    "regression_pretrain": steps.regression_pretrain,
    "fit": steps.fit,
    "restore": restore,
    "export": export,
}
"""Methods that run one after another on every rank. `save` ends in a thread, `probe` runs in one, `stop` ends
the engine (`engine/__main__.py`)."""


def device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def memory(device: torch.device) -> int | None:
    """Bytes of a GPU's memory; None on a CPU."""
    return torch.cuda.get_device_properties(device).total_memory if device.type == "cuda" else None
