"""Where a step's time goes. Code names its phases; they cost nothing unless a clock is running."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import torch


class PhaseClock:
    """Seconds by phase while it is entered; a phase within another counts for the inner one alone."""

    def __init__(self, device: torch.device | str = "cpu"):
        self.seconds: dict[str, float] = defaultdict(float)
        self._cuda = torch.device(device).type == "cuda"
        self._stack: list[str] = []
        self._since = 0.0

    def __enter__(self) -> PhaseClock:
        _running.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _running.remove(self)

    def _switch(self) -> None:
        # A border waits for the device, so that a phase has the work it has started.
        if self._cuda:
            torch.cuda.synchronize()
        now = time.perf_counter()
        if self._stack:
            self.seconds[self._stack[-1]] += now - self._since
        self._since = now

    def enter(self, name: str) -> None:
        self._switch()
        self._stack.append(name)

    def leave(self) -> None:
        self._switch()
        self._stack.pop()


_running: list[PhaseClock] = []


@contextmanager
def phase(name: str) -> Iterator[None]:
    """Counts the time within for `name` in the clock that runs, if one does."""
    if not _running:
        yield
        return
    clock = _running[-1]
    clock.enter(name)
    try:
        yield
    finally:
        clock.leave()
