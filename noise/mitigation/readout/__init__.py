"""Readout error, undone on distributions, on observables, and by twirling."""

from __future__ import annotations

from noise.mitigation.readout.calibration import ReadoutCalibration
from noise.mitigation.readout.inversion import (
    full_inverse,
    full_variances,
    sampling_overhead,
    tensored_inverse,
    tensored_variances,
)
from noise.mitigation.readout.method import ReadoutInverse
from noise.mitigation.readout.observables import corrected_observable
from noise.mitigation.readout.outcomes import Outcomes
from noise.mitigation.readout.projection import nearest_distribution
from noise.mitigation.readout.subspace import QuasiDistribution, SubspaceInverse
from noise.mitigation.readout.trex import TREX

__all__ = [
    "TREX",
    "Outcomes",
    "QuasiDistribution",
    "ReadoutCalibration",
    "ReadoutInverse",
    "SubspaceInverse",
    "corrected_observable",
    "full_inverse",
    "full_variances",
    "nearest_distribution",
    "sampling_overhead",
    "tensored_inverse",
    "tensored_variances",
]
