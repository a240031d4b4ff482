"""The bundled package as a predictor. Oracle: noise in the pixels, and each clip decoded alone."""

from pathlib import Path

import pytest
import torch

from small.answers import read_answers

PACKAGE = Path(__file__).parents[3] / "public" / "models" / "small"


@pytest.mark.skipif(not (PACKAGE / "manifest.json").exists(), reason="no bundled package")
def test_the_package_names_noise_and_decodes_rows_independently():
    pytest.importorskip("onnxruntime")
    from small.predictor import Package

    torch.set_num_threads(1)
    torch.manual_seed(0)
    predictor = Package(PACKAGE, "q8").load()
    clips = [predictor.encode(strength * torch.randn(16, 3, 224, 224)) for strength in (0.3, 1.0)]
    texts = predictor.generate(clips)
    assert len(set(texts)) == 2
    assert texts == [predictor.generate([clip])[0] for clip in clips]
    for answer in read_answers(texts):
        # Without features the score is that of average features, less the penalty.
        assert answer.named[0] == "noise" and 1 <= answer.score < 3.4
