"""Reasoning texts of labels: distortions with degree and time, what is fine, a grade and a score.

A text is composed from the sentences in `text/`. The label determines which distortions are named, in which
order, degree and time. The style, a vector of `STYLE_SIZE` numbers that are standard normal over clips,
selects among equivalent phrasings. Both are in the motion token, so greedy texts differ between videos for a
reason that lies in the video. The written score is drawn around the label's.

Answers have the form `<think>…</think><answer>3.42</answer>`, always two decimals.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from procedural.labels import FIRST_HALF, SECOND_HALF, TABLE, WHOLE
from procedural.labels import IDS as DISTORTIONS

STYLE = (
    "frame",
    "name",
    "effect",
    "when",
    "fine",
    "fine_frame",
    "conclusion",
    "variant",
)
"""The choice that each style number makes; `variant` is the second number of `conclusion`."""

STYLE_SIZE = len(STYLE)

MOST_NAMED = 3
"""Largest number of distortions that a text names, strongest first."""

SEVERITY_CUTS = tuple(TABLE["severityCuts"])
"""Between slight, noticeable, strong and severe."""


@dataclass(frozen=True, kw_only=True)
class Label:
    """Ground truth of a procedural clip, or the content of a text."""

    score: float
    """Pseudo-MOS, 1 to 5."""

    severity: Sequence[float]
    """In [0, 1], one a distortion; 0 = absent."""

    when: Sequence[int]
    """`WHOLE`, `FIRST_HALF` or `SECOND_HALF`, one a distortion."""

    unmentioned: frozenset[int] = frozenset()
    """Indices of distortions that are neither named nor ruled out."""


@dataclass(frozen=True, kw_only=True)
class LabelNoise:
    """Standard deviations of the noise between a label and its text; it makes sampled answers differ."""

    score: float = 0.03
    """Of the written score."""

    severity: float = 0.04
    """Of the severity behind the degree word."""

    style: float = 0.05
    """Of the style numbers."""


EXACT = LabelNoise(score=0, severity=0, style=0)


def load_sentences() -> dict:
    """The sentences of `text/*.json`, by file name."""
    folder = Path(__file__).with_name("text")
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))}


SENTENCES = load_sentences()


class Writer:
    """Writer of one text of one label; draws its noise once."""

    def __init__(self, label: Label, style: Sequence[float], rng: np.random.Generator, noise: LabelNoise):
        self.label, self.label_noise = label, noise
        self.style = np.asarray(style) + noise.style * rng.standard_normal(STYLE_SIZE)
        self.noise = rng.standard_normal(len(DISTORTIONS) + 1)
        present = [i for i, s in enumerate(label.severity) if s > 0]
        self.named = sorted(present, key=lambda i: -label.severity[i])[:MOST_NAMED]
        score = label.score + noise.score * self.noise[-1]
        self.written = min(5.0, max(1.0, round(score, 2)))
        """The score, two decimals."""

    def share(self, part: int, parts: int) -> int:
        """Index of the one of `parts` equal shares of the standard normal that holds a style number."""
        below = 0.5 * math.erfc(-self.style[part % STYLE_SIZE] / math.sqrt(2))
        return min(int(below * parts), parts - 1)

    def pick(self, part: str, options: Sequence, offset: int = 0):
        """The option that a part's style number selects.

        More than four options form a grid whose row is selected by the next part's number: a decoder learns
        to tell four shares of a number apart at once, and sixteen not at all.
        """
        rows = -(-len(options) // 4)
        columns = -(-len(options) // rows)
        first = STYLE.index(part)
        index = self.share(first + 1, rows) * columns + self.share(first, columns)
        return options[(index + offset) % len(options)]

    def degree(self, i: int) -> int:
        """Degree 0 to 3 of distortion i, from slight to severe."""
        severity = self.label.severity[i] + self.label_noise.severity * self.noise[i]
        return sum(severity >= cut for cut in SEVERITY_CUTS)

    def distortion(self, rank: int) -> str:
        """Phrase of the named distortion of a rank, with degree and time: "strong blur in the first half"."""
        i = self.named[rank]
        phrases = SENTENCES["distortions"][DISTORTIONS[i]]
        degree = self.pick("frame", SENTENCES["sentences"]["degrees"][self.degree(i)], rank)
        phrase = f"{degree} {self.pick('name', phrases['names'], rank)}"
        times = SENTENCES["sentences"]["when"]
        when = {WHOLE: "whole", FIRST_HALF: "first", SECOND_HALF: "second"}[self.label.when[i]]
        if when == "whole" and (rank > 0 or DISTORTIONS[i] not in SENTENCES["sentences"]["lasting"]):
            return phrase
        clause = self.pick("when", times[when])
        return f"{phrase} {clause}" if clause else phrase

    def distortion_sentences(self) -> list[str]:
        """Sentences that name the distortions."""
        sentences = SENTENCES["sentences"]
        strongest = self.named[0]
        strength = "strong" if self.degree(strongest) >= 2 else "weak"
        written = [self.pick("frame", sentences["first"][strength]).format(distortion=self.distortion(0))]
        if self.degree(strongest) >= 1 and len(self.named) < MOST_NAMED:
            written.append(self.pick("effect", SENTENCES["distortions"][DISTORTIONS[strongest]]["effects"]))
        if len(self.named) > 1:
            rest = self.distortion(1)
            if len(self.named) > 2:
                rest = sentences["join"].format(distortion=rest, other=self.distortion(2))
            written.append(self.pick("effect", sentences["further"]).format(distortion=rest))
        return written

    def clean_sentence(self) -> str:
        """Sentence that names no distortion, with two true clauses where the label rules out enough."""
        clean = SENTENCES["sentences"]["clean"]
        chosen = self.pick("frame", clean["high" if self.written >= clean["from"] else "low"])
        true = self.true_clauses()
        if len(true) < 2:
            return f"{chosen}."
        return SENTENCES["fine"]["clean_frame"].format(clean=chosen, a=true[0], b=true[1])

    @property
    def absent(self) -> set[str]:
        """Distortions that the label rules out."""
        return {
            d
            for i, (d, s) in enumerate(zip(DISTORTIONS, self.label.severity, strict=True))
            if s == 0 and i not in self.label.unmentioned
        }

    def true_clauses(self) -> list[str]:
        """At most two clauses that the label makes true."""
        clauses = SENTENCES["fine"]["clauses"]
        chosen = self.first_two(clauses, lambda c: self.absent.issuperset(c["rules_out"]))
        return [clause["text"] for clause in chosen]

    def fine(self) -> list[str]:
        """Sentence of what the label rules out: two true clauses, or two absent distortions by name; none
        where it rules out too little. A clean text has its clauses in its first sentence."""
        fine = SENTENCES["fine"]
        frames = [(f, False) for f in fine["absences"]]
        if self.named:
            frames = [(f, True) for f in fine["clause_frames"]] + frames
        frame, clauses = self.pick("fine_frame", frames)
        if clauses:
            true = self.true_clauses()
            if len(true) == 2:
                return [frame.format(a=true[0], b=true[1])]
            frame = self.pick("fine", fine["absences"])
        chosen = self.first_two(DISTORTIONS, self.absent.__contains__)
        if len(chosen) < 2:
            return []
        a, b = (SENTENCES["distortions"][d]["absent"] for d in chosen)
        return [frame.format(a=a, b=b)]

    def first_two(self, items: Sequence, holds: Callable[[Any], bool]) -> list:
        """The first two items that hold, in cyclic order from the quarter that the style selects."""
        start = self.share(STYLE.index("fine"), 4) * len(items) // 4
        turned = [items[(start + k) % len(items)] for k in range(len(items))]
        return [item for item in turned if holds(item)][:2]

    def conclusion(self) -> str:
        """Sentence with the grade of the written score; near the border of two grades it has none, so that
        grade and score never contradict each other."""
        conclusions = SENTENCES["conclusions"]
        cuts = conclusions["cuts"]
        if min(abs(self.written - cut) for cut in cuts) <= conclusions["border"]:
            return self.pick("conclusion", conclusions["bare"])
        grade = conclusions["grades"][sum(self.written >= cut for cut in cuts)]
        return self.pick("conclusion", conclusions["frames"]).format(grade=grade)

    def write(self) -> str:
        first = self.distortion_sentences() if self.named else [self.clean_sentence()]
        return answer(" ".join([*first, *self.fine(), self.conclusion()]), self.written)


def answer(thought: str, score: float) -> str:
    """The official form, the score with two decimals."""
    return f"<think>{thought}</think><answer>{score:.2f}</answer>"


def compose(
    label: Label, style: Sequence[float], rng: np.random.Generator, noise: LabelNoise | None = None
) -> str:
    """The text of a label in a style; with the noise `EXACT` it is a function of the two alone."""
    return Writer(label, style, rng, noise or LabelNoise()).write()


def phrasings() -> int:
    """Number of distinct sentences that texts are composed of, with names and degrees filled in."""
    s, distortions = SENTENCES["sentences"], SENTENCES["distortions"].values()
    names = sum(len(d["names"]) for d in distortions)
    degrees = [len(d) for d in s["degrees"]]
    weak, strong = (len(s["first"][kind]) for kind in ("weak", "strong"))
    first = weak * sum(degrees[:2]) + strong * sum(degrees[2:])
    named = names * (first + len(s["further"]) * sum(degrees))
    effects = sum(len(d["effects"]) for d in distortions)
    fine, conclusions = SENTENCES["fine"], SENTENCES["conclusions"]
    pairs = len(fine["clauses"])
    clean = (len(s["clean"]["high"]) + len(s["clean"]["low"])) * pairs
    fine_count = len(fine["clause_frames"]) * pairs + len(fine["absences"]) * len(DISTORTIONS)
    concluding = len(conclusions["frames"]) * len(conclusions["grades"]) + len(conclusions["bare"])
    return named + effects + clean + fine_count + concluding
