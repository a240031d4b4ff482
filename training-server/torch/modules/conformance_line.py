"""What a conformance run prints for each comparison."""

from dataclasses import dataclass


@dataclass(kw_only=True)
class Line:
    """One comparison."""

    stage: str
    """File that the figures were recorded in."""

    name: str
    """Tensor or quantity, or why nothing could be compared."""

    cases: int
    """Numbers compared."""

    error: float | None
    """Largest error, relative or absolute as the limit is; None where nothing could be compared."""

    limit: float
    """What the error may be."""

    ok: bool
    """Whether it is."""
