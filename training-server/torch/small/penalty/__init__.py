"""Penalty d(x) of the score: distorted copies of real clips, their targets, and the fit."""
