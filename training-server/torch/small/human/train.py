"""The stage `human-head` of `npm run train-small`: fits the shipped human head and prints its agreement."""

from __future__ import annotations

import torch

from small.evaluation.gates import metric_table
from small.human.copies import TABLE, load_copies
from small.human.evaluation import FITTED, SEEDS, on_test_clips, within_clips
from small.human.head import SHIPPED, fit_human_head, save_human_head
from small.human.scores import HumanScores, default_folder, load_human_scores

COMMAND = "npm run train-small -- human-head"


def stage_human_head() -> None:
    """Fits one network a seed on the train and validation clips of all sets, and writes `head.safetensors`.

    Copies of clips that are not trained on measure the order within a clip. Raises FileNotFoundError without
    the tables, or before the stage `human-copies`.
    """
    torch.set_num_threads(1)
    sets, copies = load_human_scores(default_folder()), load_copies()
    clips = HumanScores.joined([s.rows(FITTED) for s in sets])
    trained, held_out = copies.rows(TABLE["clips"]), copies.rows(TABLE["heldOut"])
    for name, seeds, used in (
        *((f"seed {seed}", (seed,), trained) for seed in SEEDS),
        (f"mean of {len(SEEDS)} networks, no copies", SEEDS, None),
        (f"mean of {len(SEEDS)} networks", SEEDS, trained),
    ):
        head = fit_human_head(clips, seeds, copies=used)
        metrics = on_test_clips(head, sets, COMMAND) + within_clips(head, held_out, COMMAND)
        print(f"{name}\n{metric_table(metrics)}", flush=True)
    each = {s.title: len(s.rows(FITTED)) for s in sets}
    about = {
        "trainedOn": ", ".join(f"{n} clips of {title}" for title, n in each.items()),
        "clips": len(clips),
        "copies": f"{len(trained)} originals and copies of {len(TABLE['clips'])} clips",
        "scale": "MOS, 1 to 5, the sets on a common scale by the INLSA constants of VIDEVAL",
        "tables": "github.com/vztu/VIDEVAL, commit 8a86166",
        "seeds": SEEDS,
        "command": COMMAND,
    }
    save_human_head(head, SHIPPED, about)
    print(f"{SHIPPED}: {SHIPPED.stat().st_size} bytes")
