"""Noise channels, noise models, noisy simulation and error mitigation."""

from __future__ import annotations

from ketwork import require_ours

require_ours("circuits")

from noise import channels, mitigation, representations
from noise.channels import (
    AmplitudeDamping,
    BitFlip,
    BitPhaseFlip,
    Depolarizing,
    Kraus,
    OverRotation,
    PauliChannel,
    PauliLindblad,
    PauliTransferMatrix,
    PhaseDamping,
    PhaseFlip,
    ThermalRelaxation,
)
from noise.mitigation import (
    CDR,
    PEC,
    TREX,
    ZNE,
    DynamicalDecoupling,
    Mitigation,
    PauliTwirling,
    QCluster,
    ReadoutCalibration,
    ReadoutInverse,
)
from noise.model import NoiseModel, fit
from noise.pauli_transfer import PauliTransfer
from noise.propagation import PauliPropagation
from noise.trajectories import Trajectories

__ketwork__ = True

__all__ = [
    "CDR",
    "PEC",
    "TREX",
    "ZNE",
    "AmplitudeDamping",
    "BitFlip",
    "BitPhaseFlip",
    "Depolarizing",
    "DynamicalDecoupling",
    "Kraus",
    "Mitigation",
    "NoiseModel",
    "OverRotation",
    "PauliChannel",
    "PauliLindblad",
    "PauliPropagation",
    "PauliTransfer",
    "PauliTransferMatrix",
    "PauliTwirling",
    "PhaseDamping",
    "PhaseFlip",
    "QCluster",
    "ReadoutCalibration",
    "ReadoutInverse",
    "ThermalRelaxation",
    "Trajectories",
    "channels",
    "fit",
    "mitigation",
    "representations",
]
