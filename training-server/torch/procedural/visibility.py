"""Fit of measured distances to severities: `python -m procedural.visibility --scenes 40`.

Every measured distortion acts alone, at evenly spread severities, on scenes of the training split that are in
no training clip; the distances at the quantiles go to `core/training/distortions.json`. Half of the standard
deviation between the scores by parameter and by distance is the label noise.
"""

from __future__ import annotations

import argparse
import json
import os
import re
from pathlib import Path

import numpy as np
import torch

from procedural import labels as table
from procedural.clips import draw_group, pair_times, version_draws
from procedural.labels import DISTORTIONS, IDS, TABLE
from procedural.sources import ROOT, Sources
from procedural.version import Version, draw_version

FIRST = 40_000_000
"""Seeds of scenes for the fit alone."""

MEASURED = (
    "blur", "noise", "compression", "lowres", "colour", "banding", "ringing", "interlacing", "corruption",
)  # fmt: skip
KNOTS = 10


def sample(sources: Sources, scenes: int) -> dict[str, np.ndarray]:
    """[n, 2] severity and distance of each distortion."""
    table.KNOTS.update({name: np.linspace(0.1, 1, KNOTS) for name in MEASURED if name not in table.KNOTS})
    table.VISIBILITY["threshold"] = 0.0
    rows: dict[str, list] = {name: [] for name in MEASURED}
    for g in range(scenes):
        scene, _, _ = draw_group(FIRST + g, sources)
        scene.lasting = {}
        for i, name in enumerate(MEASURED):
            severity = ((g * 0.618034 + i * 0.37) % 1) * 0.97 + 0.03
            sampled = pair_times(scene.length)[:: 2 if name == "corruption" else 4]
            version, draws = Version([(name, severity, 0)]), version_draws(FIRST + g, i)
            _, labels = draw_version(scene, version, None, draws, sampled)
            at = IDS.index(name)
            rows[name].append((severity, np.nan_to_num(labels.distance[at])))
    return {name: np.array(values) for name, values in rows.items()}


def knots(pairs: np.ndarray) -> list[float]:
    """Distances at the severities 0.1, 0.2 … 1, increasing."""
    at = np.quantile(pairs[:, 1], np.linspace(0, 1, KNOTS + 1)[1:] * 0.99)
    return [round(float(x), 4) for x in np.maximum.accumulate(at + 1e-4 * np.arange(KNOTS))]


def noise_of_labels(samples: dict[str, np.ndarray], fitted: dict[str, list[float]]) -> float:
    """Half of the standard deviation between the scores by parameter and by distance."""
    gaps = []
    for name, pairs in samples.items():
        by_distance = np.interp(pairs[:, 1], [0, *fitted[name]], np.linspace(0, 1, KNOTS + 1))
        weight, power = DISTORTIONS[name]["weight"], TABLE["exponent"]
        gaps.append(4 * weight * (pairs[:, 0] ** power - by_distance**power))
    return float(np.concatenate(gaps).std() / 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=40)
    options = parser.parse_args()
    torch.set_num_threads(1)
    folder = Path(os.environ.get("VQA_CACHE", ROOT / ".cache" / "small"))
    samples = sample(Sources("train", folder, 160), options.scenes)
    fitted = {name: knots(pairs) for name, pairs in samples.items()}
    for name, pairs in samples.items():
        print(f"{name:12} corr {np.corrcoef(pairs.T)[0, 1]:.3f}  knots {fitted[name]}")
    noise = noise_of_labels(samples, fitted)
    print(f"label noise {noise:.3f}")
    path = ROOT / "core" / "training" / "distortions.json"
    text = path.read_text("utf-8")
    lines = ",\n".join(f"      {json.dumps(name)}: {json.dumps(values)}" for name, values in fitted.items())
    text = re.sub(r'"knots": \{.*?\n    \}', lambda _: f'"knots": {{\n{lines}\n    }}', text, flags=re.S)
    text = re.sub(r'"labelNoise": [\d.]+', f'"labelNoise": {noise:.2f}', text)
    json.loads(text)
    path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
