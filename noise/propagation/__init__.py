"""Pauli propagation: expectation values of many qubits from sparse sums of Pauli strings."""

from __future__ import annotations

from noise.propagation.backend import PauliPropagation

__all__ = ["PauliPropagation"]
