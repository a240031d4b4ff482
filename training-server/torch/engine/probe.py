"""Facts for the server without an engine: the machine, metadata of videos, and thumbnails of frames.

    python -m engine.probe machine   a line of JSON: {device, torch, gpus, memoryBytes}, or {missing: why}
    python -m engine.probe videos    requests as lines of JSON on stdin, a reply line for each, in order

Requests: `{"probe": [path, …]}` → `[{frames, width, height, fps, error?}, …]`, and
`{"path": path, "frames": [index, …], "width": pixels}` → `[[index, JPEG in base64], …]` or `{error}`. The
frames are those that the engine would take for these indices. Only `machine` imports torch.
"""

from __future__ import annotations

import base64
import io
import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.video.pixels import DecodedFrame

Json = dict[str, Any]

QUALITY = 82
WIDEST = 1024


def machine() -> Json:
    """torch and the memory of the smallest GPU; `missing` is the reason why torch cannot be imported."""
    try:
        import torch
    except Exception as error:  # a broken installation fails in many ways; the reason is reported as it is
        return {"missing": f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"}
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    memory = min((torch.cuda.get_device_properties(i).total_memory for i in range(gpus)), default=None)
    device = torch.cuda.get_device_name(0) if gpus else "cpu"
    return {"device": device, "torch": str(torch.__version__), "gpus": gpus, "memoryBytes": memory}


def probe(path: str) -> Json:
    from engine.video.footage import Footage, VideoError

    try:
        facts = Footage(path).facts()
    except VideoError as error:
        return {"frames": 0, "width": 0, "height": 0, "fps": 0.0, "error": str(error)}
    return {"frames": facts.frames, "width": facts.width, "height": facts.height, "fps": facts.fps}


def thumbnails(path: str, indices: list[int], width: int) -> list[Any] | Json:
    """The frames `width` pixels wide at most, aspect kept, as JPEG."""
    from PIL import Image

    from engine.video.footage import Footage, VideoError

    thumbnails_by_index: dict[int, str] = {}

    def encode(index: int, frame: DecodedFrame) -> None:
        image = Image.fromarray(frame.rgb)
        image.thumbnail((min(width, WIDEST), WIDEST), Image.Resampling.BICUBIC, reducing_gap=2)
        out = io.BytesIO()
        image.save(out, "jpeg", quality=QUALITY)
        thumbnails_by_index[index] = base64.b64encode(out.getvalue()).decode()

    try:
        footage = Footage(path)
        footage.read({i for i in indices if 0 <= i < len(footage)}, encode)
    except VideoError as error:
        return {"error": str(error)}
    return sorted(thumbnails_by_index.items())


def reply_to(request: Json) -> list[Any] | Json:
    if "probe" in request:
        return [probe(path) for path in request["probe"]]
    return thumbnails(request["path"], request["frames"], request["width"])


def main(arguments: list[str]) -> None:
    if arguments == ["machine"]:
        print(json.dumps(machine()))
        return
    if arguments != ["videos"]:
        sys.exit(__doc__)
    for line in sys.stdin:
        try:
            reply = reply_to(json.loads(line))
        except Exception as error:  # one broken file must not end the process
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
