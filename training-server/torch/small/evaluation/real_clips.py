"""Figures on a folder of real clips and their degraded copies: `npm run evaluate-small -- --clips FOLDER`.

Every video of the folder is taken as an original. Its copies are those of `small/penalty/copies.json`, and
pairs of encodes: x264 at crf 20, 26 and 32. Scores are those of the decoded text, quality features included.
VMAF and what is compared with it need an ffmpeg with libvmaf (`VQA_FFMPEG`).
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
import torch
from torch import Tensor

from modules.atomic_write import atomic_write
from procedural.clips import pair_times
from procedural.version import TEMPORAL
from small.answers import ReadAnswer
from small.data import normalised
from small.evaluation.held_out import opening, written_scores
from small.evaluation.metric import Metric, metric
from small.footage import fragments
from small.human.clip import FramePlanes, clip_features
from small.human.frames import frame_plan
from small.metrics import srcc
from small.penalty.copies import ORIGINAL, RULES, RealClip, levels_of, severity_of, vmaf_of
from small.text import SENTENCES

ENCODES = (20.0, 26.0, 32.0)
SUFFIXES = (".mp4", ".mov", ".webm", ".mkv", ".avi")
MADE = ("kind", "level", "severity", "vmaf", "fragments", "features")


def _planes(frame: np.ndarray) -> FramePlanes:
    image = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24")
    image = image.reformat(format="yuv420p", dst_color_range="MPEG")
    y, cb, cr = (
        np.frombuffer(p, np.uint8).reshape(p.height, p.line_size)[:, : p.width] for p in image.planes
    )
    return FramePlanes(y, cb, cr)


def points(rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """Kinds and levels of a clip's points, the original first."""
    yield ORIGINAL, 0.0
    for kind in RULES["levels"]:
        for level in levels_of(kind, rng):
            yield kind, level
    for crf in ENCODES:
        yield "encode", crf


def render(path: Path, seed: int) -> dict[str, np.ndarray]:
    """All points of a clip: kind, level, severity, VMAF, fragments [m, 16, 3, 224, 224], features [m, 47]."""
    clip, rng = RealClip(path), np.random.default_rng((seed, 5))
    plan = frame_plan(len(clip), clip.rate)
    read = [n for block in plan.blocks for s in block for n in (s.before, s.now, s.after)]
    numbers = np.unique(np.array([*read, *plan.sharpness], int))
    pairs = pair_times(len(clip))
    times = np.concatenate([pairs, numbers])
    ffmpeg, rows, original = os.environ.get("VQA_FFMPEG"), [], clip.original(pairs)
    for kind, level in points(rng):
        if kind == ORIGINAL:
            frames = clip.original(times)
        else:
            frames = clip.copy("compression" if kind == "encode" else kind, level, rng, times)
        shown, whole = frames[: len(pairs)], dict(zip(numbers, frames[len(pairs) :], strict=True))
        vmaf = np.nan
        if ffmpeg and kind in RULES["measured"]:
            vmaf = vmaf_of(original, shown, ffmpeg)
        severity = severity_of(kind, level) if kind in RULES["levels"] else 0.0
        features = clip_features(plan, lambda k, w=whole: _planes(w[k]))
        rows.append((kind, level, severity, vmaf, np.stack([fragments(f) for f in shown]), features))
    return {name: np.array(column) for name, column in zip(MADE, zip(*rows, strict=True), strict=True)}


