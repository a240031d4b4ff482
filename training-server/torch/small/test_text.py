"""The texts say what the labels say. Oracle: the labels themselves and `core`'s strict reading."""

import re
from dataclasses import replace

import numpy as np
import pytest

from procedural.labels import WHOLE
from small.answers import read_answers
from small.codes import LabelPrior
from small.text import DISTORTIONS, EXACT, SENTENCES, STYLE_SIZE, Fuzz, Label, compose, phrasings

FORM = re.compile(r"<think>[A-Z][^<>]*\.</think><answer>[1-5]\.\d\d</answer>")


def label(score=3.0, **severity):
    return Label(
        score=score,
        severity=tuple(severity.get(d, 0.0) for d in DISTORTIONS),
        when=(WHOLE,) * len(DISTORTIONS),
    )


def texts(given, count=200, fuzz=None):
    rng = np.random.default_rng(0)
    return [compose(given, rng.standard_normal(STYLE_SIZE), rng, fuzz) for _ in range(count)]


def test_every_text_has_the_form_and_two_decimals():
    rng, prior = np.random.default_rng(1), LabelPrior()
    for _ in range(500):
        assert FORM.fullmatch(compose(prior.draw(rng), rng.standard_normal(STYLE_SIZE), rng))


def test_same_label_and_style_give_the_same_text():
    style = np.linspace(-1, 1, STYLE_SIZE)
    given = label(blur=0.6, noise=0.2)
    first, second = (compose(given, style, np.random.default_rng(s), EXACT) for s in (1, 2))
    assert first == second


def test_phrasings_are_many_and_every_opening_is_used_alike():
    assert phrasings() > 200
    openings = SENTENCES["openings"]
    found = [next(o for o in openings if t.startswith(f"<think>{o}")) for t in texts(label(blur=0.5), 3200)]
    counts = [found.count(o) for o in openings]
    assert min(counts) > 0.5 * 3200 / len(openings) and max(counts) < 1.5 * 3200 / len(openings)


@pytest.mark.parametrize("distortion", DISTORTIONS)
def test_a_fault_is_named_and_never_ruled_out(distortion):
    names = SENTENCES["faults"][distortion]["names"]
    fine = SENTENCES["fine"]
    denied = [f.format(a=names[0], b="X").split("X")[0].rstrip(" andor.") for f in fine["absences"]]
    praise = [c["text"] for c in fine["clauses"] if distortion in c["rules_out"]]
    for text in texts(label(**{distortion: 0.2})) + texts(label(**{distortion: 0.7})):
        assert any(n in text.lower() for n in names)
        assert not any(d in text for d in denied)
        assert not any(p in text for p in praise)


def test_what_is_doubtful_is_neither_named_nor_ruled_out():
    """Oracle: `core/answer/lexicon.ts`, which reads only two of the absent ones in a text."""
    place = DISTORTIONS.index("noise")
    sure = label(blur=0.5)
    unsure = replace(sure, doubtful=frozenset({place}))
    assert any("noise" in read.ruled_out for read in read_answers(texts(sure)))
    for read in read_answers(texts(unsure)):
        assert "noise" not in read.ruled_out + read.found
    for text in texts(unsure):
        assert "flat areas stay calm" not in text


def test_every_phrasing_of_every_fault_is_read_as_that_fault():
    """Oracle: `core/answer/lexicon.ts`. Every name, degree, time, frame and denial."""
    sentences, faults = SENTENCES["sentences"], SENTENCES["faults"]
    degrees = sum(sentences["degrees"], [])
    times = ["", *(f" {w}" for words in sentences["when"].values() for w in words if w)]
    frames = [*sum(sentences["first"].values(), []), *sentences["further"]]
    said = [(d, f"{w} {n}{t}") for d, f in faults.items() for n in f["names"] for w in degrees for t in times]
    written = [(d, frames[k % len(frames)].format(fault=fault)) for k, (d, fault) in enumerate(said)]
    written += [
        (d, f.format(fault=f"slight {n}")) for d in faults for n in faults[d]["names"] for f in frames
    ]
    for (distortion, text), read in zip(written, read_answers([t for _, t in written]), strict=True):
        assert read.found == (distortion,) and not read.ruled_out, text
    pairs = [(a, b) for a in faults for b in faults if a != b]
    join = sentences["join"]
    both = [
        join.format(fault=f"faint {faults[a]['names'][0]}", other=f"strong {faults[b]['names'][-1]}.")
        for a, b in pairs
    ]
    for pair, text, read in zip(pairs, both, read_answers(both), strict=True):
        assert read.found == pair and not read.ruled_out, text
    for frame in SENTENCES["fine"]["absences"]:
        denied = [frame.format(a=faults[a]["absent"], b=faults[b]["absent"]) for a, b in pairs]
        for pair, text, read in zip(pairs, denied, read_answers(denied), strict=True):
            assert read.ruled_out == pair and not read.found, text


