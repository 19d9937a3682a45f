"""Transformers with doubly stochastic attention by variational circuits."""

from __future__ import annotations

from qml.models.qdsformer.ansatz import ANSAETZE
from qml.models.qdsformer.attention import DoublyStochasticAttention
from qml.models.qdsformer.circuit import DoublyStochasticCircuit
from qml.models.qdsformer.model import QDSFormer

__all__ = ["ANSAETZE", "DoublyStochasticAttention", "DoublyStochasticCircuit", "QDSFormer"]
