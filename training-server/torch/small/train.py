"""The small model from nothing: `npm run train-small`, or one stage of it: `npm run train-small -- STAGE`.

Every stage reads and writes files under the cache, can be stopped, and goes on from there when it is run
again; what a stage needs that is not there is said. Without a stage all of these run, in this order:
`clips`, `statistics`, `trunk`, `vision`, `projector`, `language`, `hearing`, `checkpoint`. On one core that
is a matter of several hours, most of them for drawing clips.
"""

from __future__ import annotations

import argparse
import importlib
import time

STAGES = {
    "clips": "small.make_clips:every_split",
    "statistics": "small.perception:stage_statistics",
    "ladder": "small.ladder:make_ladder",
    "trunk": "small.trunk:stage_trunk",
    "vision": "small.vision:stage_vision",
    "yardstick": "small.perception:stage_yardstick",
    "projector": "small.perception:stage_projector",
    "ladder-figures": "small.perception:stage_ladder_figures",
    "language": "small.build:stage_language",
    "hearing": "small.build:stage_hearing",
    "checkpoint": "small.build:stage_checkpoint",
    "follow": "small.build:stage_follow",
}

WHOLE = ("clips", "statistics", "trunk", "vision", "projector", "language", "hearing", "checkpoint")
"""What a checkpoint needs; the others measure."""


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("stage", nargs="?", choices=list(STAGES), help=f"default: {', '.join(WHOLE)}")
    options = parser.parse_args(arguments)
    for stage in (options.stage,) if options.stage else WHOLE:
        module, _, function = STAGES[stage].partition(":")
        wall, cpu = time.time(), time.process_time()
        getattr(importlib.import_module(module), function)()
        print(f"{stage}: {time.time() - wall:.0f} s wall, {time.process_time() - cpu:.0f} cpu-s", flush=True)


if __name__ == "__main__":
    main()
