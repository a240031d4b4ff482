"""Decoding beside the computation: a few processes that take jobs in order and are replaced when they die."""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import threading
from concurrent.futures import Future

from engine.video import decoding
from engine.video.decoding import Job, Outcome
from engine.video.pixel_cache import PixelCache

PATIENCE = 300.0
"""Seconds for one video; a decoder that hangs longer is ended."""


Child = subprocess.Popen[bytes]


class DecodePool:
    """Jobs in, outcomes out. With no processes at all, jobs are done one by one in a thread here."""

    def __init__(self, workers: int, *, cache: PixelCache | None, cap: int, patience: float = PATIENCE):
        self.cache, self.cap, self.patience = cache, cap, patience
        self._jobs: queue.SimpleQueue[tuple[Job, Future[Outcome]] | None] = queue.SimpleQueue()
        self._held = cache.shrink(cap) if cache else 0
        self._lock = threading.Lock()
        self._children: set[Child] = set()
        self._closed = False
        runners = [self._run_child] * workers if workers else [self._run_here]
        self._threads = [threading.Thread(target=run, daemon=True, name="decode") for run in runners]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job) -> Future[Outcome]:
        """The outcome to come; it never raises for the video's sake."""
        future: Future[Outcome] = Future()
        self._jobs.put((job, future))
        return future

    def close(self) -> None:
        """Ends the processes; outcomes that are still to come are cancelled."""
        self._closed = True
        for _ in self._threads:
            self._jobs.put(None)
        with self._lock:
            for child in self._children:
                child.kill()

    def _next(self) -> tuple[Job, Future[Outcome]] | None:
        while (item := self._jobs.get()) is not None:
            if self._closed:
                item[1].cancel()
            elif item[1].set_running_or_notify_cancel():
                return item
        return None

    def _run_here(self) -> None:
        while item := self._next():
            self._settle(item[1], decoding.work(item[0]))

    def _run_child(self) -> None:
        child: Child | None = None
        while item := self._next():
            job, future = item
            for _ in range(2):  # the death may have been another's fault: once more in a fresh process
                if child is None or child.poll() is not None:
                    child = self._start()
                outcome = self._ask(child, job)
                if outcome is not None:
                    break
                child = None
            self._settle(future, outcome or Outcome(error="the decoder ended or hung on it"))
        if child is not None:
            assert child.stdin is not None
            child.stdin.close()

    def _start(self) -> Child:
        child = subprocess.Popen(
            decoding.command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(decoding.HOME), "OMP_NUM_THREADS": "1"},
        )
        with self._lock:
            self._children = {other for other in self._children if other.poll() is None} | {child}
        return child

    def _ask(self, child: Child, job: Job) -> Outcome | None:
        """None when the process died or took too long."""
        timer = threading.Timer(self.patience, child.kill)
        timer.start()
        try:
            assert child.stdin is not None and child.stdout is not None
            pickle.dump(job, child.stdin, protocol=5)
            child.stdin.flush()
            outcome: Outcome = pickle.load(child.stdout)
            return outcome
        except Exception:  # noqa: BLE001 (a reply that cannot be read counts as none)
            child.kill()
            child.wait()
            return None
        finally:
            timer.cancel()

    def _settle(self, future: Future[Outcome], outcome: Outcome) -> None:
        if self.cache and outcome.written:
            with self._lock:
                self._held += outcome.written
                full = self._held > self.cap
                if full:
                    self._held = self.cache.shrink(self.cap)
        future.set_result(outcome)