def test_the_words_cover_the_table():
    assert tuple(SENTENCES["faults"]) == DISTORTIONS
    known = set(DISTORTIONS)
    assert known.issuperset(SENTENCES["sentences"]["lasting"])
    for clause in SENTENCES["fine"]["clauses"]:
        assert known.issuperset(clause["rules_out"])


def test_strongest_fault_comes_first():
    for text in texts(label(noise=0.3, freeze=0.9)):
        places = [
            min(text.lower().find(n) for n in SENTENCES["faults"][d]["names"] if n in text.lower())
            for d in ("freeze", "noise")
        ]
        assert places[0] < places[1]


@pytest.mark.parametrize(("severity", "level"), [(0.1, 0), (0.45, 1), (0.7, 2), (0.95, 3)])
def test_degree_follows_severity(severity, level):
    degrees = SENTENCES["sentences"]["degrees"]
    for text in texts(label(blur=severity), fuzz=EXACT):
        found = [k for k, words in enumerate(degrees) if any(f" {w} " in text for w in words)]
        assert level in found and (found == [level] or "very strong" in text)


def test_halves_are_named_only_where_the_label_has_them():
    times = SENTENCES["sentences"]["when"]
    halves = times["first"] + times["second"]
    for text in texts(label(blur=0.5)):
        assert not any(f" {h}" in text for h in halves)
    others = len(DISTORTIONS) - 1
    late = Label(score=3, severity=(0.5,) + (0,) * others, when=(2,) + (WHOLE,) * others)
    for text in texts(late):
        assert any(f" {h}" in text for h in times["second"])


def test_a_lasting_clause_never_describes_a_freeze():
    for text in texts(label(freeze=0.6)):
        assert "throughout" not in text and "from start to end" not in text


def test_grade_leads_to_the_score_but_does_not_fix_it():
    grades = SENTENCES["conclusions"]["grades"]
    at_border = texts(label(3.5, blur=0.2), fuzz=Fuzz(grade=0.1))
    found = {k for t in at_border for k, words in enumerate(grades) for w in words if f" {w}." in t}
    assert {2, 3} <= found
    assert len({t.split("<answer>")[1] for t in at_border}) > 12
    for text in texts(label(5.0), fuzz=EXACT):
        assert text.endswith("<answer>5.00</answer>")


def test_scores_stay_on_the_scale():
    fuzz = Fuzz(score=3.0)
    scores = [float(t.split("<answer>")[1][:4]) for t in texts(label(4.9), fuzz=fuzz)]
    assert min(scores) >= 1 and max(scores) == 5


def test_the_page_finds_in_a_text_what_the_label_says():
    """Oracle: `core/answer/lexicon.ts` and the strict reading of `answer.ts` beside it, run on 600 texts."""
    rng, prior = np.random.default_rng(5), LabelPrior()
    labels = [prior.draw(rng) for _ in range(600)]
    written = [compose(g, rng.standard_normal(STYLE_SIZE), rng, EXACT) for g in labels]
    for given, text, read in zip(labels, written, read_answers(written), strict=True):
        present = {d for d, s in zip(DISTORTIONS, given.severity, strict=True) if s > 0}
        order = sorted(present, key=lambda d: -given.severity[DISTORTIONS.index(d)])
        assert list(read.found) == order[:3], text
        assert not present.intersection(read.ruled_out), text
        assert read.score == pytest.approx(given.score, abs=0.0051)


def test_no_sentence_beside_the_faults_names_one():
    sentences = SENTENCES["sentences"]
    plain = [*SENTENCES["openings"], *sentences["clean"], *(c["text"] for c in SENTENCES["fine"]["clauses"])]
    plain += [f.format(grade="good") for f in SENTENCES["conclusions"]["frames"]]
    plain += [f.format(fault="that") for f in [*sentences["further"], *sum(sentences["first"].values(), [])]]
    for sentence, read in zip(plain, read_answers(plain), strict=True):
        assert read.found == read.ruled_out == (), sentence
    for distortion, words in SENTENCES["faults"].items():
        for read in read_answers(words["effects"]):
            assert set(read.found) <= {distortion} and not read.ruled_out
