"""The Pauli-transfer simulator: real vectors of 4**n entries, channels fused into gates."""

from __future__ import annotations

from circuits.simulators.transfer.engine import TransferEngine
from circuits.simulators.transfer.flat import FlatCircuit, Flattener, run_flat
from circuits.simulators.transfer.measurement import (
    EntryMeasurement,
    TransferExpectations,
    TransferProbabilities,
    WholeVector,
)
from circuits.simulators.transfer.native import NativeTransfer, native_transfer_support

__all__ = [
    "EntryMeasurement",
    "FlatCircuit",
    "Flattener",
    "NativeTransfer",
    "TransferEngine",
    "TransferExpectations",
    "TransferProbabilities",
    "WholeVector",
    "native_transfer_support",
    "run_flat",
]
