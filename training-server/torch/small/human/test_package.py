"""The human head beside or inside a package."""

import json

from small.human.head import load_human_head
from small.human.package import CARD, FILE, PACKAGE, entry, trained_on, write_head

FACTS = {
    "datasets": [{"name": "A", "n": 1200, "how": "features"}],
    "test": {"n": 3, "halfWidth": 0.5},
}


def metric(name: str, value: float) -> dict[str, object]:
    return {"name": name, "value": value, "low": 0.1, "high": 0.9, "n": 3, "command": "x"}


def test_a_new_head_replaces_the_earlier_one(tmp_path):
    other = {"path": "a", "bytes": 1, "sha256": "x"}
    manifest = {"name": "x", "scale": {}, "files": [other], "metrics": [metric("b", 1.0)]}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / CARD).write_text("# Card\n\nText.\n")
    write_head(tmp_path, b"one", FACTS, [metric("SRCC, A, test clips", 0.5)])
    write_head(tmp_path, b"other", FACTS, [metric("SRCC, A, test clips", 0.75)])
    written = json.loads((tmp_path / "manifest.json").read_text())
    card = (tmp_path / CARD).read_bytes()
    assert list(written) == ["name", "scale", "humanHead", "files", "metrics"]
    assert written["files"] == [other, entry(FILE, b"other"), entry(CARD, card)]
    assert written["metrics"] == [metric("b", 1.0), metric("SRCC, A, test clips", 0.75)]
    text = card.decode()
    assert text.startswith("# Card\n\nText.\n\n## Estimate of people's score")
    assert text.count("## Estimate") == 1
    assert "1,200 videos (1200 of A)" in text.replace("\n", " ")
    assert "| SRCC, A, test clips | 0.750 | 0.100 to 0.900 | 3 |" in text


def test_the_bundled_package_reads_the_shipped_head_itself():
    manifest = json.loads((PACKAGE / "manifest.json").read_text("utf-8"))
    assert "humanHead" not in manifest and not (PACKAGE / FILE).exists()
    assert manifest["qualityFeatures"] == {"set": "videval47", "version": 1}
    _, about = load_human_head()
    assert manifest["scale"]["datasets"] == trained_on(about)
    assert sum(row["n"] for row in trained_on(about)) == about["clips"]
