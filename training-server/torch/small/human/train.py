"""The stage `human-head` of `npm run train-small`: fits the shipped human head and prints its agreement."""

from __future__ import annotations

import torch

from small.evaluation.gates import metric_table
from small.human.evaluation import FITTED, SEEDS, on_test_clips
from small.human.head import SHIPPED, fit_human_head, save_human_head
from small.human.scores import HumanScores, default_folder, load_human_scores

COMMAND = "npm run train-small -- human-head"


def stage_human_head() -> None:
    """Fits one network a seed on the train and validation clips of all sets, and writes `head.safetensors`.

    Raises FileNotFoundError without the tables.
    """
    torch.set_num_threads(1)
    sets = load_human_scores(default_folder())
    clips = HumanScores.joined([s.rows(FITTED) for s in sets])
    for seed in SEEDS:
        print(f"seed {seed}\n{metric_table(on_test_clips(fit_human_head(clips, [seed]), sets, COMMAND))}")
    head = fit_human_head(clips, SEEDS)
    print(f"mean of {len(SEEDS)} networks\n{metric_table(on_test_clips(head, sets, COMMAND))}")
    each = {s.title: len(s.rows(FITTED)) for s in sets}
    about = {
        "trainedOn": ", ".join(f"{n} clips of {title}" for title, n in each.items()),
        "clips": len(clips),
        "scale": "MOS, 1 to 5, the sets on a common scale by the INLSA constants of VIDEVAL",
        "tables": "github.com/vztu/VIDEVAL, commit 8a86166",
        "seeds": SEEDS,
        "command": COMMAND,
    }
    save_human_head(head, SHIPPED, about)
    print(f"{SHIPPED}: {SHIPPED.stat().st_size} bytes")
