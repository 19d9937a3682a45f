"""Quantum Kolmogorov-Arnold networks: trainable one-qubit circuits as activation functions."""

from __future__ import annotations

from qml.models.qkan.ansatz import ANSAETZE, Ansatz
from qml.models.qkan.hybrid import HQKAN
from qml.models.qkan.layer import QKANLayer
from qml.models.qkan.network import QKAN

__all__ = ["ANSAETZE", "HQKAN", "QKAN", "Ansatz", "QKANLayer"]
