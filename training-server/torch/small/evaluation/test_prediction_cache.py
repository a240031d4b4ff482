"""Oracle: judges that write what they saw, and count how often they look."""

from dataclasses import dataclass
from pathlib import Path

import torch

from small.evaluation import panel as panel_module
from small.evaluation.panel import Panel
from small.judge import Seen

LOOKS: list[str] = []


@dataclass(frozen=True)
class Numbers:
    fingerprint: str = "a"
    name: str = "numbers"

    def pixels(self, name):
        LOOKS.append(name)
        return torch.tensor([float(name.split("/")[1])])


@dataclass(frozen=True)
class Writes:
    key: str
    eyes: str = "eyes"

    def load(self):
        return self

    def see(self, pixels):
        return Seen(frames=pixels, motion=pixels)

    def write(self, seen):
        return [f"{self.key} {float(s.motion):g}" for s in seen]


def names(count):
    return [f"clip/{k}" for k in range(count)]


def asked(folder: Path, judges, count, clips=Numbers(), **options):
    LOOKS.clear()
    with Panel(folder, workers=1, log=lambda _: None, **options) as panel:
        return panel.texts(judges, clips, names(count))


def test_stopped_judging_goes_on_where_it_stopped(tmp_path):
    first, other = Writes("a"), Writes("b")
    assert asked(tmp_path, [first], 40) == [[f"a {k}" for k in range(40)]]
    assert len(LOOKS) == 40
    assert asked(tmp_path, [first, other], 70) == [[f"{key} {k}" for k in range(70)] for key in "ab"]
    assert len(LOOKS) == 30  # the new clips, once for both; what was seen is kept
    asked(tmp_path, [first], 70)
    assert not LOOKS


def test_other_eyes_look_for_themselves(tmp_path):
    asked(tmp_path, [Writes("a"), Writes("b", eyes="other")], 40)
    assert len(LOOKS) == 80


def test_other_pixels_are_other_clips(tmp_path):
    asked(tmp_path, [Writes("a")], 8)
    asked(tmp_path, [Writes("a")], 8, clips=Numbers(fingerprint="b"))
    assert len(LOOKS) == 8


def test_sight_of_old_encoders_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(panel_module, "KEPT_EYES", 2)
    for eyes in "abc":
        asked(tmp_path, [Writes(eyes, eyes=eyes)], 4)
    assert sorted(f.name for f in (tmp_path / "seen").iterdir()) == ["b", "c"]


def test_a_torn_last_line_is_judged_again(tmp_path):
    asked(tmp_path, [Writes("a")], 8)
    (file,) = (tmp_path / "texts").iterdir()
    file.write_text(file.read_text()[:-9])
    assert asked(tmp_path, [Writes("a")], 8) == [[f"a {k}" for k in range(8)]]
    asked(tmp_path, [Writes("a")], 8)
    assert not LOOKS


def test_several_processes_give_the_same_in_the_same_order(tmp_path):
    with Panel(tmp_path, workers=2, log=lambda _: None) as panel:
        found = panel.texts([Writes("a"), Writes("b")], Numbers(), names(100))
    assert found == [[f"{key} {k}" for k in range(100)] for key in "ab"]
