"""Ranks that share a step, under torchrun with the driver's end of the socket in this process.

Oracle: one rank on the same global batch, whose numbers do not divide by two. Tolerances: sums of fp32 in
another order.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch.multiprocessing.spawn import start_processes

from engine.conftest import load_params, rollout_params, update_params, video_of
from engine.ranks import Ranks
from engine.video.decoding import HOME
from modules.loader import load_model


class Engine:
    """The driver's end: one question at a time."""

    def __init__(self, stream: socket.socket):
        self.stream = stream
        self.lines = stream.makefile("rb")
        self.number = 0
        self.hello = self.next()["params"]

    def next(self) -> dict[str, Any]:
        line = self.lines.readline()
        if not line:
            raise EOFError("the engine is gone")
        return json.loads(line)

    def ask(self, method: str, params: dict) -> Any:
        self.send(method, params)
        while True:
            message = self.next()
            if message.get("id") == self.number:
                if "error" in message:
                    raise RuntimeError(message["error"]["message"])
                return message["result"]

    def send(self, method: str, params: dict) -> None:
        self.number += 1
        message = {"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}
        self.stream.sendall(json.dumps(message).encode() + b"\n")


@contextmanager
def engine(ranks: int, folder: Path) -> Iterator[Engine]:
    folder.mkdir()
    address = folder / "s"
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nnodes=1"]
    command += [f"--nproc-per-node={ranks}", f"--log-dir={folder}", "--redirects=3", "--module", "engine"]
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(address))
        listener.listen()
        listener.settimeout(120)
        environment = os.environ | {"VQA_CTRL": f"unix:{address}", "OMP_NUM_THREADS": "1"}
        child = subprocess.Popen(command, cwd=HOME, env=environment, stderr=subprocess.DEVNULL)
        try:
            stream, _ = listener.accept()
            stream.settimeout(120)
            engine = Engine(stream)
            yield engine
            engine.ask("stop", {})
            stream.close()
            assert child.wait(60) == 0, logs_of(folder)
        finally:
            child.kill()
            child.wait()


def logs_of(folder: Path) -> str:
    """Ends of the logs that torchrun kept of its ranks."""
    return "\n".join(f"{path}:\n{path.read_text()[-2000:]}" for path in sorted(folder.rglob("*.log")))


def near(ours: Any, expected: Any, tolerance: float = 2e-5) -> None:
    assert set(ours) == set(expected)
    for name, value in expected.items():
        assert ours[name] == pytest.approx(value, rel=tolerance, abs=tolerance), name


def compare_weights(ours: Path, expected: Path, tolerance: float) -> None:
    left, right = load_model(ours).state_dict(), load_model(expected).state_dict()
    for name in right:
        assert (left[name] - right[name]).abs().max() <= tolerance, name


@pytest.fixture
def short(tmp_path_factory) -> Path:
    """A socket's path must be short."""
    with tempfile.TemporaryDirectory(prefix="e") as folder:
        yield Path(folder)


def steps_of(clips, profile, checkpoint, tmp_path) -> tuple[list[dict], dict]:
    """Videos of a batch, and the load that all of these tests share.

    Adam's steps are signs at first: an ε far above the rounding of a gradient keeps them comparable.
    """
    videos = [video_of(path, profile, start=k) for k, path in enumerate(clips[:3])]
    load = load_params(checkpoint, profile, tmp_path / "cache", optimiser={"epsilon": 1e-3})
    return videos, load


def test_two_ranks_are_one(short, clips, checkpoint, profile, prompt, tmp_path):
    """Rollout, update, supervised step, regression pretraining and fit."""
    videos, load = steps_of(clips, profile, checkpoint, tmp_path)
    rollout = rollout_params(prompt, [*videos, video_of(clips[4], profile)])
    examples = [{"video": v, "text": f"<answer>{k}.50</answer>"} for k, v in enumerate(videos)]
    sft = {"prompt": prompt, "examples": examples, "lr": 1e-3, "maxGradNorm": 1.0, "maxTokensPerRow": 256}
    dense = [{"video": v, "targets": [0.1 * k]} for k, v in enumerate(videos)]
    regression = {"examples": dense, "names": ["blur"], "lr": 1e-4, "maxGradNorm": 1.0}
    width = 64
    points = [{"video": v, "targets": [0.01 * k * i for i in range(width)]} for k, v in enumerate(videos)]

    results: dict[int, list] = {}
    for ranks in (1, 2):
        with engine(ranks, short / str(ranks)) as asked:
            assert asked.hello["ranks"] == ranks and len(asked.hello["pgids"]) == ranks
            first = asked.ask("load", load)
            drawn = asked.ask("rollout", rollout)
            step = update_params(prompt, videos, drawn["completions"][:3])
            # With one group only, one of the ranks has nothing to do but must come along.
            alone = update_params(prompt, videos[:1], drawn["completions"][:1])
            steps = [asked.ask("update", each)["metrics"] for each in (step, step, alone)]
            steps.append(asked.ask("sft", sft)["metrics"])
            steps.append(asked.ask("regression_pretrain", regression)["metrics"])
            steps.append(asked.ask("regression_pretrain", regression)["metrics"])
            steps.append(asked.ask("fit", {"examples": points, "ridge": 0.5})["metrics"])
            asked.ask("export", {"folder": str(tmp_path / f"model{ranks}")})
            with pytest.raises(RuntimeError, match="0 <IMG_CONTEXT>"):
                asked.ask("rollout", {**rollout, "prompt": "?"})
            with pytest.raises(RuntimeError, match="rollout.topK must be a whole number, not 'all'"):
                asked.ask("rollout", {**rollout, "topK": "all"})
            with pytest.raises(RuntimeError, match="there is no method draw"):
                asked.ask("draw", rollout)
            results[ranks] = [first, drawn, steps]

    one, two = results[1], results[2]
    assert {**two[0], "ranks": 1} == one[0]
    for ours, expected in zip(two[1]["completions"], one[1]["completions"], strict=True):
        assert (ours is None) == (expected is None)
        for a, b in zip(ours or (), expected or (), strict=True):
            assert a["tokens"] == b["tokens"] and a["text"] == b["text"]
            assert a["logps"] == pytest.approx(b["logps"], abs=5e-5)
    assert two[1]["failed"] == one[1]["failed"]
    for ours, expected in zip(two[2], one[2], strict=True):
        near(ours, expected)
    compare_weights(tmp_path / "model2", tmp_path / "model1", 2e-5)


