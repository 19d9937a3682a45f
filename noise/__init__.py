"""Noise channels, noise models and error mitigation."""

from __future__ import annotations

from noise.mitigation import ZNE, Cost, Mitigation

__ketwork__ = True

__all__ = ["ZNE", "Cost", "Mitigation"]
