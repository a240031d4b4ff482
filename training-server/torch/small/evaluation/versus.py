"""Two judges on the same clips: what one gains over the other, with paired intervals."""

from __future__ import annotations

from small.evaluation.figure import Figure, figure
from small.evaluation.held_out import Judged, score_srcc


def srcc_gain(found: Judged, other: Judged, name: str, command: str) -> Figure:
    """SRCC of a judge minus that of another; both answered the same clips."""
    return figure(
        name, lambda rows: score_srcc(found.take(rows)) - score_srcc(other.take(rows)), found.group, command
    )
