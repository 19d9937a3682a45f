"""Clifford data regression."""

from __future__ import annotations

from noise.mitigation.cdr.method import CDR
from noise.mitigation.cdr.regression import Fit, fit

__all__ = ["CDR", "Fit", "fit"]
