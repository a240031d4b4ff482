"""The small model's tokenizer: byte-level BPE behind Qwen2's pre-tokenizer, trained on its own texts.

Same machinery as the released model's (NFC, Qwen2's split, bytes, digits single), so that transformers'
Qwen2Tokenizer and transformers.js read the files; only the vocabulary is small. The special strings have the
last ids.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

END_OF_TEXT, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
IMAGE_START, IMAGE_END, CONTEXT = "<img>", "</img>", "<IMG_CONTEXT>"
SPECIAL = (END_OF_TEXT, START, END, IMAGE_START, IMAGE_END, CONTEXT)

LARGEST = 2050
"""Entries with the special ones. The trainer stops earlier when no pair is left to merge."""

SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""Qwen2's pre-tokenizer."""

PROMPT_WEIGHT = 50
"""Copies of the prompt among the training texts; they make its words tokens."""


def train(texts: Iterable[str], prompt: str, *, largest: int = LARGEST) -> Tokenizer:
    """A tokenizer trained on answers and on the prompt without its special strings."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    for special in SPECIAL:
        prompt = prompt.replace(special, "\0")
    corpus = [*texts, *[part for part in prompt.split("\0") if part] * PROMPT_WEIGHT]
    trainer = trainers.BpeTrainer(
        vocab_size=largest - len(SPECIAL),
        min_frequency=2,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus, trainer)
    tokenizer.add_special_tokens([AddedToken(s, normalized=False, special=True) for s in SPECIAL])
    return tokenizer


def save(tokenizer: Tokenizer, folder: Path) -> None:
    """Writes the files that transformers and transformers.js read."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    added = {
        str(tokenizer.token_to_id(s)): {
            "content": s,
            "lstrip": False,
            "normalized": False,
            "rstrip": False,
            "single_word": False,
            "special": True,
        }
        for s in SPECIAL
    }
    config = {
        "add_bos_token": False,
        "add_prefix_space": False,
        "added_tokens_decoder": added,
        "additional_special_tokens": list(SPECIAL[1:]),
        "bos_token": None,
        "clean_up_tokenization_spaces": False,
        "eos_token": END,
        "errors": "replace",
        "model_max_length": 32768,
        "pad_token": END_OF_TEXT,
        "split_special_tokens": False,
        "tokenizer_class": "Qwen2Tokenizer",
        "unk_token": None,
    }
    special = {"additional_special_tokens": list(SPECIAL[1:]), "eos_token": END, "pad_token": END_OF_TEXT}
    for name, content in (("tokenizer_config", config), ("special_tokens_map", special)):
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        (folder / f"{name}.json").write_text(text, "utf-8")


def load(folder: Path) -> Tokenizer:
    """The tokenizer of a checkpoint folder."""
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def token_ids(tokenizer: Tokenizer) -> dict[str, int]:
    """`tokenIds` of a profile."""
    names = {"imageStart": IMAGE_START, "imageEnd": IMAGE_END, "context": CONTEXT}
    return {key: tokenizer.token_to_id(string) for key, string in names.items()}
