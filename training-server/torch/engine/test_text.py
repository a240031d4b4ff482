"""Tokenizers of a checkpoint folder, in both forms that they come in."""

from __future__ import annotations

import json

import pytest

from engine.faults import CommandError
from engine.shapes import TOKENIZER
from engine.text import Text, read_tokenizer
from small.tokenizer import CONTEXT, SPECIAL

TEXTS = [
    "<think>Okay, the frames show heavy blocking at 12.5 seconds…</think> <answer>2.37</answer>",
    "It's 4K; naïve café 中文 \n\n  two  spaces\tand a tab",
    "<|im_start|>user\n<img><IMG_CONTEXT></img><|im_end|>",
]


@pytest.fixture
def released_form(tmp_path):
    """The bundled tokenizer as the released base models come: vocabulary, merges and added tokens."""
    whole = json.loads((TOKENIZER / "tokenizer.json").read_text("utf-8"))
    vocabulary = {t: i for t, i in whole["model"]["vocab"].items() if t not in SPECIAL}
    merges = ["#version: 0.2", *(m if isinstance(m, str) else " ".join(m) for m in whole["model"]["merges"])]
    added = {entry["content"]: entry["id"] for entry in whole["added_tokens"]}
    (tmp_path / "vocab.json").write_text(json.dumps(vocabulary), "utf-8")
    (tmp_path / "merges.txt").write_text("\n".join(merges) + "\n", "utf-8")
    (tmp_path / "added_tokens.json").write_text(json.dumps(added), "utf-8")
    return tmp_path


def test_vocabulary_and_merges_give_the_same_ids(released_form):
    """Oracle: the same tokenizer from its `tokenizer.json`."""
    ours, expected = read_tokenizer(released_form), read_tokenizer(TOKENIZER)
    for text in TEXTS:
        ids = ours.encode(text, add_special_tokens=False).ids
        assert ids == expected.encode(text, add_special_tokens=False).ids
        assert ours.decode(ids, skip_special_tokens=False) == expected.decode(ids, skip_special_tokens=False)


def test_an_added_token_of_another_id_is_refused(released_form):
    added = json.loads((released_form / "added_tokens.json").read_text())
    added[CONTEXT] += 5
    (released_form / "added_tokens.json").write_text(json.dumps(added))
    with pytest.raises(CommandError, match="<IMG_CONTEXT> has the id"):
        read_tokenizer(released_form)


def test_no_tokenizer_is_named(tmp_path):
    with pytest.raises(CommandError, match="vocab.json is missing") as raised:
        read_tokenizer(tmp_path)
    assert raised.value.code == "train/checkpoint"
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(CommandError, match="cannot be read"):
        read_tokenizer(tmp_path)


def test_a_written_answer_ends_and_reads_back(profile):
    text = Text(TOKENIZER, profile)
    ids = text.completion_ids(TEXTS[0])
    assert ids[-1] == text.end and ids.count(text.end) == 1
    assert text.decode(ids) == TEXTS[0]
    # Half an answer, as a rollout cut by its length has it.
    assert TEXTS[0].startswith(text.decode(ids[:7]))
