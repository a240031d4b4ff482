"""Writes a random checkpoint of a named shape: something to start recipes and measurements from.

    npm run make-checkpoint -- OUT --shape small [--tokenizer FOLDER] [--dtype bfloat16] [--seed 0]

Its answers mean nothing. Shapes: `engine/shapes.py`. The tokenizer is that of the folder given; the published
shapes (1b, 2b, 8b) take one of the released family, or `--tokenizer released-size`, which is made here.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch

from engine import released_tokenizer
from engine.export import digest
from engine.shapes import PUBLISHED, SHAPES, TOKENIZER, VocabularyError, config_of
from modules.loader import TEXT_FILES, save_config, save_model
from modules.random_checkpoint import random_weights, spread
from modules.shard_writer import write_shards
from modules.vqathinker import VQAThinkerModel

DRAWN = 1 << 22
"""Elements that are drawn at once."""


def make(folder: Path, shape: str, tokenizer: Path, *, dtype: torch.dtype, seed: int) -> str:
    """Writes the folder and returns the weights' SHA-256. Published shapes are drawn and written in pieces:
    an 8B of 16 GB takes less than 1 GB of memory."""
    config = config_of(shape, tokenizer)
    with torch.device("meta"):
        model = VQAThinkerModel(config)
    generator = torch.Generator().manual_seed(seed)
    if shape in PUBLISHED:
        _stream(model, folder, dtype, generator)
    else:
        _draw(model, folder, dtype, generator)
    for name in TEXT_FILES:
        if (tokenizer / name).exists():
            shutil.copyfile(tokenizer / name, folder / name)
    return digest(folder)


def _draw(model: VQAThinkerModel, folder: Path, dtype: torch.dtype, generator: torch.Generator) -> None:
    """A small model, whose batch statistics are those of random clips."""
    config = model.config
    model = model.to(dtype).to_empty(device="cpu").eval()
    for name, buffer in model.named_buffers():
        with torch.no_grad():
            buffer.fill_(_at_rest(name))
    # Input statistics stay standardised by 0 and 1.
    model.config = replace(config, motion=replace(config.motion, statistics=()))
    random_weights(model, generator, batch_statistics=dtype == torch.float32)
    model.config = config
    save_model(model, folder, dtype=dtype)


def _at_rest(name: str) -> int:
    """Value of a buffer that no clip has touched."""
    return 1 if name.endswith(("running_var", "std", "deviation")) else 0


def _stream(model: VQAThinkerModel, folder: Path, dtype: torch.dtype, generator: torch.Generator) -> None:
    """A model on the meta device, tensor by tensor."""
    drawn = {name for name, _ in model.named_parameters()}
    state = model.state_dict()
    described = {
        name: (tuple(t.shape), dtype if t.is_floating_point() else t.dtype) for name, t in state.items()
    }

    def pieces(name: str) -> Iterator[torch.Tensor]:
        shape, stored = described[name]
        total = torch.Size(shape).numel()
        mean, deviation = spread(name, shape)
        for at in range(0, max(total, 1), DRAWN):
            count = min(DRAWN, total - at)
            if name not in drawn:
                yield torch.full((count,), _at_rest(name), dtype=stored)
                continue
            piece = mean + torch.randn(count, generator=generator) * deviation
            if name.endswith("qkv.weight"):
                piece[: max(0, 2 * shape[1] * shape[1] - at)] *= 2.5
            yield piece.to(stored)

    write_shards(folder, described, {name: pieces(name) for name in described})
    save_config(model.config, folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--shape", choices=SHAPES, default="small")
    parser.add_argument(
        "--tokenizer",
        type=Path,
        default=TOKENIZER,
        metavar="FOLDER",
        help=f"folder of tokenizer files, or {released_tokenizer.NAME}",
    )
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default=None)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    # npm runs this beside the modules; paths are meant from where the command was given.
    from_here = Path(os.environ.get("INIT_CWD", "."))
    dtype = options.dtype or ("bfloat16" if options.shape in PUBLISHED else "float32")
    out = from_here / options.out
    if out.exists() and any(out.iterdir()):
        parser.error(f"{out} is not empty")
    with tempfile.TemporaryDirectory() as made:
        if str(options.tokenizer) == released_tokenizer.NAME:
            tokenizer = Path(made)
            released_tokenizer.write_released_tokenizer(TOKENIZER, tokenizer)
        else:
            tokenizer = from_here / options.tokenizer
        try:
            sha256 = make(out, options.shape, tokenizer, dtype=getattr(torch, dtype), seed=options.seed)
        except VocabularyError as error:
            parser.error(str(error))
    print(json.dumps({"folder": str(out), "shape": options.shape, "dtype": dtype, "sha256": sha256}))


if __name__ == "__main__":
    main()
