"""Measurements of `npm run evaluate-small`, a file a part: metrics with intervals, and their gates."""
