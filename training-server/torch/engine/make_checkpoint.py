"""Writes a random checkpoint of a named shape: something to start recipes and measurements from.

    npm run make-checkpoint -- OUT --shape small [--tokenizer FOLDER] [--dtype bfloat16] [--seed 0]

Its answers mean nothing. Shapes: `engine/shapes.py`. The tokenizer, and with it the vocabulary, is that of
the folder given.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import torch

from engine.export import digest
from engine.shapes import PUBLISHED, SHAPES, TOKENIZER, config_of
from modules.loader import TEXT_FILES, save_model
from modules.random_checkpoint import random_weights
from modules.vqathinker import VQAThinkerModel


def make(folder: Path, shape: str, tokenizer: Path, *, dtype: torch.dtype, seed: int) -> str:
    """Writes the folder and returns the weights' SHA-256. Large shapes are drawn in their final type."""
    config = config_of(shape, tokenizer)
    with torch.device("meta"):
        model = VQAThinkerModel(config)
    model = model.to(dtype).to_empty(device="cpu").eval()
    for name, buffer in model.named_buffers():
        with torch.no_grad():
            buffer.fill_(1 if name.endswith(("running_var", "std")) else 0)
    small = shape not in PUBLISHED and dtype == torch.float32
    config_without = replace(config, motion=replace(config.motion, statistics=()))
    model.config, config_with_statistics = (
        config_without,
        model.config,
    )  # input statistics stay standardised by 0 and 1
    random_weights(model, torch.Generator().manual_seed(seed), batch_statistics=small)
    model.config = config_with_statistics
    save_model(model, folder, dtype=dtype)
    for name in TEXT_FILES:
        if (tokenizer / name).exists():
            shutil.copyfile(tokenizer / name, folder / name)
    return digest(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--shape", choices=SHAPES, default="small")
    parser.add_argument("--tokenizer", type=Path, default=TOKENIZER, metavar="FOLDER")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default=None)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    # npm runs this beside the modules; paths are meant from where the command was given.
    from_here = Path(os.environ.get("INIT_CWD", "."))
    dtype = options.dtype or ("bfloat16" if options.shape in PUBLISHED else "float32")
    out = from_here / options.out
    if out.exists() and any(out.iterdir()):
        parser.error(f"{out} is not empty")
    tokenizer = from_here / options.tokenizer
    sha256 = make(out, options.shape, tokenizer, dtype=getattr(torch, dtype), seed=options.seed)
    print(json.dumps({"folder": str(out), "shape": options.shape, "dtype": dtype, "sha256": sha256}))


if __name__ == "__main__":
    main()
