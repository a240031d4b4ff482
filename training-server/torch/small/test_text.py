"""Texts state the content of their labels. Oracles: the labels and `core`'s strict reading."""

import re
from dataclasses import replace

import numpy as np
import pytest

from procedural.labels import WHOLE
from small.answers import read_answers
from small.concepts import LabelPrior
from small.text import DISTORTIONS, EXACT, SENTENCES, STYLE_SIZE, Label, LabelNoise, compose, phrasings

FORM = re.compile(r"<think>[A-Z][^<>]*\.</think><answer>[1-5]\.\d\d</answer>")


def label(score=3.0, **severity):
    return Label(
        score=score,
        severity=tuple(severity.get(d, 0.0) for d in DISTORTIONS),
        when=(WHOLE,) * len(DISTORTIONS),
    )


def texts(given, count=200, label_noise=None):
    rng = np.random.default_rng(0)
    return [compose(given, rng.standard_normal(STYLE_SIZE), rng, label_noise) for _ in range(count)]


def test_every_text_has_the_form_and_two_decimals():
    rng, prior = np.random.default_rng(1), LabelPrior()
    for _ in range(500):
        assert FORM.fullmatch(compose(prior.draw(rng), rng.standard_normal(STYLE_SIZE), rng))


def test_same_label_and_style_give_the_same_text():
    style = np.linspace(-1, 1, STYLE_SIZE)
    given = label(blur=0.6, noise=0.2)
    first, second = (compose(given, style, np.random.default_rng(s), EXACT) for s in (1, 2))
    assert first == second


def opening(text):
    return text.removeprefix("<think>").split(". ")[0]


@pytest.mark.parametrize("given", [label(4.2), label(2.2), label(2.8, blur=0.5), label(3.3, freeze=0.2)])
def test_phrasings_are_many_and_no_opening_prevails(given):
    assert phrasings() > 200
    openings = [opening(t) for t in texts(given, 3200)]
    assert max(openings.count(o) for o in set(openings)) <= 0.08 * 3200


def every_sentence():
    """All sentences of the files, slots unfilled."""
    sentences, fine, conclusions = (SENTENCES[k] for k in ("sentences", "fine", "conclusions"))
    yield from (*sentences["clean"]["high"], *sentences["clean"]["low"], *sentences["further"])
    yield from sum(sentences["first"].values(), [])
    yield from (*fine["clause_frames"], *fine["absences"], *(c["text"] for c in fine["clauses"]))
    yield from (*conclusions["frames"], *conclusions["bare"])
    for distortion in SENTENCES["distortions"].values():
        yield from distortion["effects"]


def test_no_sentence_claims_an_act_of_the_model():
    """The model reads statistics of sampled frames; it neither watches nor compares anything."""
    act = re.compile(r"\b(?:I|my|let me|eyes?|look(?:ing)? (?:at|closely|longer)|watch\w*|compar\w*)\b", re.I)
    assert [s for s in every_sentence() if act.search(s)] == []


@pytest.mark.parametrize("distortion", DISTORTIONS)
def test_a_distortion_is_named_and_never_ruled_out(distortion):
    names = SENTENCES["distortions"][distortion]["names"]
    fine = SENTENCES["fine"]
    denied = [f.format(a=names[0], b="X").split("X")[0].rstrip(" andor.") for f in fine["absences"]]
    praise = [c["text"] for c in fine["clauses"] if distortion in c["rules_out"]]
    for text in texts(label(**{distortion: 0.2})) + texts(label(**{distortion: 0.7})):
        assert any(n in text.lower() for n in names)
        assert not any(d in text for d in denied)
        assert not any(p in text for p in praise)


def test_an_unmentioned_distortion_is_neither_named_nor_ruled_out():
    """Oracle: `core/answer/lexicon.ts`, which reads only two of the absent ones in a text."""
    index = DISTORTIONS.index("noise")
    sure = label(blur=0.5)
    unsure = replace(sure, unmentioned=frozenset({index}))
    assert any("noise" in read.ruled_out for read in read_answers(texts(sure)))
    for read in read_answers(texts(unsure)):
        assert "noise" not in read.ruled_out + read.named
    for text in texts(unsure):
        assert "flat areas are clean" not in text


def test_every_phrasing_of_every_distortion_is_read_as_it():
    """Oracle: `core/answer/lexicon.ts`. Every name, degree, time, frame and denial."""
    sentences, distortions = SENTENCES["sentences"], SENTENCES["distortions"]
    degrees = sum(sentences["degrees"], [])
    times = ["", *(f" {w}" for phrases in sentences["when"].values() for w in phrases if w)]
    frames = [*sum(sentences["first"].values(), []), *sentences["further"]]
    phrases = [
        (d, f"{w} {n}{t}") for d, f in distortions.items() for n in f["names"] for w in degrees for t in times
    ]
    written = [
        (d, frames[k % len(frames)].format(distortion=phrase)) for k, (d, phrase) in enumerate(phrases)
    ]
    written += [
        (d, f.format(distortion=f"slight {n}"))
        for d in distortions
        for n in distortions[d]["names"]
        for f in frames
    ]
    for (distortion, text), read in zip(written, read_answers([t for _, t in written]), strict=True):
        assert read.named == (distortion,) and not read.ruled_out, text
    pairs = [(a, b) for a in distortions for b in distortions if a != b]
    join = sentences["join"]
    both = [
        join.format(
            distortion=f"faint {distortions[a]['names'][0]}", other=f"strong {distortions[b]['names'][-1]}."
        )
        for a, b in pairs
    ]
    for pair, text, read in zip(pairs, both, read_answers(both), strict=True):
        assert read.named == pair and not read.ruled_out, text
    for frame in SENTENCES["fine"]["absences"]:
        denied = [frame.format(a=distortions[a]["absent"], b=distortions[b]["absent"]) for a, b in pairs]
        for pair, text, read in zip(pairs, denied, read_answers(denied), strict=True):
            assert read.ruled_out == pair and not read.named, text


