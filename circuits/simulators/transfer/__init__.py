"""The Pauli-transfer simulator: real vectors of 4**n entries, channels fused into gates."""

from __future__ import annotations

from circuits.simulators.transfer.engine import TransferEngine
from circuits.simulators.transfer.measurement import (
    EntryMeasurement,
    TransferExpectations,
    TransferProbabilities,
    WholeVector,
)

__all__ = [
    "EntryMeasurement",
    "TransferEngine",
    "TransferExpectations",
    "TransferProbabilities",
    "WholeVector",
]
