"""The evaluation of the small model: `npm run evaluate-small`.

Everything is measured on the generated text, read as the page reads it: held-out clips and a held-out family
of stills, temporal preference, faithfulness, the severity ladder of real footage, the package against the
checkpoint, and a trained model against its start. Intervals are 95 %, by bootstrap over scenes (the ladder's
over clips).

Prints every metric and every gate of `evaluation/gates.json`, and writes `metrics-checkpoint.json` (every
metric with its command) and `about.json` for `npm run convert -- … --about`: name, scale, metrics, licence,
card. A missed gate is printed and is no error unless `--strict`.

`--clips FOLDER` measures the answers to a folder of real clips and their degraded copies instead
(`evaluation/real_clips.py`).
`--features FOLDER` measures the human head instead: its agreement with the human scores of a folder of
feature tables (`small.human.scores`).
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
from small.evaluation import comparison, faithfulness, held_out, ladder_metrics, real_clips, temporal
from small.evaluation.about import about, parameter_count
from small.evaluation.gates import gate_table, metric_table, verdicts
from small.evaluation.held_out import (
    LabelledClips,
    LabelledPredictions,
    label_predictions,
    labelled,
    written_scores,
)
from small.evaluation.metric import Metric, as_json
from small.evaluation.people import agreement_of_texts
from small.evaluation.prediction_cache import WORKERS, PredictionCache
from small.human.evaluation import evaluate_features
from small.human.scores import default_folder, load_human_scores
from small.ladder import LadderClips, keys_of, make_ladder, rows
from small.penalty.fit import PenaltyRecipe, penalty
from small.predictor import Checkpoint, ModelSource, Package, weights_digest

BUNDLED = Path(__file__).parents[3] / "public" / "models" / "small"
SCENES_A_TASK = 10
REAL = "metrics-real.json"
"""File of the last figures of `--clips`, in the work folder; they go into the card of the same checkpoint."""


@dataclass
class Evaluation:
    """One evaluation: models, options, and the metrics so far."""

    predictions: PredictionCache
    heads: list[Checkpoint]
    """The checkpoint, then those with other seeds of the projector."""

    start: Checkpoint | None
    package: Package | None
    options: argparse.Namespace
    command: str
    metrics: list[Metric] = field(default_factory=list)
    shipped: LabelledPredictions | None = None
    """The checkpoint's answers to the held-out clips."""

    def read(self, sources: Sequence[ModelSource], clips, names: Sequence[str]) -> list[list[ReadAnswer]]:
        return [read_answers(texts) for texts in self.predictions.texts(sources, clips, names)]

    def held_out(
        self, split: str, sources: Sequence[ModelSource], limit: int | None
    ) -> tuple[list[LabelledPredictions], list[str]]:
        """Answers of models to a split's clips, and the first model's texts.

        Raises FileNotFoundError without the split.
        """
        clips = LabelledClips(split)
        names = clips.names(limit)
        labels, n = labelled(split), len(names)
        texts = self.predictions.texts(sources, clips, names)
        truth = (
            self.expected_scores(labels.severity[:n], labels.score[:n]),
            labels.severity[:n],
            labels.group[:n],
        )
        return [label_predictions(*truth, read_answers(t)) for t in texts], texts[0]

    def expected_scores(self, severity: np.ndarray, score: np.ndarray) -> np.ndarray:
        """Labels of scores [n]: of a model on people's scale, which gets no features of generated clips, the
        score of average features less the penalty of the severities [n, d]."""
        model = load_model(self.heads[0].folder)
        names = model.config.motion.quality_features
        if not names:
            return score
        with torch.no_grad():
            average = 3 + float(model.quality_head.predicted(torch.full((1, len(names)), torch.nan))[0, 0])
        recipe = PenaltyRecipe()
        return average - recipe.share * penalty(severity, recipe)


def part_people(run: Evaluation) -> None:
    if not load_model(run.heads[0].folder).config.motion.quality_features:
        return
    try:
        sets = load_human_scores(default_folder())
        run.metrics += agreement_of_texts(run.heads[0], sets, run.command)
    except FileNotFoundError as error:
        print(error)


def part_held_out(run: Evaluation) -> None:
    for split, where in (("test", "held-out clips"), ("family", "held-out family")):
        try:
            heads, texts = run.held_out(split, run.heads, run.options.limit)
        except FileNotFoundError as error:
            print(error)
            continue
        if split == "test":
            run.shipped = heads[0]
        run.metrics += held_out.measure(heads, where, run.command)
        run.metrics += held_out.variety(heads[0], texts, where, run.command)
        each = [f"{held_out.score_srcc(head):.3f}" for head in heads]
        print(f"{where}: SRCC by seed of the head {', '.join(each)}")


