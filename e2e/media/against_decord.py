"""Holds pictures against decord's, the decoder of the released code.

Reads a JSON list of {file, index, width, height, rgba} from the standard input (`rgba` is a path to raw RGBA bytes) and
prints one JSON list of {mean, max}: absolute differences of RGB in steps of 255. An entry is null where decord does not
open the file or does not give the frame.
"""

import json
import sys

import decord
import numpy as np


def difference(entry: dict) -> dict | None:
    try:
        reader = decord.VideoReader(entry["file"], num_threads=1)
        # Read on from the start: its seek lands on wrong frames where an edit list hides one.
        for _ in range(entry["index"]):
            reader.next()
        expected = reader.next().asnumpy().astype(np.int32)
    except Exception:  # decord raises its own error for each reason
        return None
    raw = np.fromfile(entry["rgba"], np.uint8).reshape(entry["height"], entry["width"], 4)
    error = np.abs(raw[..., :3].astype(np.int32) - expected)
    return {"mean": float(error.mean()), "max": int(error.max())}


if __name__ == "__main__":
    print(json.dumps([difference(entry) for entry in json.load(sys.stdin)]))