@pytest.mark.slow
@pytest.mark.parametrize(("before", "after"), [(2, 1), (1, 2)])
def test_a_checkpoint_goes_on_with_another_number_of_ranks(
    short, clips, checkpoint, profile, prompt, tmp_path, before, after
):
    """Oracle: the same step by those who wrote it."""
    videos, load = steps_of(clips, profile, checkpoint, tmp_path)
    with engine(before, short / "before") as asked:
        asked.ask("load", load)
        drawn = asked.ask("rollout", rollout_params(prompt, videos))
        step = update_params(prompt, videos, drawn["completions"])
        asked.ask("update", step)
        asked.ask("save", {"folder": str(tmp_path / "at"), "extra": {"step": 1}})
        went = asked.ask("update", step)["metrics"]
    with engine(after, short / "after") as asked:
        asked.ask("load", load)
        assert asked.ask("restore", {"folder": str(tmp_path / "at")}) == {"extra": {"step": 1}}
        near(asked.ask("update", step)["metrics"], went)


@pytest.mark.slow
def test_bf16_on_two_ranks_has_masters(short, clips, checkpoint, profile, prompt, tmp_path):
    """A step far below the distance of bf16 numbers is not lost, and a checkpoint holds it."""
    videos = [video_of(path, profile, start=k) for k, path in enumerate(clips[:2])]
    load = load_params(checkpoint, profile, tmp_path / "cache", precision="bf16")
    with engine(2, short / "two") as asked:
        asked.ask("load", load)
        drawn = asked.ask("rollout", rollout_params(prompt, videos))
        step = update_params(prompt, videos, drawn["completions"], lr=1e-6)
        first = asked.ask("update", step)["metrics"]
        asked.ask("save", {"folder": str(tmp_path / "at"), "extra": None})
        went = asked.ask("update", step)["metrics"]
        asked.ask("load", load)
        asked.ask("restore", {"folder": str(tmp_path / "at")})
        assert asked.ask("update", step)["metrics"] == went
        asked.ask("export", {"folder": str(tmp_path / "model")})
    assert first["grad_norm"] > 0 and first["skipped"] == 0
    start = load_model(checkpoint).state_dict()
    held = {"weights.mlp1.1.weight": torch.empty_like(start["mlp1.1.weight"])}
    dcp.load(held, storage_reader=dcp.FileSystemReader(tmp_path / "at"), no_dist=True)
    moved = (held["weights.mlp1.1.weight"] - start["mlp1.1.weight"]).abs()
    assert moved.median() == pytest.approx(1e-6, rel=0.3)


@pytest.mark.slow
def _leave(rank: int, folder: Path) -> None:
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    if rank == 1:
        time.sleep(1)
    (folder / f"leaving{rank}").write_text(str(time.monotonic()))
    Ranks(rank, 2, rank).leave()
    (folder / f"left{rank}").write_text(str(time.monotonic()))


def test_rank_zero_leaves_last(tmp_path):
    """A late rank still finds its leader."""
    start_processes(_leave, args=(tmp_path,), nprocs=2, start_method="spawn")
    assert float((tmp_path / "left0").read_text()) > float((tmp_path / "leaving1").read_text())


def test_a_rank_that_dies_ends_all(short, checkpoint, profile, tmp_path):
    """No rank waits for another for ever: torchrun ends those that are left, and the connection ends."""
    with pytest.raises((EOFError, AssertionError, ConnectionError, BrokenPipeError)):
        with engine(2, short / "two") as asked:
            asked.ask("load", load_params(checkpoint, profile, tmp_path / "cache"))
            os.kill(asked.hello["pgids"][1], 9)
            while True:
                asked.next()
