"""Quantum channels as values; `channel.on(*qubits)` is an op for a circuit.

>>> from circuits import Circuit, DensityMatrix, gates as g
>>> from noise.channels import AmplitudeDamping, Depolarizing
>>> circuit = Circuit(1, [g.x(0), AmplitudeDamping(0.3).on(0), Depolarizing(0.5).on(0)])
>>> circuit.expectation("Z0", backend=DensityMatrix())
tensor([-0.2000], dtype=torch.float64)
"""

from __future__ import annotations

from noise.channels.channel import Channel
from noise.channels.coherent import OverRotation
from noise.channels.damping import AmplitudeDamping, PhaseDamping, ThermalRelaxation
from noise.channels.depolarizing import Depolarizing
from noise.channels.flips import BitFlip, BitPhaseFlip, PhaseFlip
from noise.channels.general import Kraus, PauliTransferMatrix
from noise.channels.pauli import PauliChannel, PauliLindblad

__all__ = [
    "AmplitudeDamping",
    "BitFlip",
    "BitPhaseFlip",
    "Channel",
    "Depolarizing",
    "Kraus",
    "OverRotation",
    "PauliChannel",
    "PauliLindblad",
    "PauliTransferMatrix",
    "PhaseDamping",
    "PhaseFlip",
    "ThermalRelaxation",
]
