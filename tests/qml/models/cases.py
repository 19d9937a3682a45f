"""One small instance of every model, for the tests that hold for all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from qml import (
    HQKAN,
    MLP,
    QCNN,
    DataReuploading,
    GradualReplacement,
    HamiltonianEmbedding,
    HQNNParallel,
    HQNNQuanv,
    HybridClassifier,
    QDSFormer,
)

Make = Callable[..., Any]

QUANTUM: dict[str, Make] = {
    "reupload": lambda **k: DataReuploading(5, 3, n_qubits=2, layers=2, **k),
    "reupload-one-qubit": lambda **k: DataReuploading(3, 2, n_qubits=1, layers=3, **k),
    "reupload-options": lambda **k: DataReuploading(
        2, 2, n_qubits=4, layers=1, rotations="rx", entangler=[(0, 2), (1, 3)], **k
    ),
    "qcnn": lambda **k: QCNN(16, 2, **k),
    "qcnn-padded": lambda **k: QCNN(11, 2, block="U13", sharpness=4.0, **k),
    "qcnn-angle": lambda **k: QCNN(4, 2, block="SO4", encoding="angle", pooling=False, **k),
    "qcnn-dense-chain": lambda **k: QCNN(8, 2, block="U6", encoding="dense", chain=True, **k),
    "qcnn-three-classes": lambda **k: QCNN(16, 3, block="U15", **k),
    "hybrid": lambda **k: HybridClassifier(6, 4, n_qubits=3, layers=2, **k),
    "hqnn-parallel": lambda **k: HQNNParallel(
        36, 3, circuits=2, n_qubits=2, layers=2, norm="none", **k
    ),
    "hqnn-quanv": lambda **k: HQNNQuanv(16, 3, **k),
    "hqnn-quanv-overlapping": lambda **k: HQNNQuanv(9, 2, stride=1, layers=2, **k),
    "hqnn-quanv-colours": lambda **k: HQNNQuanv(12, 2, kernel_size=1, **k),
}
ALL: dict[str, Make] = {
    **QUANTUM,
    "mlp": lambda **k: MLP(5, 3, 7, **k),
    "hqkan": lambda **k: HQKAN(5, 3, **k),
    "hqkan-options": lambda **k: HQKAN(6, 4, multiplier=2, reps=2, ansatz="mix", group=3, **k),
    "mlp-deep": lambda **k: MLP(5, 3, [4, 6], activation="tanh", **k),
    "hqnn-parallel-classical": lambda **k: HQNNParallel(
        16, 2, circuits=1, n_qubits=3, norm="none", core="classical", **k
    ),
    "hqnn-quanv-identity": lambda **k: HQNNQuanv(9, 2, stride=1, core="identity", **k),
    "hamiltonian": lambda **k: HamiltonianEmbedding(11, 3, layers=2, **k),
    "hamiltonian-options": lambda **k: HamiltonianEmbedding(
        4, 5, layers=3, sharpness=5.0, deviation=0.4, **k
    ),
    "gradual": lambda **k: GradualReplacement(36, 2, layers=2, **k),
    "gradual-sharp": lambda **k: GradualReplacement(
        36, 2, layers=2, sharpness=8.0, deviation=0.2, **k
    ),
    "gradual-half-way": lambda **k: GradualReplacement(12, 2, level=1, **k),
    "gradual-hidden": lambda **k: GradualReplacement(16, 3, level=0, hidden=4, **k),
    "linear": lambda **k: MLP(5, 3, [], **k),
    "qdsformer": lambda **k: QDSFormer(
        7, 3, patches=3, width=6, circuit_layers=2, n_auxiliary=2, **k
    ),
    "qdsformer-options": lambda **k: QDSFormer(
        8, 2, patches=2, width=4, depth=2, mlp_factor=2, pooling="mean", method="sinkhorn", **k
    ),
}

every_model = pytest.mark.parametrize("make", ALL.values(), ids=list(ALL))
every_quantum_model = pytest.mark.parametrize("make", QUANTUM.values(), ids=list(QUANTUM))
