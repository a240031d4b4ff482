"""The starting point of training: an InternVL checkpoint, which has no motion branch, given one.

    python -m modules.base_checkpoint BASE SLOWFAST OUT [--projector official|zero]

BASE is a folder of the InternVL3 family in its original layout, SLOWFAST the published Kinetics weights of
SlowFast-R50 (`SLOWFAST_8x8_R50.pyth`), OUT the checkpoint to write, with the base's tokenizer. Relative paths
start in the folder of the caller.
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

import torch
from torch import Tensor, nn

from modules.config import read_config
from modules.loader import TEXT_FILES, CheckpointError, expected_tensors, read_tensors, save_model
from modules.slowfast import SlowFast
from modules.vqathinker import VQAThinkerModel

MOTION = ("slowfast_model.", "motion_mlp.", "motion_statistics.")
PROJECTORS = ("official", "zero")


def with_motion(
    base: Path, slowfast: Path, *, projector: str = "zero", seed: int = 0, dtype: torch.dtype = torch.float32
) -> VQAThinkerModel:
    """The base's weights, the published motion encoder, and a fresh motion projector.

    Raises CheckpointError if the base lacks or has more than its own tensors, or SLOWFAST is another network.
    """
    config = read_config(base)
    with torch.device("meta"):
        model = VQAThinkerModel(config)
    expected = {n: e for n, e in expected_tensors(model).items() if not n.startswith(MOTION)}
    state = read_tensors(base, expected, dtype=dtype)
    model.load_state_dict(state, strict=False, assign=True)
    model.slowfast_model.to_empty(device="cpu")
    model.slowfast_model.load_state_dict(kinetics_state(slowfast, model.slowfast_model))
    model.motion_mlp.to_empty(device="cpu")
    fresh_projector(model.motion_mlp, projector, torch.Generator().manual_seed(seed))
    if config.motion.statistics:
        model.motion_statistics.to_empty(device="cpu")
        model.motion_statistics.mean.zero_()
        model.motion_statistics.std.fill_(1)
    return model.to(dtype).eval()


def kinetics_state(path: Path, model: SlowFast) -> dict[str, Tensor]:
    """Blocks 0-4 of the published file under our names; its pools and classifier (5, 6) are left behind.

    The file is a pickle: it is read with torch's restricted unpickler, which builds tensors only.
    """
    file = torch.load(path, map_location="cpu", weights_only=True)
    state = {}
    for name, tensor in file["model_state"].items():
        block = name.split(".")[1]
        if int(block) < len(model.feature_extraction):
            state[name.replace("blocks.", "feature_extraction.", 1)] = tensor
    expected = {name: tuple(t.shape) for name, t in model.state_dict().items()}
    stored = {name: tuple(t.shape) for name, t in state.items()}
    problems = [
        f"{name}: {list(stored[name]) if name in stored else 'missing'}, expected "
        f"{list(expected[name]) if name in expected else 'nothing'}"
        for name in sorted(expected.keys() | stored.keys())
        if expected.get(name) != stored.get(name)
    ]
    if problems:
        raise CheckpointError(path, problems)
    return state


@torch.no_grad()
def fresh_projector(projector: nn.Sequential, kind: str, generator: torch.Generator) -> None:
    """Starting weights of `motion_mlp`, biases 0, LayerNorm 1 and 0.

    zero: the last Linear is zero, so the first motion token is and training starts from the base's
    completions. official: both Linears uniform in [0, 0.01), which makes an almost constant positive token.
    """
    if kind not in PROJECTORS:
        raise ValueError(f"projector is {kind!r}, not one of {', '.join(PROJECTORS)}")
    norm, first, _, last = projector
    norm.reset_parameters()
    for linear in (first, last):
        linear.bias.zero_()
    if kind == "official":
        first.weight.uniform_(0, 0.01, generator=generator)
        last.weight.uniform_(0, 0.01, generator=generator)
    else:
        first.weight.normal_(std=first.in_features**-0.5, generator=generator)
        last.weight.zero_()


def require_tokenizer(base: Path) -> None:
    """Raises CheckpointError where the base has no tokenizer: training could not start from the result."""
    if not any((base / name).is_file() for name in ("tokenizer.json", "vocab.json")):
        raise CheckpointError(base, ["it has no tokenizer (tokenizer.json or vocab.json)"])


def copy_text_files(base: Path, out: Path) -> None:
    """Copies tokenizer and generation config of the base."""
    for name in (*TEXT_FILES, "generation_config.json"):
        if (base / name).is_file():
            shutil.copyfile(base / name, out / name)


def from_caller(path: str) -> Path:
    """A path of the command line: npm and `scripts/python.mjs` run modules in another folder."""
    return Path(os.environ.get("INIT_CWD", "."), path)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("base", type=from_caller)
    parser.add_argument("slowfast", type=from_caller)
    parser.add_argument("out", type=from_caller)
    parser.add_argument(
        "--projector", choices=PROJECTORS, default="official", help="default: the released code's"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dtype", choices=("float32", "bfloat16", "float16"), default="bfloat16")
    options = parser.parse_args(arguments)
    dtype = getattr(torch, options.dtype)
    require_tokenizer(options.base)
    model = with_motion(
        options.base, options.slowfast, projector=options.projector, seed=options.seed, dtype=dtype
    )
    save_model(model, options.out)
    copy_text_files(options.base, options.out)


if __name__ == "__main__":
    main()
