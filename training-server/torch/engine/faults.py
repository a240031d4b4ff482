"""Errors as the driver receives them: a code of its list, named values, one English line, the stack."""

from __future__ import annotations

import errno
import traceback
from typing import Any

import torch

from modules.loader import CheckpointError
from modules.profiles import ConfigError

FAULT = -32000
"""JSON-RPC's number for an error of the application."""


Params = dict[str, str | float]
"""Named values of an error message."""


class CommandError(Exception):
    """A command that cannot be done, found before anything was changed and on every rank alike."""

    def __init__(self, problem: str, *, code: str = "train/engine", **params: str | float):
        super().__init__(problem)
        self.code = code
        self.params: Params = {"problem": problem, **params}


def described(error: BaseException) -> dict[str, Any]:
    """The `error` member of a JSON-RPC reply."""
    code = "train/engine"
    params: Params = {"problem": _line(error)}
    if isinstance(error, CommandError):
        code, params = error.code, error.params
    elif disk_full(error):
        code = "train/disk"
    elif isinstance(error, CheckpointError | ConfigError):
        code = "train/checkpoint"
        if problems := getattr(error, "problems", None):
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            params = {"problem": f"the checkpoint cannot be loaded: {problems[0]}{more}"}
    elif isinstance(error, torch.OutOfMemoryError):
        params = {"problem": "CUDA out of memory", "detail": "CUDA out of memory"}
    trace = "".join(traceback.format_exception(error))
    data = {"code": code, "params": params, "trace": trace}
    return {"code": FAULT, "message": str(params.get("problem", _line(error))), "data": data}


def expected(error: BaseException) -> bool:
    """True for an error that every rank raises at the same point, so that all can continue after it."""
    return isinstance(error, CommandError | CheckpointError | ConfigError)


def disk_full(error: BaseException | None) -> bool:
    """True where a full disk or quota is among the causes of the error."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, OSError) and each.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        # torch writes through C++ and checkpoints wrap what each rank met; only words are left of it then.
        if "No space left on device" in str(each):
            return True
        failures = getattr(each, "failures", None)
        if isinstance(failures, dict):
            waiting += [part[0] if isinstance(part, tuple) else part for part in failures.values()]
        waiting += [each.__cause__, each.__context__]
    return False


def _line(error: BaseException) -> str:
    first = next((line for line in str(error).splitlines() if line.strip()), "")
    return first.strip() or type(error).__name__
