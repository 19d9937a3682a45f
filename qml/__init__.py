"""Quantum circuits as PyTorch layers, models made of them, and their training."""

from __future__ import annotations

from ketwork import require_ours

require_ours("circuits")

from circuits import Probabilities
from qml.layer import QuantumLayer
from qml.models import (
    HQKAN,
    MLP,
    QCNN,
    QKAN,
    DataReuploading,
    DoublyStochasticAttention,
    GradualReplacement,
    HamiltonianEmbedding,
    HQNNParallel,
    HQNNQuanv,
    HybridClassifier,
    QDSFormer,
    QKANLayer,
    QuantumConv2d,
    QuantumLinear,
    Quanvolution,
    SpecialUnitary,
)

__ketwork__ = True

__all__ = [
    "HQKAN",
    "MLP",
    "QCNN",
    "QKAN",
    "DataReuploading",
    "DoublyStochasticAttention",
    "GradualReplacement",
    "HQNNParallel",
    "HQNNQuanv",
    "HamiltonianEmbedding",
    "HybridClassifier",
    "Probabilities",
    "QDSFormer",
    "QKANLayer",
    "QuantumConv2d",
    "QuantumLayer",
    "QuantumLinear",
    "Quanvolution",
    "SpecialUnitary",
]