def preferences(run: Evaluation, sources: Sequence[ModelSource]) -> list[temporal.Preferences]:
    clips = temporal.Reordered(run.predictions.folder / "made", tuple(range(run.options.scenes)))
    missing = clips.missing()
    profile = load_model(run.heads[0].folder).config.profile
    parts = [missing[k : k + SCENES_A_TASK] for k in range(0, len(missing), SCENES_A_TASK)]
    run.predictions.each(temporal.make, [(clips, part, profile) for part in parts])
    names, facts = clips.facts()
    return [
        temporal.preferences(clips.scenes, facts, names, read) for read in run.read(sources, clips, names)
    ]


def part_temporal(run: Evaluation) -> None:
    run.metrics += temporal.measure(preferences(run, run.heads[:1])[0], run.command)


def part_faithful(run: Evaluation) -> None:
    clips = LabelledClips("test")
    names = clips.names(run.options.limit)
    texts = run.predictions.texts(run.heads[:1], clips, names)[0]
    read, labels = read_answers(texts), labelled("test")
    chosen = faithfulness.cases(labels.group, labels.severity, read, run.options.pairs)
    if not chosen:
        print("faithfulness: no text names a distortion that is present")
        return
    repaired = faithfulness.Repaired(run.predictions.folder / "made")
    repaired.check(chosen[0], clips.pixels(str(chosen[0].index)))
    after = run.predictions.texts(run.heads[:1], repaired, [case.name for case in chosen])[0]
    indices = [case.index for case in chosen]
    rise = written_scores(read_answers(after)) - written_scores(read)[indices]
    run.metrics += faithfulness.measure(chosen, [texts[k] for k in indices], after, rise, run.command)


def part_ladder(run: Evaluation) -> None:
    if not (shared_folder() / "media").exists():
        print(f"ladder skipped: no clips in {shared_folder() / 'media'} (VQA_SHARED)")
        return
    for which, where in (("clips", "ladder"), ("holdOut", "ladder, hold-out clips")):
        make_ladder(which)
        clips = LadderClips(which)
        heads = []
        for read in run.read(run.heads, clips, clips.names):
            # An unreadable answer counts as the lowest score.
            heads.append(rows(keys_of(which), np.nan_to_num(written_scores(read), nan=0.0), which))
        run.metrics += ladder_metrics.measure(heads, where, run.command)


def part_package(run: Evaluation) -> None:
    if run.package is None:
        return
    manifest = run.package.manifest()
    size = Metric(name="size of the package in MB", value=run.package.bytes / 1e6, n=1, command=run.command)
    if manifest["producedBy"]["checkpointSha256"] != weights_digest(run.heads[0].folder):
        print(f"package skipped: {run.package.folder.name} was made of another checkpoint")
        return
    limit = min(run.options.package_clips, run.options.limit or run.options.package_clips)
    try:
        package, checkpoint = (
            run.held_out("test", [source], limit)[0][0] for source in (run.package, run.heads[0])
        )
    except FileNotFoundError as error:
        print(error)
        return
    name = "change of SRCC, package against checkpoint"
    run.metrics += [comparison.srcc_gain(package, checkpoint, name, run.command), size]


def part_start(run: Evaluation) -> None:
    if run.start is None:
        return
    sources = [run.heads[0], run.start]
    both = run.held_out("test", sources, run.options.limit)[0]
    run.metrics.append(comparison.srcc_gain(*both, "gain of SRCC over its start", run.command))
    name = "gain of temporal preference over its start"
    run.metrics.append(temporal.gain(*preferences(run, sources), name, run.command))


PARTS: dict[str, Callable[[Evaluation], None]] = {
    "people": part_people,
    "held-out": part_held_out,
    "temporal": part_temporal,
    "faithful": part_faithful,
    "ladder": part_ladder,
    "package": part_package,
    "start": part_start,
}


