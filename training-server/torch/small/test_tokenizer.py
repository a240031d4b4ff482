"""Oracle: the same files read by transformers' Qwen2Tokenizer and by transformers.js; ids must be equal."""

import json
import subprocess
import unicodedata

import numpy as np
import pytest

from small.concepts import LabelPrior
from small.language import LanguageRecipe, language_config, train_tokenizer
from small.prompt import ROOT, PromptShape, node, prompt_ids, prompt_text
from small.text import STYLE_SIZE, compose
from small.tokenizer import LARGEST, SPECIAL, load, save, token_ids

SHAPE = PromptShape(frames=8, tokens_per_frame=49)

IN_NODE = """
import { readFileSync } from 'node:fs';
import { AutoTokenizer, env } from '@huggingface/transformers';
const { folder, name, texts } = JSON.parse(readFileSync(0, 'utf8'));
env.allowRemoteModels = false;
env.localModelPath = folder;
const tokenizer = await AutoTokenizer.from_pretrained(name);
const ids = texts.map((t) => tokenizer.encode(t, { add_special_tokens: false }));
const decoded = ids.map((i) => tokenizer.decode(i, { skip_special_tokens: true }));
process.stdout.write(JSON.stringify({ kind: tokenizer.constructor.name, ids, decoded }));
"""


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(LanguageRecipe(), SHAPE)


@pytest.fixture(scope="module")
def texts():
    rng, prior = np.random.default_rng(3), LabelPrior()
    written = [compose(prior.draw(rng), rng.standard_normal(STYLE_SIZE), rng) for _ in range(200)]
    odd = [
        "  two  spaces\n\nand lines \t",
        "naïve café — 3.14 你好 🙂",
        "e\u0301 as e and accent",
        "DON'T don't",
    ]
    return [*written, *odd, prompt_text(SHAPE), "<|im_start|>user\n<img><IMG_CONTEXT></img><|im_end|>"]


def test_vocabulary_is_small_and_unlike_every_width(tokenizer):
    config = language_config(tokenizer)
    widths = {192, 512, 64, config.hidden_size, config.intermediate_size}
    assert len(SPECIAL) + 256 < config.vocab_size <= LARGEST
    assert config.vocab_size not in widths


def test_digits_and_special_strings_are_single_ids(tokenizer):
    for string in [*"0123456789.", *SPECIAL]:
        assert len(tokenizer.encode(string, add_special_tokens=False).ids) == 1
    assert tokenizer.encode("<answer>3.42").tokens[-4:] == ["3", ".", "4", "2"]
    ids = token_ids(tokenizer)
    assert len(set(ids.values())) == 3 and max(ids.values()) < tokenizer.get_vocab_size()


def test_answers_and_prompt_are_short(tokenizer, texts):
    lengths = [len(e.ids) for e in tokenizer.encode_batch(texts[:200], add_special_tokens=False)]
    assert 30 <= min(lengths) and max(lengths) <= 90 and 40 <= np.mean(lengths) <= 80
    assert prompt_ids(tokenizer, SHAPE).length <= 600


def test_any_text_comes_back(tokenizer, texts):
    for text in texts[:204]:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        assert tokenizer.decode(ids) == unicodedata.normalize("NFC", text)


def test_prompt_positions_are_the_context_ids(tokenizer):
    prompt = prompt_ids(tokenizer, SHAPE)
    assert len(prompt.context) == 8 * 49 and prompt.motion > int(prompt.context.max())
    assert (prompt.ids == tokenizer.token_to_id("<IMG_CONTEXT>")).sum() == 8 * 49 + 1


def test_saved_files_give_the_same_ids_in_transformers(tokenizer, texts, tmp_path):
    transformers = pytest.importorskip("transformers")
    save(tokenizer, tmp_path)
    other = transformers.AutoTokenizer.from_pretrained(tmp_path)
    assert other.eos_token == "<|im_end|>"
    written = load(tmp_path)
    for text in texts:
        assert other(text, add_special_tokens=False)["input_ids"] == written.encode(text).ids


def test_saved_files_give_the_same_ids_in_the_page(tokenizer, texts, tmp_path):
    if not (ROOT / "node_modules" / "@huggingface" / "transformers").exists():
        pytest.skip("node_modules is not installed")
    save(tokenizer, tmp_path / "small")
    done = subprocess.run(
        [node(), "--input-type=module", "--eval", IN_NODE],
        input=json.dumps({"folder": str(tmp_path), "name": "small", "texts": texts}),
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    page = json.loads(done.stdout)
    assert page["kind"] == "Qwen2Tokenizer"
    expected = [tokenizer.encode(t, add_special_tokens=False).ids for t in texts]
    assert page["ids"] == expected
    assert page["decoded"][:200] == texts[:200]
