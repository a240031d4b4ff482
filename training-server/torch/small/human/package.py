"""The stage `human-package` of `npm run train-small`: puts the human head beside a model without it.

The bundled package of today reads the head itself (`small.checkpoint`); this is for a package whose score is
another, in `VQA_PACKAGE`. The head is a file of its own, which the page evaluates on the features of a video.
The manifest names the file, the data sets, the agreement with people, and the distance within which 95 % of
the test clips have their score.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from small.human.evaluation import across_sets, held_out_rows, on_test_clips
from small.human.head import SHIPPED, load_human_head, predicted
from small.human.scores import default_folder, load_human_scores

PACKAGE = Path(os.environ.get("VQA_PACKAGE", Path(__file__).parents[4] / "public" / "models" / "small"))
FILE = "human_head.safetensors"
COMMAND = "npm run evaluate-small -- --features FOLDER"
CARD = "README.md"
COVERED = 0.95

SECTION = """
## Estimate of people's score

Beside the model lies a second, separate part: `human_head.safetensors`, three networks of one hidden layer.
It estimates the mean opinion score of a video from 47 published closed-form features of it (VIDEVAL's light
variant) and reads nothing of the model; the model's text and score do not use it. It was trained on the
features and scores of $clips videos
($sets),
not on the videos themselves, and on distorted copies of eight real clips, whose fall is a convention. Of $n
test videos 95 % have their score within $half of the estimate.

| rank correlation with people's scores | value | 95 % interval | n |
|---|---|---|---|
$rows

The last rows are what to expect of footage from elsewhere. Transmission errors are not seen, and
noise in small or compressed footage can raise the estimate. Screen recordings, animation and footage of fewer
than 200 lines were hardly among the videos. A video of fewer than four frames has no estimate. `$command`
prints the table.
"""


def with_section(card: str, facts: dict[str, Any], metrics: list[dict[str, Any]]) -> str:
    """A model card with the section about the head as its last."""
    rows = [
        f"| {m['name']} | {m['value']:.3f} | {m['low']:.3f} to {m['high']:.3f} | {m['n']} |" for m in metrics
    ]
    section = Template(SECTION).substitute(
        clips=f"{sum(row['n'] for row in facts['datasets']):,}",
        sets=", ".join(f"{row['n']} of {row['name']}" for row in facts["datasets"]),
        n=facts["test"]["n"],
        half=f"{facts['test']['halfWidth']:.2f}",
        rows="\n".join(rows),
        command=COMMAND,
    )
    title = SECTION.strip().splitlines()[0]
    return card.split(f"\n{title}\n")[0].rstrip() + "\n" + section


def entry(path: str, content: bytes) -> dict[str, Any]:
    return {"path": path, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def with_head(
    manifest: dict[str, Any],
    files: dict[str, bytes],
    facts: dict[str, Any],
    metrics: list[dict[str, Any]],
) -> dict[str, Any]:
    """A manifest with the head's facts and metrics and new contents of files, in place of earlier ones."""
    names = {metric["name"] for metric in metrics}
    out: dict[str, Any] = {}
    for key, value in manifest.items():
        if key == "humanHead":
            continue
        out[key] = value
        if key == "scale":
            out["humanHead"] = {"path": FILE, "set": "videval47", "version": 1, **facts}
    new = {path: entry(path, content) for path, content in files.items()}
    stay = [new.pop(f["path"], f) for f in manifest["files"]]
    out["files"] = [*stay, *new.values()]
    out["metrics"] = [m for m in manifest["metrics"] if m["name"] not in names] + metrics
    return out


def trained_on(about: dict[str, Any]) -> list[dict[str, Any]]:
    """Data sets of a head's description, `816 clips of KoNViD-1k, ...`."""
    parts = re.findall(r"(\d+) clips of ([^,]+)", str(about["trainedOn"]))
    return [{"name": name, "n": int(n), "how": "features"} for n, name in parts]


def stage_human_package() -> None:
    """Raises FileNotFoundError without the tables with human scores (VQA_SHARED), ValueError for a package
    that reads the features itself."""
    if "qualityFeatures" in json.loads((PACKAGE / "manifest.json").read_text("utf-8")):
        raise ValueError(f"{PACKAGE} estimates people's score itself: set VQA_PACKAGE to another")
    head, about = load_human_head()
    sets = load_human_scores(default_folder())
    tests = [held_out_rows(clips) for clips in sets]
    distance = np.abs(np.concatenate([predicted(head, t) - t.score for t in tests]))
    half = float(np.quantile(distance, COVERED))
    measured = on_test_clips(head, sets, COMMAND) + across_sets(sets, COMMAND)
    metrics = [m.as_json() for m in measured if m.name.startswith("SRCC")]
    facts = {
        "datasets": trained_on(about),
        "test": {"n": len(distance), "halfWidth": round(half, 3)},
    }
    write_head(PACKAGE, SHIPPED.read_bytes(), facts, metrics)
    print(f"{PACKAGE / FILE}: 95 % of {len(distance)} test clips within {half:.3f}")


def write_head(package: Path, head: bytes, facts: dict[str, Any], metrics: list[dict[str, Any]]) -> None:
    """Writes the head's file, and the manifest and the card that name it."""
    path = package / "manifest.json"
    card = with_section((package / CARD).read_text("utf-8"), facts, metrics).encode()
    files = {FILE: head, CARD: card}
    manifest = with_head(json.loads(path.read_text("utf-8")), files, facts, metrics)
    for name, content in files.items():
        (package / name).write_bytes(content)
    path.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", "utf-8")
