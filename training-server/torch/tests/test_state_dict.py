"""The 8B's tensors, on the meta device. Oracle: the names, shapes and counts of the official class."""

import json

import torch

from modules.config import ModelConfig
from modules.vqathinker import VQAThinkerModel

PARAMETERS = {
    "vision_model": 304_012_288,
    "mlp1": 27_540_480,
    "language_model": 7_612_820_992,
    "motion_mlp": 21_114_368,
    "slowfast_model": 33_644_488,
}


def model_8b() -> VQAThinkerModel:
    with torch.device("meta"):
        return VQAThinkerModel(ModelConfig())


def test_names_and_shapes_are_the_checkpoints(shared):
    rows = (shared / "facts" / "vqathinker_state_dict.tsv").read_text().splitlines()
    expected = {}
    for row in rows[1:]:
        name, shape, dtype = row.split("\t")
        expected[name] = (json.loads(shape), dtype == "I64")
    ours = {n: (list(t.shape), t.dtype == torch.int64) for n, t in model_8b().state_dict().items()}
    assert len(expected) == 1351
    assert ours == expected


def test_parameter_counts():
    model = model_8b()
    counts = {n: sum(p.numel() for p in part.parameters()) for n, part in model.named_children()}
    assert counts == PARAMETERS
    assert sum(counts.values()) == 7_999_132_616


def test_buffers_are_batch_statistics_only():
    buffers = dict(model_8b().named_buffers())
    assert {name.rsplit(".", 1)[1] for name in buffers} == {
        "running_mean",
        "running_var",
        "num_batches_tracked",
    }
    assert sum(b.numel() for b in buffers.values()) == 60_798
