"""Metrics of a run, sent to an experiment tracker by its own library.

    python -m engine.tracking wandb|trackio

The first line of stdin is `{project, id, name, folder, config}`, each other one `{step, values}`; the run is
closed at the end of stdin. The reply is one line, `{}` once the run is open, or `{missing: why}` where the
library cannot be imported, or `{error: why}`. A resumed run goes on under the same id; what becomes of steps
that are sent again is the libraries' affair.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any, Protocol, TextIO


class Tracker(Protocol):
    """Part of the interface that wandb and trackio share."""

    def init(self, **options: Any) -> Any: ...

    def log(self, metrics: dict[str, float], step: int) -> None: ...

    def finish(self) -> None: ...


LIBRARIES = ("wandb", "trackio")


def options_of(library: str, start: dict[str, Any]) -> dict[str, Any]:
    """Arguments of the library's `init`. Trackio knows a run by its name, which therefore is the id."""
    common = {"project": start["project"], "config": start["config"], "resume": "allow"}
    if library == "trackio":
        return {**common, "name": start["id"]}
    return {**common, "id": start["id"], "name": start["name"], "dir": start["folder"]}


def track(library: str, lines: TextIO, replies: TextIO) -> None:
    def reply(value: dict[str, str]) -> None:
        print(json.dumps(value), file=replies, flush=True)

    try:
        tracker: Tracker = importlib.import_module(library)
    except ImportError as error:
        reply({"missing": str(error)})
        return
    try:
        tracker.init(**options_of(library, json.loads(lines.readline())))
    except Exception as error:  # a wrong key, no network: the library's reason is reported as it is
        reply({"error": f"{type(error).__name__}: {error}"})
        return
    reply({})
    for line in lines:
        record = json.loads(line)
        values = {name: value for name, value in record["values"].items() if value is not None}
        tracker.log(values, step=record["step"])
    tracker.finish()


def main(arguments: list[str]) -> None:
    if len(arguments) != 1 or arguments[0] not in LIBRARIES:
        sys.exit(__doc__)
    replies = sys.stdout
    sys.stdout = sys.stderr  # what the libraries print is no reply
    track(arguments[0], sys.stdin, replies)


if __name__ == "__main__":
    main(sys.argv[1:])
