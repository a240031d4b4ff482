"""What the small model is worth: `npm run evaluate-small`.

Everything is measured on the text that the model writes, read as the page reads it: held-out clips and a
held-out family of stills, temporal preference, faithfulness, the ladder of real footage, the package against
the checkpoint, and a trained model against its start. Intervals are 95 %, by bootstrap over scenes (the
ladder's over clips).

Prints every figure and every gate of `evaluation/gates.json`, and writes `figures-checkpoint.json` (every
figure with its command) and `about.json`, what `npm run convert -- … --about` takes: name, scale, figures,
licence, card. Gates that are missed are said, and are no error unless `--strict`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from modules.loader import load_model
from procedural.sources import shared_folder
from small.answers import ReadAnswer, read_answers
from small.data import CACHE
from small.evaluation import faithful, held_out, ladder_figures, temporal, versus
from small.evaluation.about import about, parameter_count
from small.evaluation.figure import Figure, said
from small.evaluation.gates import figure_table, gate_table, verdicts
from small.evaluation.held_out import Judged, LabelledClips, judged, labelled, written_scores
from small.evaluation.panel import WORKERS, Panel
from small.judge import Checkpoint, Folder, Package, weights_digest
from small.ladder import LadderClips, keys_of, make_ladder, rows

BUNDLED = Path(__file__).parents[3] / "public" / "models" / "small"
SCENES_A_TASK = 10


@dataclass
class Evaluation:
    """One run: who is judged, how much of it, and what was found so far."""

    panel: Panel
    heads: list[Checkpoint]
    """The checkpoint, then other seeds of its head and decoder."""

    start: Checkpoint | None
    package: Package | None
    options: argparse.Namespace
    command: str
    figures: list[Figure] = field(default_factory=list)
    shipped: Judged | None = None
    """The checkpoint's own answers to the held-out clips."""

    def read(self, judges: Sequence[Folder], clips, names: Sequence[str]) -> list[list[ReadAnswer]]:
        return [read_answers(texts) for texts in self.panel.texts(judges, clips, names)]

    def held_out(
        self, split: str, judges: Sequence[Folder], limit: int | None
    ) -> tuple[list[Judged], list[str]]:
        """Answers of judges to a split's clips, and the first judge's texts; raises FileNotFoundError without
        it."""
        clips = LabelledClips(split)
        names = clips.names(limit)
        labels, n = labelled(split), len(names)
        texts = self.panel.texts(judges, clips, names)
        found = [
            judged(labels.score[:n], labels.severity[:n], labels.group[:n], read_answers(t)) for t in texts
        ]
        return found, texts[0]


def part_held_out(run: Evaluation) -> None:
    for split, where in (("test", "held-out clips"), ("family", "held-out family")):
        try:
            found, texts = run.held_out(split, run.heads, run.options.limit)
        except FileNotFoundError as error:
            print(error)
            continue
        if split == "test":
            run.shipped = found[0]
        run.figures += held_out.measure(found, where, run.command)
        run.figures += held_out.variety(found[0], texts, where, run.command)
        each = [f"{held_out.score_srcc(head):.3f}" for head in found]
        print(f"{where}: SRCC by seed of the head {', '.join(each)}")


def preferences(run: Evaluation, judges: Sequence[Folder]) -> list[temporal.Preferences]:
    clips = temporal.Reordered(run.panel.folder / "made", tuple(range(run.options.scenes)))
    missing = clips.missing()
    profile = load_model(run.heads[0].folder).config.profile
    parts = [missing[k : k + SCENES_A_TASK] for k in range(0, len(missing), SCENES_A_TASK)]
    run.panel.each(temporal.make, [(clips, part, profile) for part in parts])
    names, facts = clips.facts()
    return [temporal.preferences(clips.scenes, facts, names, read) for read in run.read(judges, clips, names)]


def part_temporal(run: Evaluation) -> None:
    run.figures += temporal.measure(preferences(run, run.heads[:1])[0], run.command)


def part_faithful(run: Evaluation) -> None:
    clips = LabelledClips("test")
    names = clips.names(run.options.limit)
    texts = run.panel.texts(run.heads[:1], clips, names)[0]
    read, labels = read_answers(texts), labelled("test")
    chosen = faithful.cases(labels.group, labels.severity, read, run.options.pairs)
    if not chosen:
        print("faithfulness: no text names a fault that is there")
        return
    repaired = faithful.Repaired(run.panel.folder / "made")
    repaired.check(chosen[0], clips.pixels(str(chosen[0].place)))
    after = run.panel.texts(run.heads[:1], repaired, [case.name for case in chosen])[0]
    places = [case.place for case in chosen]
    rise = written_scores(read_answers(after)) - written_scores(read)[places]
    run.figures += faithful.measure(chosen, [texts[k] for k in places], after, rise, run.command)