def test_the_sentences_cover_the_table():
    assert tuple(SENTENCES["distortions"]) == DISTORTIONS
    ids = set(DISTORTIONS)
    assert ids.issuperset(SENTENCES["sentences"]["lasting"])
    for clause in SENTENCES["fine"]["clauses"]:
        assert ids.issuperset(clause["rules_out"])


def test_strongest_distortion_comes_first():
    for text in texts(label(noise=0.3, freeze=0.9)):
        positions = [
            min(text.lower().find(n) for n in SENTENCES["distortions"][d]["names"] if n in text.lower())
            for d in ("freeze", "noise")
        ]
        assert positions[0] < positions[1]


@pytest.mark.parametrize(("severity", "level"), [(0.1, 0), (0.45, 1), (0.7, 2), (0.95, 3)])
def test_degree_follows_severity(severity, level):
    degrees = SENTENCES["sentences"]["degrees"]
    for text in texts(label(blur=severity), label_noise=EXACT):
        result = [k for k, phrases in enumerate(degrees) if any(f" {w} " in text for w in phrases)]
        assert level in result and (result == [level] or "very strong" in text)


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


GRADE = re.compile(r"\b(bad|poor|fair|good|excellent)\b")


def test_grade_is_that_of_the_written_score_and_absent_near_a_border():
    """Oracle: the borders of `core/answer/grades.ts`."""
    conclusions, noise = SENTENCES["conclusions"], LabelNoise(score=0.3)
    assert conclusions["cuts"] == [1.5, 2.5, 3.5, 4.5]
    seen = set()
    for score in np.linspace(1, 5, 41):
        for text in texts(label(float(score), blur=0.2), 40, noise):
            thought, _, answer = text.partition("<answer>")
            written, grades = float(answer[:4]), GRADE.findall(thought)
            near = min(abs(written - cut) for cut in conclusions["cuts"])
            assert len(grades) == (near > conclusions["border"]), text
            for word in grades:
                assert word == conclusions["grades"][sum(written >= cut for cut in conclusions["cuts"])], text
                seen.add(word)
    assert seen == set(conclusions["grades"])
    for text in texts(label(5.0), label_noise=EXACT):
        assert text.endswith("<answer>5.00</answer>")


def test_a_label_that_rules_nothing_out_praises_nothing():
    """As of a black screen: no distortion is certain to be absent."""
    unsure = replace(label(2.0), unmentioned=frozenset(range(len(DISTORTIONS))))
    low = SENTENCES["sentences"]["clean"]["low"]
    for text in texts(unsure):
        assert opening(text) in low
        assert not any(clause["text"] in text for clause in SENTENCES["fine"]["clauses"])
        assert read_answers([text])[0].ruled_out == ()


def test_scores_stay_on_the_scale():
    label_noise = LabelNoise(score=3.0)
    scores = [float(t.split("<answer>")[1][:4]) for t in texts(label(4.9), label_noise=label_noise)]
    assert min(scores) >= 1 and max(scores) == 5


def test_the_page_reads_the_label_in_its_text():
    """Oracle: `core/answer/lexicon.ts` and the strict reading of `answer.ts` beside it, run on 600 texts."""
    rng, prior = np.random.default_rng(5), LabelPrior()
    labels = [prior.draw(rng) for _ in range(600)]
    written = [compose(g, rng.standard_normal(STYLE_SIZE), rng, EXACT) for g in labels]
    for given, text, read in zip(labels, written, read_answers(written), strict=True):
        present = {d for d, s in zip(DISTORTIONS, given.severity, strict=True) if s > 0}
        order = sorted(present, key=lambda d: -given.severity[DISTORTIONS.index(d)])
        assert list(read.named) == order[:3], text
        assert not present.intersection(read.ruled_out), text
        assert read.score == pytest.approx(given.score, abs=0.0051)


def test_no_other_sentence_names_a_distortion():
    sentences = SENTENCES["sentences"]
    clean = SENTENCES["sentences"]["clean"]
    plain = [*clean["high"], *clean["low"], *(c["text"] for c in SENTENCES["fine"]["clauses"])]
    plain += [f.format(grade="good") for f in SENTENCES["conclusions"]["frames"]]
    plain += SENTENCES["conclusions"]["bare"]
    plain += [
        f.format(distortion="that") for f in [*sentences["further"], *sum(sentences["first"].values(), [])]
    ]
    for sentence, read in zip(plain, read_answers(plain), strict=True):
        assert read.named == read.ruled_out == (), sentence
    for distortion, phrases in SENTENCES["distortions"].items():
        for read in read_answers(phrases["effects"]):
            assert set(read.named) <= {distortion} and not read.ruled_out
