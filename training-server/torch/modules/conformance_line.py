"""The printed line of each comparison of a conformance run."""

import json
import math
from dataclasses import asdict, dataclass


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
    """Largest error, relative or absolute as the limit is; None where nothing could be compared. NaN and
    infinity (never ok) are null in JSON, which has no word for them."""

    limit: float
    """Largest error allowed."""

    ok: bool
    """True if the error is within the limit."""

    def json(self) -> str:
        """The line as one JSON object."""
        error = self.error if self.error is not None and math.isfinite(self.error) else None
        return json.dumps({**asdict(self), "error": error})