@lru_cache(maxsize=2)
def _made(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return {name: file[name] for name in MADE}


@dataclass(frozen=True)
class RealCopies:
    """`ClipSet` of a folder's clips and their copies; a point is named `clip/number`."""

    source: Path
    made: Path
    """Folder of the rendered points."""

    @property
    def name(self) -> str:
        return "real"

    @property
    def fingerprint(self) -> str:
        listed = [f"{path.name} {path.stat().st_size}" for path in self.paths]
        return hashlib.sha256("\n".join([*listed, repr(RULES)]).encode()).hexdigest()[:8]

    @property
    def paths(self) -> list[Path]:
        return sorted(p for p in self.source.iterdir() if p.suffix.lower() in SUFFIXES)

    def file(self, clip: str) -> Path:
        return self.made / f"real-{self.fingerprint}" / f"{clip}.npz"

    def make(self, clip: str) -> None:
        """Renders the points of a clip, unless they are there."""
        out, path = self.file(clip), self.source / clip
        if out.exists():
            return
        torch.set_num_threads(1)
        seed = int(hashlib.sha256(clip.encode()).hexdigest()[:6], 16)
        made = render(path, seed)
        out.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(out, per_process=True) as partial:
            np.savez(partial, **made)

    def count(self, clip: str) -> int:
        """Number of points of a rendered clip."""
        return len(_made(self.file(clip))["kind"])

    def row(self, name: str) -> tuple[dict[str, np.ndarray], int]:
        clip, _, number = name.rpartition("/")
        return _made(self.file(clip)), int(number)

    def pixels(self, name: str) -> Tensor:
        made, number = self.row(name)
        return normalised(made["fragments"][number])

    def features(self, name: str) -> Tensor:
        made, number = self.row(name)
        return torch.from_numpy(made["features"][number]).float()


def make(copies: RealCopies, clip: str) -> None:
    """`RealCopies.make` as a function that another process can import."""
    copies.make(clip)


@dataclass(frozen=True, kw_only=True)
class RealAnswers:
    """Answers to the points of several clips, and what the points are."""

    clip: np.ndarray
    kind: np.ndarray
    level: np.ndarray
    severity: np.ndarray
    vmaf: np.ndarray
    texts: Sequence[str]
    read: Sequence[ReadAnswer]

    @property
    def scores(self) -> np.ndarray:
        """[n]; an unreadable answer counts as 0."""
        return np.nan_to_num(written_scores(self.read), nan=0.0)


def answers_of(
    copies: RealCopies, names: Sequence[str], texts: Sequence[str], read: Sequence[ReadAnswer]
) -> RealAnswers:
    """The answers to points, with their facts."""
    facts = []
    for name in names:
        made, number = copies.row(name)
        facts.append([made[key][number] for key in ("kind", "level", "severity", "vmaf")])
    kind, level, severity, vmaf = (np.array(column) for column in zip(*facts, strict=True))
    clip = np.array([name.rpartition("/")[0] for name in names])
    return RealAnswers(
        clip=clip, kind=kind, level=level, severity=severity, vmaf=vmaf, texts=texts, read=read
    )


GRADES = re.compile(rf"\b({'|'.join(SENTENCES['conclusions']['grades'])})\b")
DEGREES = [set(terms) for terms in SENTENCES["sentences"]["degrees"]]


def contradicts(text: str, score: float | None) -> bool:
    """True where the grade word of a text is not that of its score."""
    terms = GRADES.findall(text.partition("<answer>")[0])
    if not terms or score is None:
        return False
    conclusions = SENTENCES["conclusions"]
    grade = conclusions["grades"][sum(score >= cut for cut in conclusions["cuts"])]
    return any(word != grade for word in terms)


def _pattern(template: str, slots: dict[str, str]) -> str:
    pattern = re.escape(template)
    for slot, value in slots.items():
        pattern = pattern.replace(re.escape("{" + slot + "}"), value)
    return pattern


def _any(options: Sequence[str]) -> str:
    return "(?:" + "|".join(options) + ")"


@lru_cache(maxsize=1)
def sentence_pattern() -> re.Pattern[str]:
    """Matches every sentence that the files of `small/text` allow."""
    s, fine, end = SENTENCES["sentences"], SENTENCES["fine"], SENTENCES["conclusions"]
    distortions = SENTENCES["distortions"].values()
    name = _any([re.escape(n) for d in distortions for n in d["names"]])
    degree = _any([re.escape(w) for terms in s["degrees"] for w in terms])
    when = _any([re.escape(f" {w}") if w else "" for terms in s["when"].values() for w in terms])
    phrase = f"{degree} {name}{when}"
    both = _pattern(s["join"], {"distortion": phrase, "other": phrase})
    clause = _any([re.escape(c["text"]) for c in fine["clauses"]])
    absent = _any([re.escape(d["absent"]) for d in distortions])
    clean = _any([re.escape(c) for c in (*s["clean"]["high"], *s["clean"]["low"])])
    allowed = [_pattern(f, {"distortion": phrase}) for f in sum(s["first"].values(), [])]
    allowed += [_pattern(f, {"distortion": _any([both, phrase])}) for f in s["further"]]
    allowed += [re.escape(e) for d in distortions for e in d["effects"]]
    allowed += [_pattern(f, {"a": clause, "b": clause}) for f in fine["clause_frames"]]
    allowed += [_pattern(f, {"a": absent, "b": absent}) for f in fine["absences"]]
    allowed += [_pattern(fine["clean_frame"], {"clean": clean, "a": clause, "b": clause}), rf"{clean}\."]
    allowed += [_pattern(f, {"grade": _any(end["grades"])}) for f in end["frames"]]
    allowed += [re.escape(sentence) for sentence in end["bare"]]
    return re.compile(_any(allowed))


def broken(text: str) -> bool:
    """True where a sentence of a text is none that its files allow."""
    thought = text.removeprefix("<think>").partition("</think>")[0]
    sentences = re.findall(r"[^.]+\.", thought)
    whole = "".join(sentences) == thought
    return not whole or any(not sentence_pattern().fullmatch(s.strip()) for s in sentences)


def above_slight(text: str) -> bool:
    """True where a text names a degree above slight."""
    terms = set(re.findall(r"very strong|[a-z]+", text.partition("</think>")[0].lower()))
    return any(terms & degree for degree in DEGREES[1:])


def within_clip(answers: RealAnswers, kind: str) -> np.ndarray:
    """Spearman [clips] of score and falling severity in every clip, original included; ties count 0."""
    values = []
    for clip in dict.fromkeys(answers.clip):
        rows = (answers.clip == clip) & np.isin(answers.kind, [ORIGINAL, kind])
        scores = answers.scores[rows]
        values.append(srcc(-answers.severity[rows], scores) if np.ptp(scores) else 0.0)
    return np.array(values)


def pairs_right(answers: RealAnswers, better: float, worse: float) -> np.ndarray:
    """[clips] 1 where the better of two encodes has the higher score, .5 equal, 0 lower."""
    values = []
    for clip in dict.fromkeys(answers.clip):
        chosen = (answers.clip == clip) & (answers.kind == "encode")
        first, second = (answers.scores[chosen & (answers.level == crf)][0] for crf in (better, worse))
        values.append(0.5 + 0.5 * np.sign(first - second))
    return np.array(values)


def measure(answers: RealAnswers, command: str) -> list[Metric]:
    """Every figure, with intervals over clips."""
    where = "real clips"

    def mean(name: str, values: np.ndarray) -> Metric:
        group = np.arange(len(values))
        return metric(name, lambda rows: float(np.mean(values[rows])), group, command)

    each = {kind: within_clip(answers, kind) for kind in RULES["levels"]}
    metrics = [mean(f"Spearman, {where}", np.mean(list(each.values()), axis=0))]
    lowest = min(each, key=lambda kind: each[kind].mean())
    metrics.append(mean(f"lowest Spearman of a distortion, {where}", each[lowest]))
    metrics += [mean(f"Spearman of {kind}, {where}", values) for kind, values in each.items()]
    for better, worse in zip(ENCODES, ENCODES[1:], strict=False):
        title = f"better encode preferred, crf {better:g} and {worse:g}, {where}"
        metrics.append(mean(title, pairs_right(answers, better, worse)))
    measured = ~np.isnan(answers.vmaf)
    if measured.any():
        rows = np.flatnonzero(measured)
        value = srcc(answers.vmaf[rows], answers.scores[rows])
        metrics.append(Metric(name=f"SRCC against VMAF, {where}", value=value, n=len(rows), command=command))
    originals = np.flatnonzero(answers.kind == ORIGINAL)
    temporal = [any(d in TEMPORAL for d in answers.read[k].named) for k in originals]
    metrics.append(mean(f"temporal fault named, {where}", np.array(temporal, float)))
    strong = np.array([above_slight(answers.texts[k]) for k in originals], float)
    metrics.append(mean(f"fault above slight, {where}", strong))
    openings = Counter(opening(text) for text in answers.texts)
    most = openings.most_common(1)[0][1] / len(answers.texts)
    for title, value in (
        ("share of the most frequent opening", most),
        ("grade and score contradict", np.mean([contradicts(t, a.score) for t, a in answers_texts(answers)])),
        ("broken sentences", np.mean([broken(text) for text in answers.texts])),
    ):
        name = f"{title}, {where}"
        metrics.append(Metric(name=name, value=float(value), n=len(answers.texts), command=command))
    return metrics


def answers_texts(answers: RealAnswers) -> list[tuple[str, ReadAnswer]]:
    return list(zip(answers.texts, answers.read, strict=True))