def folder(name: str) -> Path:
    """A folder of the command line, relative to the directory where npm was called."""
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
        help="checkpoints of other seeds of the projector (default: CHECKPOINT-seed*)",
    )
    parser.add_argument("--start", type=folder, help="checkpoint that training started from")
    parser.add_argument("--package", type=folder, default=BUNDLED, help="compared if made of the checkpoint")
    parser.add_argument("--dtype", choices=["fp32", "q8"], default="q8", help="of the package")
    parser.add_argument(
        "--only", nargs="+", choices=list(PARTS), help="some parts; metrics are printed, not saved"
    )
    parser.add_argument(
        "--features", type=folder, help="folder of feature tables with human scores: measures the human head"
    )
    parser.add_argument(
        "--clips", type=folder, help="folder of real clips: measures the answers to them and to their copies"
    )
    parser.add_argument("--limit", type=int, help="number of clips of each split")
    parser.add_argument("--scenes", type=int, default=300, help="of temporal preference")
    parser.add_argument("--pairs", type=int, default=faithfulness.PAIRS, help="of faithfulness")
    parser.add_argument("--package-clips", type=int, default=600, help="that the package is compared on")
    parser.add_argument("--workers", type=int, default=WORKERS, help="processes, one thread each")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a floor is missed")
    parser.add_argument("--work", type=folder, default=CACHE / "evaluation")
    return parser.parse_args(arguments)


def command_of(options: argparse.Namespace) -> str:
    """The command that gives the metrics, with the options that change them."""
    defaults = parse([])
    named = [f"--start {options.start.name}"] if options.start else []
    if options.seeds == []:
        named.append("--seeds")
    for name in ("limit", "scenes", "pairs", "package_clips"):
        if (value := getattr(options, name)) != getattr(defaults, name):
            named.append(f"--{name.replace('_', '-')} {value}")
    return " ".join(["npm run evaluate-small", *(["--", *named] if named else [])])


def evaluate_clips(options: argparse.Namespace) -> int:
    """Prints the figures of a folder of real clips, of the checkpoint or, without one, of the package."""
    command = f"npm run evaluate-small -- --clips {options.clips.name}"
    copies = real_clips.RealCopies(options.clips, options.work / "made")
    if not options.clips.is_dir() or not copies.paths:
        sys.exit(f"no video in {options.clips}")
    clips = [path.name for path in copies.paths][: options.limit]
    source: ModelSource = Checkpoint(options.checkpoint)
    if not options.checkpoint.exists():
        source = Package(options.package, options.dtype)
    with PredictionCache(options.work, options.workers) as predictions:
        predictions.each(real_clips.make, [(copies, clip) for clip in clips])
        names = [f"{clip}/{k}" for clip in clips for k in range(copies.count(clip))]
        (texts,) = predictions.texts([source], copies, names)
    answers = real_clips.answers_of(copies, names, texts, read_answers(texts))
    metrics = real_clips.measure(answers, command)
    print(metric_table(metrics))
    content = {"checkpoint": source.key, "metrics": as_json(metrics)}
    (options.work / REAL).write_text(json.dumps(content, indent=2) + "\n", "utf-8")
    return 0


def saved_real(options: argparse.Namespace, source: Checkpoint) -> list[Metric]:
    """The figures of real clips that `--clips` measured last, if of this checkpoint."""
    path = options.work / REAL
    saved = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return [Metric(**row) for row in saved["metrics"]] if saved.get("checkpoint") == source.key else []


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    torch.set_num_threads(1)
    if options.features:
        try:
            return evaluate_features(options.features, strict=options.strict)
        except (FileNotFoundError, ValueError) as error:
            sys.exit(str(error))
    if options.clips:
        return evaluate_clips(options)
    seeds = options.seeds
    if seeds is None:
        seeds = sorted(options.checkpoint.parent.glob(f"{options.checkpoint.name}-seed*"))
    command = command_of(options)
    with PredictionCache(options.work, options.workers) as predictions:
        run = Evaluation(
            predictions,
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
        run.metrics += saved_real(options, run.heads[0])
        every = verdicts(run.metrics)
        print(f"\n{metric_table(run.metrics)}\n\n{len(run.heads)} heads\n\n{gate_table(every)}")
        if options.only is None:
            content = json.dumps(as_json(run.metrics), indent=2)
            (options.work / "metrics-checkpoint.json").write_text(content + "\n", "utf-8")
        if options.only is None and run.shipped is not None:
            human = bool(load_model(options.checkpoint).config.motion.quality_features)
            content = json.dumps(
                about(run.metrics, run.shipped, parameter_count(options.checkpoint), human=human), indent=2
            )
            (options.work / "about.json").write_text(content + "\n", "utf-8")
    return int(options.strict and any(v.failed for v in every))


if __name__ == "__main__":
    sys.exit(main())
