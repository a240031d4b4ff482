"""The shipped model card. Oracle: the metrics of its package's manifest."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from small.card import model_card
from small.evaluation.about import card_metrics, human_scale
from small.evaluation.gates import metric_table
from small.evaluation.metric import Metric
from small.human.head import load_human_head
from small.human.scores import HumanScores

PACKAGE = Path(__file__).parents[4] / "public" / "models" / "small"
PARAMETERS = 4_800_000
"""As the card rounds them."""


@pytest.mark.skipif(not (PACKAGE / "manifest.json").exists(), reason="no bundled package")
def test_the_shipped_card_is_that_of_the_manifests_metrics():
    manifest = json.loads((PACKAGE / "manifest.json").read_text("utf-8"))
    metrics = [Metric(**row) for row in manifest["metrics"]]
    card = (PACKAGE / "README.md").read_bytes()
    assert card.decode() == model_card(metric_table(card_metrics(metrics)), PARAMETERS)
    (file,) = (f for f in manifest["files"] if f["path"] == "README.md")
    assert (file["bytes"], file["sha256"]) == (len(card), hashlib.sha256(card).hexdigest())


def test_a_human_scale_names_the_sets_and_the_spread_of_their_scores():
    score = np.linspace(1.5, 4.5, 7)
    clips = HumanScores("A", np.zeros((7, 47)), score, np.array(["test"] * 7))
    _, facts = load_human_head()
    scale = human_scale([clips, clips], facts)
    assert scale["kind"] == "human" and scale["opinions"]["n"] == 14
    quantiles = scale["opinions"]["quantiles"]
    assert len(quantiles) == 101 and quantiles[0] == 1.5 and quantiles[50] == 3 and quantiles[-1] == 4.5
    assert sum(row["n"] for row in scale["datasets"]) == facts["clips"]
