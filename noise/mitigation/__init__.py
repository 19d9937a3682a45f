"""Error mitigation: backends that wrap a backend."""

from __future__ import annotations

from noise.mitigation.base import Cost, Mitigation
from noise.mitigation.cdr import CDR
from noise.mitigation.decoupling import DynamicalDecoupling
from noise.mitigation.pec import PEC
from noise.mitigation.qcluster import QCluster
from noise.mitigation.readout import TREX, ReadoutCalibration, ReadoutInverse
from noise.mitigation.twirling import PauliTwirling
from noise.mitigation.zne import ZNE

__all__ = [
    "CDR",
    "PEC",
    "TREX",
    "ZNE",
    "Cost",
    "DynamicalDecoupling",
    "Mitigation",
    "PauliTwirling",
    "QCluster",
    "ReadoutCalibration",
    "ReadoutInverse",
]
