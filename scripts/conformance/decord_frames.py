"""Frames of a clip as decord decodes them: the oracle of `preprocess.json`.

    python decord_frames.py FILE I,J,K

Standard output: one JSON line {packets, fps, width, height}, then the frames' RGB bytes one after another.
"""

import json
import sys

try:
    import decord
except ImportError:
    sys.exit("decord is not installed")

path, wanted = sys.argv[1], [int(i) for i in sys.argv[2].split(",")]
reader = decord.VideoReader(path, ctx=decord.cpu(0), num_threads=1)
frames = [reader[i].asnumpy() for i in wanted]
height, width = frames[0].shape[:2]
about = {"packets": len(reader), "fps": reader.get_avg_fps(), "width": width, "height": height}
sys.stdout.write(json.dumps(about) + "\n")
sys.stdout.flush()
for frame in frames:
    sys.stdout.buffer.write(frame.tobytes())