def part_ladder(run: Evaluation) -> None:
    if not (shared_folder() / "media").exists():
        print(f"ladder skipped: no clips in {shared_folder() / 'media'} (VQA_SHARED)")
        return
    for which, where in (("clips", "ladder"), ("others", "ladder, other clips")):
        make_ladder(which)
        clips = LadderClips(which)
        heads = []
        for read in run.read(run.heads, clips, clips.names):
            # An unreadable answer is worth no rank: it counts as the lowest score.
            heads.append(rows(keys_of(which), np.nan_to_num(written_scores(read), nan=0.0), which))
        run.figures += ladder_figures.measure(heads, where, run.command)


def part_package(run: Evaluation) -> None:
    if run.package is None:
        return
    manifest = run.package.manifest()
    size = Figure(name="size of the package in MB", value=run.package.bytes / 1e6, n=1, command=run.command)
    if manifest["producedBy"]["checkpointSha256"] != weights_digest(run.heads[0].folder):
        print(f"package skipped: {run.package.folder.name} was made of another checkpoint")
        return
    limit = min(run.options.package_clips, run.options.limit or run.options.package_clips)
    try:
        own, other = (run.held_out("test", [judge], limit)[0][0] for judge in (run.package, run.heads[0]))
    except FileNotFoundError as error:
        print(error)
        return
    name = "change of SRCC, package against checkpoint"
    run.figures += [versus.srcc_gain(own, other, name, run.command), size]


def part_start(run: Evaluation) -> None:
    if run.start is None:
        return
    judges = [run.heads[0], run.start]
    found = run.held_out("test", judges, run.options.limit)[0]
    run.figures.append(versus.srcc_gain(*found, "gain of SRCC over its start", run.command))
    name = "gain of temporal preference over its start"
    run.figures.append(temporal.gain(*preferences(run, judges), name, run.command))


PARTS: dict[str, Callable[[Evaluation], None]] = {
    "held-out": part_held_out,
    "temporal": part_temporal,
    "faithful": part_faithful,
    "ladder": part_ladder,
    "package": part_package,
    "start": part_start,
}


def folder(name: str) -> Path:
    """A folder named on the command line: from where npm was called, since this runs elsewhere."""
    return Path(os.environ.get("INIT_CWD", ".")) / name


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", type=folder, default=CACHE / "checkpoint")
    parser.add_argument(
        "--seeds",
        type=folder,
        nargs="*",
        help="checkpoints of other seeds of the head (default: CHECKPOINT-seed*)",
    )
    parser.add_argument("--start", type=folder, help="what the checkpoint was made from, to be better than")
    parser.add_argument("--package", type=folder, default=BUNDLED, help="compared if made of the checkpoint")
    parser.add_argument("--dtype", choices=["fp32", "q8"], default="q8", help="of the package")
    parser.add_argument(
        "--only", nargs="+", choices=list(PARTS), help="some parts; figures are printed, not kept"
    )
    parser.add_argument("--limit", type=int, help="only so many clips of each split")
    parser.add_argument("--scenes", type=int, default=300, help="of temporal preference")
    parser.add_argument("--pairs", type=int, default=faithful.PAIRS, help="of faithfulness")
    parser.add_argument("--package-clips", type=int, default=600, help="that the package is compared on")
    parser.add_argument("--workers", type=int, default=WORKERS, help="processes, one thread each")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a floor is missed")
    parser.add_argument("--work", type=folder, default=CACHE / "evaluation")
    return parser.parse_args(arguments)


def command_of(options: argparse.Namespace) -> str:
    """The command that gives the figures: options that change them are named."""
    whole = parse([])
    named = [f"--start {options.start.name}"] if options.start else []
    if options.seeds == []:
        named.append("--seeds")
    for name in ("limit", "scenes", "pairs", "package_clips"):
        if (value := getattr(options, name)) != getattr(whole, name):
            named.append(f"--{name.replace('_', '-')} {value}")
    return " ".join(["npm run evaluate-small", *(["--", *named] if named else [])])


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    torch.set_num_threads(1)
    seeds = options.seeds
    if seeds is None:
        seeds = sorted(options.checkpoint.parent.glob(f"{options.checkpoint.name}-seed*"))
    command = command_of(options)
    with Panel(options.work, options.workers) as panel:
        run = Evaluation(
            panel,
            heads=[Checkpoint(folder) for folder in (options.checkpoint, *seeds)],
            start=Checkpoint(options.start) if options.start else None,
            package=Package(options.package, options.dtype)
            if (options.package / "manifest.json").exists()
            else None,
            options=options,
            command=command,
        )
        for name, part in PARTS.items():
            if options.only is None or name in options.only:
                began = time.time()
                part(run)
                print(f"{name}: {time.time() - began:.0f} s", flush=True)
        found = verdicts(run.figures)
        print(f"\n{figure_table(run.figures)}\n\n{len(run.heads)} heads\n\n{gate_table(found)}")
        if options.only is None:
            content = json.dumps(said(run.figures), indent=2)
            (options.work / "figures-checkpoint.json").write_text(content + "\n", "utf-8")
        if options.only is None and run.shipped is not None:
            content = json.dumps(
                about(run.figures, run.shipped, parameter_count(options.checkpoint)), indent=2
            )
            (options.work / "about.json").write_text(content + "\n", "utf-8")
    return int(options.strict and any(v.failed for v in found))


if __name__ == "__main__":
    sys.exit(main())
