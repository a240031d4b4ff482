"""Fixtures of the model's tests. Recorded tensors lie under VQA_SHARED (default: beside the repository)."""

import os
from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def shared() -> Path:
    folder = Path(os.environ.get("VQA_SHARED", Path(__file__).parents[4] / "shared"))
    if not folder.is_dir():
        pytest.skip(f"the reference data is not at {folder} (VQA_SHARED)")
    return folder


@pytest.fixture(scope="session")
def tiny(shared: Path) -> Path:
    """The official code's small checkpoint with its recorded tensors."""
    return shared / "golden" / "tiny"
