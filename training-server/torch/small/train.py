"""Stages of the small model, one command each: `npm run train-small -- STAGE`.

Every stage reads and writes files under the cache and can be stopped and run again. In order: `statistics`,
`yardstick`, `trunk`, `vision`, `projector`; then `language`, `hearing` and `checkpoint`.
"""

from __future__ import annotations

import argparse
import importlib
import time

STAGES = {
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


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("stage", choices=list(STAGES))
    options = parser.parse_args(arguments)
    module, _, function = STAGES[options.stage].partition(":")
    wall, cpu = time.time(), time.process_time()
    getattr(importlib.import_module(module), function)()
    print(f"{options.stage}: {time.time() - wall:.0f} s wall, {time.process_time() - cpu:.0f} cpu-s")


if __name__ == "__main__":
    main()
