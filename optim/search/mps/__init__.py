"""Warm starts: the best matrix product state of small bond dimension, as a circuit."""

from __future__ import annotations

from optim.search.mps.start import WarmStart, mps_start, with_start

__all__ = ["WarmStart", "mps_start", "with_start"]
