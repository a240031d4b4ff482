"""What the small model is worth: `npm run evaluate-small`.

Everything is measured on the text that the model writes, read as the page reads it: held-out clips, a
held-out family of stills, and the ladder of real footage, with 95 % intervals by bootstrap over scenes (the
four versions of a scene stay together).

Prints the table and writes `figures-*.json` (every figure with its command) and `about.json`, what
`npm run convert -- … --about` takes: name, scale, figures, licence, card.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from procedural.labels import IDS as DISTORTIONS
from small.answers import ReadAnswer, read_answers
from small.card import model_card
from small.data import CACHE, Clips, load_clips
from small.figures import ladder_figures, macro_accuracy, srcc
from small.judge import Clip, Judge, PackageJudge, TorchJudge, judge_clips
from small.ladder import ladder_clips, rows

RESAMPLES = 1000
NAME = "VQAThinker small"
LICENCE = "Apache-2.0"
POPULATION = "held-out procedural clips"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured number, in the form of a manifest's `figures`."""

    name: str
    value: float
    n: int
    command: str
    low: float | None = None
    """Ends of the 95 % interval."""
    high: float | None = None

    def as_json(self) -> dict[str, object]:
        return {key: value for key, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Answers on labelled clips. Unreadable ones stay in every figure but those of the score."""

    score: np.ndarray
    """[n] labels."""

    severity: np.ndarray
    """[n, 13]"""

    group: np.ndarray
    """[n] scene."""

    written: np.ndarray
    """[n] scores of the texts, NaN where unreadable."""

    named: np.ndarray
    """[n, 13] 0 = not named, else 1 for the fault that is named first, less for each one after it."""

    def take(self, chosen: np.ndarray) -> Judged:
        return Judged(**{name: getattr(self, name)[chosen] for name in self.__dataclass_fields__})

    @property
    def readable(self) -> np.ndarray:
        return ~np.isnan(self.written)


def judged(clips: Clips, read: Sequence[ReadAnswer]) -> Judged:
    """Labels beside what the texts say."""
    named = np.zeros((len(read), len(DISTORTIONS)))
    for row, answer in zip(named, read, strict=True):
        for place, distortion in enumerate(d for d in answer.found if d in DISTORTIONS):
            row[DISTORTIONS.index(distortion)] = 1 / (1 + place)
    written = np.array([np.nan if a.score is None else a.score for a in read])
    return Judged(score=clips.score, severity=clips.severity, group=clips.group, written=written, named=named)


def attribution(found: Judged) -> float:
    """Share of clips with exactly one fault whose text names that fault first."""
    single = (found.severity > 0).sum(1) == 1
    right = found.named[single, found.severity[single].argmax(1)] == 1
    return float(right.mean()) if single.any() else float("nan")


MEASURES: dict[str, Callable[[Judged], float]] = {
    "SRCC": lambda j: srcc(j.score[j.readable], j.written[j.readable]),
    "PLCC": lambda j: float(np.corrcoef(j.score[j.readable], j.written[j.readable])[0, 1]),
    "MAE": lambda j: float(np.abs(j.score - j.written)[j.readable].mean()),
    "top-1 attribution": attribution,
    "macro balanced accuracy": lambda j: macro_accuracy(j.severity, j.named, threshold=0.0),
    "readable": lambda j: float(j.readable.mean()),
}


def resampled(group: np.ndarray, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Rows of `RESAMPLES` draws of as many scenes, with replacement."""
    scenes = [np.flatnonzero(group == g) for g in np.unique(group)]
    for _ in range(RESAMPLES):
        yield np.concatenate([scenes[k] for k in rng.integers(0, len(scenes), len(scenes))])


def measure(found: Judged, where: str, command: str) -> list[Figure]:
    """Every measure with its interval."""
    draws = [found.take(chosen) for chosen in resampled(found.group, np.random.default_rng(0))]
    figures = []
    for name, of in MEASURES.items():
        low, high = np.nanquantile([of(draw) for draw in draws], [0.025, 0.975])
        n = int(((found.severity > 0).sum(1) == 1).sum()) if of is attribution else len(found.score)
        figures.append(
            Figure(
                name=f"{name}, {where}",
                value=of(found),
                low=float(low),
                high=float(high),
                n=n,
                command=command,
            )
        )
    return figures


def ladder_measure(row_sets: Sequence[dict[tuple[str, str], np.ndarray]], command: str) -> list[Figure]:
    """Mean within-clip Spearman and share of rows with the undamaged clip on top, mean over the heads' seeds;
    the intervals resample the clips."""
    clips = sorted({clip for clip, _ in row_sets[0]})

    def both(chosen: Sequence[str]) -> tuple[float, float]:
        found = [ladder_figures(of_clips(r, chosen)) for r in row_sets]
        return float(np.mean([f["ladder"] for f in found])), float(np.mean([f["top"] for f in found]))

    rng = np.random.default_rng(0)
    draws = np.array([both(list(rng.choice(clips, len(clips)))) for _ in range(RESAMPLES // 5)])
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    heads = f", mean of {len(row_sets)} heads" if len(row_sets) > 1 else ""
    names = (f"Spearman, ladder of real footage{heads}", f"undamaged on top, ladder of real footage{heads}")
    figures = [
        Figure(
            name=name,
            value=value,
            low=float(low[k]),
            high=float(high[k]),
            n=len(row_sets[0]),
            command=command,
        )
        for k, (name, value) in enumerate(zip(names, both(clips), strict=True))
    ]
    each = [f"{ladder_figures(r)['ladder']:.3f}" for r in row_sets]
    print(f"ladder by seed of the head: {', '.join(each)}")
    grids = {key: value for key, value in ladder_figures(row_sets[0]).items() if key.startswith("ladder_")}
    print("  " + " ".join(f"{key.removeprefix('ladder_')} {value:.2f}" for key, value in grids.items()))
    return figures


def of_clips(
    all_rows: dict[tuple[str, str], np.ndarray], chosen: Sequence[str]
) -> dict[tuple[str, str], np.ndarray]:
    """Rows of the chosen clips; one that is chosen twice counts twice."""
    return {
        (f"{k} {clip}", grid): row
        for k, clip in enumerate(chosen)
        for (of, grid), row in all_rows.items()
        if of == clip
    }


def clips_of(clips: Clips, limit: int | None) -> Iterator[Clip]:
    for k in range(len(clips) if limit is None else min(limit, len(clips))):
        yield f"{clips.split}/{k}", lambda k=k: clips.pixels(k)


def ladder_of() -> Iterator[Clip]:
    for clip, grid, step, pixels in ladder_clips():
        yield f"{clip}/{grid}/{step}", lambda pixels=pixels: pixels


def first(clips: Clips, count: int) -> Clips:
    """The first clips of a split, whole scenes."""
    count -= count % 4
    names = ("score", "severity", "when", "group", "kind", "shard_of")
    return Clips(clips.split, clips.shards, **{n: getattr(clips, n)[:count] for n in names})


def evaluate(judges: Sequence[Judge], options: argparse.Namespace, command: str) -> list[Figure]:
    """All figures of the first judge; the others (other seeds of the head) take part in the ladder only."""
    store, figures = options.work / "evaluation", []
    for split, where in (("test", "held-out clips"), ("family", "held-out family")):
        try:
            clips = load_clips(split)
        except FileNotFoundError as error:
            print(error)
            continue
        clips = first(clips, options.limit or len(clips))
        texts = judge_clips(judges[:1], clips_of(clips, None), store, split)[0]
        found = judged(clips, read_answers(texts))
        figures += measure(found, where, command)
        if split == "test":
            openings = len({text.split(".")[0] for text in texts})
            print(f"{len(set(texts))} different texts, {openings} different openings of {len(texts)}")
            options.quantiles = np.quantile(found.written[found.readable], np.linspace(0, 1, 101)).round(4)
            options.judged = len(texts)
    if not options.no_ladder:
        texts_of = judge_clips(judges, ladder_of(), store, "ladder")
        keys = [(clip, grid, step) for clip, grid, step, _ in ladder_clips()]
        sets = []
        for texts in texts_of:
            # An unreadable answer is worth no rank: it counts as the lowest score.
            scores = np.array([0.0 if a.score is None else a.score for a in read_answers(texts)])
            sets.append(rows(keys, scores))
        figures += ladder_measure(sets, command)
    return figures


def table(figures: Sequence[Figure]) -> str:
    lines = ["| figure | value | 95 % interval | n |", "|---|---|---|---|"]
    for f in figures:
        interval = "" if f.low is None or f.high is None else f"{f.low:.3f} to {f.high:.3f}"
        lines.append(f"| {f.name} | {f.value:.3f} | {interval} | {f.n} |")
    return "\n".join(lines)


def about(
    figures: Sequence[Figure], quantiles: Sequence[float], n: int, parameters: int
) -> dict[str, object]:
    """What a package says of itself."""
    return {
        "name": NAME,
        "licence": LICENCE,
        "scale": {
            "range": [1, 5],
            "kind": "own",
            "population": POPULATION,
            "n": n,
            "quantiles": [float(q) for q in quantiles],
        },
        "figures": [f.as_json() for f in figures],
        "card": model_card(table(figures), parameters),
    }


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", type=Path, default=CACHE / "checkpoint")
    parser.add_argument("--seeds", type=Path, nargs="*", help="checkpoints of other seeds of the head")
    parser.add_argument("--package", type=Path, help="run this package's WASM graphs instead")
    parser.add_argument("--dtype", choices=["fp32", "q8"], default="q8", help="of the package")
    parser.add_argument("--limit", type=int, help="only so many clips of each split")
    parser.add_argument("--no-ladder", action="store_true")
    parser.add_argument("--threads", type=int, default=int(os.environ.get("VQA_THREADS", "1")))
    parser.add_argument("--work", type=Path, default=CACHE)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    command = "npm run evaluate-small"
    if options.package:
        judges: list[Judge] = [PackageJudge(options.package, options.dtype)]
        command += f" -- --package {options.package.name} --dtype {options.dtype}"
    else:
        seeds = options.seeds
        if seeds is None:
            seeds = sorted(options.checkpoint.parent.glob(f"{options.checkpoint.name}-seed*"))
        judges = [TorchJudge(folder) for folder in (options.checkpoint, *seeds)]
    figures = evaluate(judges, options, command)
    print(table(figures))
    out = options.work / "evaluation"
    stem = f"package-{options.dtype}" if options.package else "checkpoint"
    content = json.dumps([f.as_json() for f in figures], indent=2)
    (out / f"figures-{stem}.json").write_text(content + "\n", "utf-8")
    if not options.package:
        parameters = sum(p.numel() for p in judges[0].model.parameters())
        said = about(figures, options.quantiles, options.judged, parameters)
        (out / "about.json").write_text(json.dumps(said, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
