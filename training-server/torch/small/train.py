"""The training of the small model: `npm run train-small`, or one stage: `npm run train-small -- STAGE`.

Every stage reads and writes files under the cache, can be stopped, and resumes when it is run again; missing
input of an earlier stage is an error that names it. Without a stage all of these run, in this order:
`restore`, `clips`, `statistics`, `distorted-copies`, `real-views`, `penalty`, `language`, `finetune`,
`checkpoint`. They continue from the bundled package; `backbone`, `vision` and `projector` made its parts from
random weights. On one core this takes several hours, most of them for drawing clips.
"""

from __future__ import annotations

import argparse
import importlib
import time

STAGES = {
    "clips": "small.make_clips:every_split",
    "statistics": "small.perception:stage_statistics",
    "restore": "small.restore:stage_restore",
    "ladder": "small.ladder:make_ladder",
    "backbone": "small.backbone:stage_backbone",
    "vision": "small.vision:stage_vision",
    "validation-baseline": "small.perception:stage_validation_baseline",
    "projector": "small.perception:stage_projector",
    "human-copies": "small.human.copies:stage_human_copies",
    "human-head": "small.human.train:stage_human_head",
    "distorted-copies": "small.penalty.copies:stage_distorted_copies",
    "real-views": "small.penalty.views:stage_real_views",
    "penalty": "small.penalty.train:stage_penalty",
    "human-package": "small.human.package:stage_human_package",
    "ladder-metrics": "small.perception:stage_ladder_metrics",
    "language": "small.build:stage_language",
    "finetune": "small.build:stage_finetune",
    "checkpoint": "small.build:stage_checkpoint",
    "verbalization": "small.build:stage_verbalization",
    "readings-clips": "small.readings.clips:stage_clips",
    "readings-features": "small.readings.features:stage_features",
    "readings-reader": "small.readings.evaluate:stage_readers",
    "readings-controls": "small.readings.controls:stage_controls",
    "readings-pairs": "small.readings.pairs:stage_pairs",
    "readings-tokens": "small.readings.tokens:stage_tokens",
    "readings-cost": "small.readings.cost:stage_cost",
}

DEFAULT_STAGES = (
    "restore", "clips", "statistics", "distorted-copies", "real-views", "penalty", "language", "finetune",
    "checkpoint",
)  # fmt: skip
"""The stages that a checkpoint needs; the others measure."""

RENAMED = {
    "trunk": "backbone",
    "yardstick": "validation-baseline",  # former name
    "ladder-figures": "ladder-metrics",
    "hearing": "finetune",
    "follow": "verbalization",
}
"""Former names of stages; each is refused with its present name."""


def stage_name(name: str) -> str:
    """A stage's name from the command line; a former name is an error that states the present one."""
    if name in RENAMED:
        raise argparse.ArgumentTypeError(f"the stage {name} is now called {RENAMED[name]}")
    return name


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "stage",
        nargs="?",
        type=stage_name,
        choices=list(STAGES),
        help=f"default: {', '.join(DEFAULT_STAGES)}",
    )
    options = parser.parse_args(arguments)
    for stage in (options.stage,) if options.stage else DEFAULT_STAGES:
        module, _, function = STAGES[stage].partition(":")
        wall, cpu = time.time(), time.process_time()
        getattr(importlib.import_module(module), function)()
        print(f"{stage}: {time.time() - wall:.0f} s wall, {time.process_time() - cpu:.0f} cpu-s", flush=True)


if __name__ == "__main__":
    main()
