"""Models: classifiers made of quantum layers, and the classical one to compare them with.

>>> from qml.models import MODELS, build_model, spec_of
>>> model = MODELS["qcnn"].build(256, 2, block="U9")
>>> build_model(spec_of(model)).n_parameters
12
"""

from __future__ import annotations

from qml.models.base import AbstractModel, AbstractQuantumModel
from qml.models.gradual import GradualReplacement
from qml.models.hamiltonian_embedding import HamiltonianEmbedding
from qml.models.hqnn_parallel import HQNNParallel
from qml.models.hqnn_quanv import HQNNQuanv
from qml.models.hybrid import HybridClassifier
from qml.models.mlp import MLP
from qml.models.qcnn import QCNN
from qml.models.qdsformer import (
    DoublyStochasticAttention,
    DoublyStochasticCircuit,
    QDSFormer,
)
from qml.models.qkan import HQKAN, QKAN, QKANLayer
from qml.models.quantum_conv import QuantumConv2d
from qml.models.quantum_linear import QuantumLinear
from qml.models.quanvolution import Quanvolution
from qml.models.registry import MODELS, ModelRecord, model_named
from qml.models.reuploading import DataReuploading, reuploading_circuit
from qml.models.spec import build_model, spec_of
from qml.models.special_unitary import SpecialUnitary

__all__ = [
    "HQKAN",
    "MLP",
    "MODELS",
    "QCNN",
    "QKAN",
    "AbstractModel",
    "AbstractQuantumModel",
    "DataReuploading",
    "DoublyStochasticAttention",
    "DoublyStochasticCircuit",
    "GradualReplacement",
    "HQNNParallel",
    "HQNNQuanv",
    "HamiltonianEmbedding",
    "HybridClassifier",
    "ModelRecord",
    "QDSFormer",
    "QKANLayer",
    "QuantumConv2d",
    "QuantumLinear",
    "Quanvolution",
    "SpecialUnitary",
    "build_model",
    "model_named",
    "reuploading_circuit",
    "spec_of",
]
