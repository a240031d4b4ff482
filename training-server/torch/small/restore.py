"""A checkpoint out of a package: the weights of the q8 graphs of the target `webgpu`, dequantised.

The training files of the shipped weights are not in the repository; the package is. The stage `restore`
gives them back within the rounding of 8 bits, so that training continues from them: the perception half, the
decoder and, in `motion_mlp.3`, the product of concept map and concept embedding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from modules.atomic_write import atomic_write
from modules.slowfast import SlowFast
from small.backbone import ZERO_SCALE, zero_scaled
from small.config import MOTION, VISION
from small.data import CACHE
from small.perception import OUT

BUNDLED = Path(__file__).parents[3] / "public" / "models" / "small"
RESTORED = CACHE / "restored.safetensors"
PARTS = ("vision_encoder", "motion_encoder", "embed_tokens", "decoder_model_merged")
ROOTS = (
    "vision_model.", "mlp1.", "slowfast_model.", "motion_mlp.", "motion_statistics.", "quality_head.",
    "language_model.",
)  # fmt: skip


def short_name(name: str) -> str | None:
    """The checkpoint's name of a graph's tensor; None for a constant of the graph."""
    positions = [name.rfind(root) for root in ROOTS if root in name]
    return name[min(positions) :] if positions else None


def dequantised(integers: np.ndarray, scales: np.ndarray, columns: int) -> np.ndarray:
    """Blocks of 32 unsigned bytes [rows, blocks, 32] or [rows, columns], zero at 128 → [rows, columns]."""
    blocks = integers.reshape(*scales.shape, -1).astype(np.float32) - 128
    return (blocks * scales[..., None]).reshape(len(scales), -1)[:, :columns]


def graph_tensors(path: Path) -> dict[str, np.ndarray]:
    """The named tensors of a graph, quantised ones as floats."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(path).graph
    arrays = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    columns = {
        n.input[1]: next(a.i for a in n.attribute if a.name == "K")
        for n in graph.node
        if n.op_type == "MatMulNBits"
    }
    tensors = {}
    for name, array in arrays.items():
        short = short_name(name)
        if short is None or name.endswith(".scale"):
            continue
        if f"{name}.scale" in arrays:
            count = columns.get(name, array.shape[-1])
            array = dequantised(array, arrays[f"{name}.scale"], count)
        tensors[short] = array.astype(np.float32)
    return tensors


def slowfast_state(tensors: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    """State of a SlowFast whose batch norms are folded: kernels as stored, norms that only add the bias."""
    model = SlowFast(MOTION)
    state = model.state_dict()
    for name, value in state.items():
        array = tensors.get(f"slowfast_model.{name}")
        if name.endswith("running_mean"):
            state[name] = torch.zeros_like(value)
        elif name.endswith("running_var"):
            state[name] = torch.ones_like(value)
        elif array is None and name.endswith(".weight"):
            state[name] = torch.full_like(value, (1 + 1e-5) ** 0.5)
        elif array is not None and value.dim() == 5:
            outputs, inputs, time, *space = value.shape
            used = array.reshape(outputs, -1, *space)[:, : time * inputs]  # a graph may add channels of zeros
            stacked = torch.from_numpy(used.reshape(outputs, time, inputs, *space))
            state[name] = stacked.transpose(1, 2).contiguous()
        elif array is not None:
            state[name] = torch.from_numpy(array).reshape(value.shape)
    return state


def decoder_state(tensors: Mapping[str, np.ndarray], heads: int, keys: int) -> Iterator[tuple[str, Tensor]]:
    """Names and tensors of the decoder; the graphs hold queries, keys and values in one matrix.

    heads: rows of the queries; keys: rows of the keys.
    """
    for name, array in tensors.items():
        tensor = torch.from_numpy(array)
        if "lm_head" in name:
            continue
        stem, _, kind = name.rpartition(".")
        if stem.endswith(("qkv_proj", "self_attn.q_proj")):
            base = stem.rpartition(".")[0]
            for part, piece in zip("qkv", tensor.split([heads, keys, keys]), strict=True):
                yield f"{base}.{part}_proj.{kind}", piece
        else:
            yield name, tensor


def restored_tensors(package: Path = BUNDLED) -> dict[str, Tensor]:
    """Every tensor of the checkpoint that a package was made of."""
    from small.language import language_config
    from small.tokenizer import load

    parts: dict[str, np.ndarray] = {}
    for part in PARTS:
        parts |= graph_tensors(package / "onnx" / f"{part}_quantized.onnx")
    config = language_config(load(package))
    tensors = {f"slowfast_model.{k}": v for k, v in slowfast_state(parts).items()}
    language = {k: v for k, v in parts.items() if k.startswith("language_model.")}
    width = config.head_dim
    tensors |= dict(
        decoder_state(language, config.num_attention_heads * width, config.num_key_value_heads * width)
    )
    for name, array in parts.items():
        if name.startswith("quality_head.") and array.ndim == 2:
            tensors[name] = torch.from_numpy(array.T.copy())  # its matrices are not quantised, inputs first
        elif not name.startswith(("slowfast_model.", "language_model.")):
            tensors[name] = torch.from_numpy(array)
    position = "vision_model.embeddings.position_embedding"
    tensors[position] = with_class_position(tensors[position])
    for layer in range(VISION.num_hidden_layers):  # layer scales are folded into the matrices
        for scale in ("ls1", "ls2"):
            tensors[f"vision_model.encoder.layers.{layer}.{scale}"] = torch.ones(VISION.hidden_size)
    return tensors


def with_class_position(position: Tensor) -> Tensor:
    """The position embedding [1, 1 + n, D]; a graph stores its class position in the class embedding."""
    count = (VISION.image_size // VISION.patch_size) ** 2
    if position.shape[1] == count:
        return torch.cat([torch.zeros_like(position[:, :1]), position], 1)
    return position


def restored_part(prefix: str) -> dict[str, Tensor]:
    """Restored tensors whose name starts with a prefix, without it; FileNotFoundError before the stage."""
    if not RESTORED.exists():
        raise FileNotFoundError(f"no {RESTORED}: run npm run train-small -- restore")
    tensors = load_file(RESTORED)
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def write_parts(tensors: Mapping[str, Tensor], folder: Path) -> None:
    """Writes the files of the stages `backbone` and `vision` and the normaliser, each unless it is there."""

    def part(*prefixes: str) -> dict[str, Tensor]:
        return {k: v for k, v in tensors.items() if k.startswith(prefixes)}

    def unprefixed(prefix: str) -> dict[str, Tensor]:
        return {k.removeprefix(prefix): v for k, v in part(prefix).items()}

    backbone = SlowFast(MOTION)
    backbone.load_state_dict(unprefixed("slowfast_model."))
    parts = {
        "vision": part("vision_model.", "mlp1."),
        "motion_statistics": unprefixed("motion_statistics."),
        "slowfast": zero_scaled(backbone, 1 / ZERO_SCALE).state_dict(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, state in parts.items():
        path = folder / f"{name}.safetensors"
        if not path.exists():
            save_file({k: v.contiguous() for k, v in state.items()}, path)


def stage_restore() -> None:
    """Writes the bundled package's weights as `restored.safetensors` and as files of the stages that made
    them into the cache."""
    tensors = restored_tensors()
    RESTORED.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(RESTORED) as partial:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, partial)
    write_parts(tensors, OUT)
    print(f"{RESTORED}: {len(tensors)} tensors")
