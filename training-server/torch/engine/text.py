"""Text to ids and back by a checkpoint's own tokenizer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from engine.faults import CommandError
from modules.profiles import Profile
from small.tokenizer import END, SPLIT


class Text:
    """The tokenizer of a checkpoint folder, for one profile. Raises CommandError `train/checkpoint`."""

    def __init__(self, folder: Path, profile: Profile):
        self.folder, self.profile = folder, profile
        self.tokenizer = read_tokenizer(folder)
        end = self.tokenizer.token_to_id(END)
        if end is None:
            raise CommandError(f"its tokenizer has no {END}", code="train/checkpoint")
        self.end = end

    def prompt(self, text: str) -> list[int]:
        """Ids of a prompt. Raises CommandError where it does not have one context id a feature; the motion's
        may be left out."""
        ids = self.ids(text)
        count, wanted = ids.count(self.profile.token_ids.context), self.profile.context_tokens
        if count not in (wanted, wanted - 1):
            raise CommandError(
                f"the prompt has {count} <IMG_CONTEXT> for the {wanted} features of profile "
                f"{self.profile.name}"
            )
        return ids

    def ids(self, text: str) -> list[int]:
        """Ids of text in which special strings stand for themselves."""
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def completion_ids(self, text: str) -> list[int]:
        """Ids of a written completion, its end included."""
        return [*self.ids(text), self.end]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of a completion without special strings."""
        return self.tokenizer.decode(list(ids), skip_special_tokens=True)


def read_tokenizer(folder: Path) -> Tokenizer:
    """From `tokenizer.json`, or from the vocabulary and merges that the released base models come with."""
    whole = folder / "tokenizer.json"
    try:
        if whole.exists():
            return Tokenizer.from_file(str(whole))
        return _from_vocabulary(folder)
    except FileNotFoundError as error:
        raise CommandError(
            f"there is no tokenizer in it ({Path(error.filename).name} is missing)", code="train/checkpoint"
        ) from error
    except Exception as error:  # tokenizers raises bare Exception for a damaged file
        raise CommandError(f"its tokenizer cannot be read: {error}", code="train/checkpoint") from error


def _from_vocabulary(folder: Path) -> Tokenizer:
    vocabulary = json.loads((folder / "vocab.json").read_text("utf-8"))
    lines = (folder / "merges.txt").read_text("utf-8").splitlines()
    pairs = [line.split(" ") for line in lines if line and not line.startswith("#version")]
    merges = [(left, right) for left, right in pairs]
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    added = json.loads((folder / "added_tokens.json").read_text("utf-8"))
    for content, id in sorted(added.items(), key=lambda item: item[1]):
        tokenizer.add_special_tokens([AddedToken(content, normalized=False, special=True)])
        if tokenizer.token_to_id(content) != id:
            raise ValueError(f"{content} has the id {tokenizer.token_to_id(content)}, not {id}")
    return tokenizer
