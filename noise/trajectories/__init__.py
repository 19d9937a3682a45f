"""Quantum trajectories: noisy circuits as averages over random pure states."""

from __future__ import annotations

from noise.trajectories.backend import Trajectories

__all__ = ["Trajectories"]
