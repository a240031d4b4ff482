"""The shipped model card. Oracle: the metrics of its package's manifest."""

import hashlib
import json
from pathlib import Path

import pytest

from small.card import model_card
from small.evaluation.about import card_metrics
from small.evaluation.gates import metric_table
from small.evaluation.metric import Metric
from small.human.package import COMMAND, with_section

PACKAGE = Path(__file__).parents[4] / "public" / "models" / "small"
PARAMETERS = 4_800_000
"""As the card rounds them."""


@pytest.mark.skipif(not (PACKAGE / "manifest.json").exists(), reason="no bundled package")
def test_the_shipped_card_is_that_of_the_manifests_metrics():
    manifest = json.loads((PACKAGE / "manifest.json").read_text("utf-8"))
    metrics = [Metric(**row) for row in manifest["metrics"]]
    card = (PACKAGE / "README.md").read_bytes()
    of_head = [row for row in manifest["metrics"] if row["command"] == COMMAND]
    expected = model_card(metric_table(card_metrics(metrics)), PARAMETERS)
    assert card.decode() == with_section(expected, manifest["humanHead"], of_head)
    (file,) = (f for f in manifest["files"] if f["path"] == "README.md")
    assert (file["bytes"], file["sha256"]) == (len(card), hashlib.sha256(card).hexdigest())
