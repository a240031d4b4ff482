"""Reasoning texts for labelled clips: what is wrong, where, how much, what is right, and a score.

A text is composed from the sentences in `text/`. Which faults are named, in which order, how strongly and
when is the label's; which of the equivalent phrasings is used is the *style's*, a vector of `STYLE_SIZE`
numbers that are standard normal over clips. The model finds both in its motion token, so that greedy texts
differ between videos for a reason that lies in the video. Neither fixes the score: it is drawn around the
label's.

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
    "opening",
    "frame",
    "name",
    "effect",
    "when",
    "fine",
    "fine_frame",
    "conclusion",
)
"""What each style number chooses."""

STYLE_SIZE = len(STYLE)

MOST_NAMED = 3
"""Faults a text names, strongest first."""

SEVERITY_CUTS = tuple(TABLE["severityCuts"])
"""Between slight, noticeable, strong and severe."""


@dataclass(frozen=True, kw_only=True)
class Label:
    """What is known of a procedural clip."""

    score: float
    """Pseudo-MOS, 1 to 5."""

    severity: Sequence[float]
    """In [0, 1], one a distortion; 0 = absent."""

    when: Sequence[int]
    """`WHOLE`, `FIRST_HALF` or `SECOND_HALF`, one a distortion."""

    doubtful: frozenset[int] = frozenset()
    """Places of distortions that are not named and must not be ruled out either."""


@dataclass(frozen=True, kw_only=True)
class Fuzz:
    """Standard deviations of the noise between a label and its text, so that sampled answers differ."""

    score: float = 0.03
    """Of the written score."""

    severity: float = 0.04
    """Of the severity behind the degree word."""

    grade: float = 0.05
    """Of the score behind the grade word."""

    style: float = 0.05
    """Of the style numbers."""


EXACT = Fuzz(score=0, severity=0, grade=0, style=0)


def load_sentences() -> dict:
    """The sentences of `text/*.json`, by file name."""
    folder = Path(__file__).with_name("text")
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))}


SENTENCES = load_sentences()


class Writer:
    """One text of one label: draws its noise once, then writes sentence by sentence."""

    def __init__(self, label: Label, style: Sequence[float], rng: np.random.Generator, fuzz: Fuzz):
        self.label, self.fuzz = label, fuzz
        self.style = np.asarray(style) + fuzz.style * rng.standard_normal(STYLE_SIZE)
        self.noise = rng.standard_normal(len(DISTORTIONS) + 2)
        present = [i for i, s in enumerate(label.severity) if s > 0]
        self.named = sorted(present, key=lambda i: -label.severity[i])[:MOST_NAMED]

    def share(self, part: int, parts: int) -> int:
        """Which of `parts` equal shares of the standard normal holds a style number."""
        below = 0.5 * math.erfc(-self.style[part % STYLE_SIZE] / math.sqrt(2))
        return min(int(below * parts), parts - 1)

    def pick(self, part: str, options: Sequence, offset: int = 0):
        """An option by this part's style number; more than four form a grid whose rows the next part's
        number chooses: telling four shares of a number apart is learnt at once, telling sixteen is not."""
        rows = -(-len(options) // 4)
        columns = -(-len(options) // rows)
        first = STYLE.index(part)
        place = self.share(first + 1, rows) * columns + self.share(first, columns)
        return options[(place + offset) % len(options)]

    def degree(self, i: int) -> int:
        severity = self.label.severity[i] + self.fuzz.severity * self.noise[i]
        return sum(severity >= cut for cut in SEVERITY_CUTS)

    def fault(self, place: int) -> str:
        """The fault at `place` of those named, with degree and time: "strong blur in the first half"."""
        i = self.named[place]
        words = SENTENCES["faults"][DISTORTIONS[i]]
        degree = self.pick("frame", SENTENCES["sentences"]["degrees"][self.degree(i)], place)
        phrase = f"{degree} {self.pick('name', words['names'], place)}"
        times = SENTENCES["sentences"]["when"]
        when = {WHOLE: "whole", FIRST_HALF: "first", SECOND_HALF: "second"}[self.label.when[i]]
        if when == "whole" and (place > 0 or DISTORTIONS[i] not in SENTENCES["sentences"]["lasting"]):
            return phrase
        clause = self.pick("when", times[when])
        return f"{phrase} {clause}" if clause else phrase

    def findings(self) -> list[str]:
        sentences = SENTENCES["sentences"]
        if not self.named:
            return [self.pick("frame", sentences["clean"])]
        strongest = self.named[0]
        strength = "strong" if self.degree(strongest) >= 2 else "weak"
        found = [self.pick("frame", sentences["first"][strength]).format(fault=self.fault(0))]
        if self.degree(strongest) >= 1 and len(self.named) < MOST_NAMED:
            found.append(self.pick("effect", SENTENCES["faults"][DISTORTIONS[strongest]]["effects"]))
        if len(self.named) > 1:
            rest = self.fault(1)
            if len(self.named) > 2:
                rest = sentences["join"].format(fault=rest, other=self.fault(2))
            found.append(self.pick("effect", sentences["further"]).format(fault=rest))
        return found

    def fine(self) -> str:
        """What the label rules out: two true clauses, or two absent faults by name."""
        fine = SENTENCES["fine"]
        absent = {
            d
            for i, (d, s) in enumerate(zip(DISTORTIONS, self.label.severity, strict=True))
            if s == 0 and i not in self.label.doubtful
        }
        frames = [(f, True) for f in fine["clause_frames"]] + [(f, False) for f in fine["absences"]]
        frame, clauses = self.pick("fine_frame", frames)
        if clauses:
            true = self.ring(fine["clauses"], lambda c: absent.issuperset(c["rules_out"]))
            if len(true) == 2:
                return frame.format(a=true[0]["text"], b=true[1]["text"])
            frame = self.pick("fine", fine["absences"])
        a, b = (SENTENCES["faults"][d]["absent"] for d in self.ring(DISTORTIONS, absent.__contains__))
        return frame.format(a=a, b=b)

    def ring(self, items: Sequence, holds: Callable[[Any], bool]) -> list:
        """The first two items that hold, from a quarter of the ring that the style chooses on."""
        start = self.share(STYLE.index("fine"), 4) * len(items) // 4
        turned = [items[(start + k) % len(items)] for k in range(len(items))]
        return [item for item in turned if holds(item)][:2]

    def conclusion(self) -> str:
        conclusions = SENTENCES["conclusions"]
        score = self.label.score + self.fuzz.grade * self.noise[-2]
        grades = conclusions["grades"][sum(score >= cut for cut in conclusions["cuts"])]
        grade = self.pick("when", grades)
        return self.pick("conclusion", conclusions["frames"]).format(grade=grade)

    def score(self) -> float:
        return min(5.0, max(1.0, self.label.score + self.fuzz.score * self.noise[-1]))

    def write(self) -> str:
        opening = self.pick("opening", SENTENCES["openings"])
        thoughts = " ".join([opening, *self.findings(), self.fine(), self.conclusion()])
        return answer(thoughts, self.score())


def answer(thought: str, score: float) -> str:
    """The official form, the score with two decimals."""
    return f"<think>{thought}</think><answer>{score:.2f}</answer>"


def compose(label: Label, style: Sequence[float], rng: np.random.Generator, fuzz: Fuzz | None = None) -> str:
    """The text of a label in a style; `EXACT` fuzz makes it a function of the two alone."""
    return Writer(label, style, rng, fuzz or Fuzz()).write()


def phrasings() -> int:
    """Distinct sentences that texts are put together from, names and degrees filled in."""
    s = SENTENCES["sentences"]
    faults = sum(len(f["names"]) for f in SENTENCES["faults"].values())
    degrees = sum(len(d) for d in s["degrees"])
    first = len(s["first"]["weak"]) + len(s["first"]["strong"])
    effects = sum(len(f["effects"]) for f in SENTENCES["faults"].values())
    fine = SENTENCES["fine"]
    fine_count = len(fine["clause_frames"]) * len(fine["clauses"]) + len(fine["absences"]) * len(DISTORTIONS)
    conclusions = len(SENTENCES["conclusions"]["frames"]) * sum(
        len(g) for g in SENTENCES["conclusions"]["grades"]
    )
    named = (first // 2 + len(s["further"])) * faults * (degrees // len(s["degrees"])) * len(s["degrees"])
    return len(SENTENCES["openings"]) + named + effects + len(s["clean"]) + fine_count + conclusions
