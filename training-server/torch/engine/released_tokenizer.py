"""A tokenizer of the released family's size, for checkpoints that are as large as the released ones.

    npm run make-checkpoint -- OUT --shape 1b --tokenizer released-size

Every id that the code names is at its released place. Text is cut by the bundled model's merges; the ids
between are never written.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from small.tokenizer import CONTEXT, END, END_OF_TEXT, IMAGE_END, IMAGE_START, START

NAME = "released-size"
"""Value of `--tokenizer`."""

FIRST_ADDED = 151_643
"""Id of the first added token; those below are of the vocabulary."""

ENTRIES = 151_674
"""Of the released models: rows of the embedding and of the head."""

ADDED = {
    151_643: END_OF_TEXT,
    151_644: START,
    151_645: END,
    151_665: IMAGE_START,
    151_666: IMAGE_END,
    151_667: CONTEXT,
}
"""Added tokens that the code names, at their released ids."""


def write_released_tokenizer(bundled: Path, folder: Path) -> None:
    """Writes tokenizer.json and tokenizer_config.json, from those of the bundled model."""
    whole = json.loads((bundled / "tokenizer.json").read_text("utf-8"))
    vocabulary = {
        token: id for token, id in whole["model"]["vocab"].items() if id < FIRST_ADDED and token not in ADDED
    }
    used = set(vocabulary.values())
    vocabulary |= {f"<unused {id}>": id for id in range(FIRST_ADDED) if id not in used}
    added = [_added(id) for id in range(FIRST_ADDED, ENTRIES)]
    whole["model"]["vocab"] = dict(sorted(vocabulary.items(), key=lambda entry: entry[1]))
    whole["added_tokens"] = added
    config = json.loads((bundled / "tokenizer_config.json").read_text("utf-8"))
    config["added_tokens_decoder"] = {
        str(token["id"]): {key: value for key, value in token.items() if key != "id"} for token in added
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in (("tokenizer.json", whole), ("tokenizer_config.json", config)):
        (folder / name).write_text(json.dumps(value, ensure_ascii=False) + "\n", "utf-8")


def _added(id: int) -> dict[str, Any]:
    return {
        "id": id,
        "content": ADDED.get(id, f"<|unused {id}|>"),
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": True,
    }
