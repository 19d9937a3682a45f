"""One small instance of every model, for the tests that hold for all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from qml import HQKAN, MLP, QCNN, DataReuploading, HQNNParallel, HQNNQuanv, HybridClassifier

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
    "linear": lambda **k: MLP(5, 3, [], **k),
}

every_model = pytest.mark.parametrize("make", ALL.values(), ids=list(ALL))
every_quantum_model = pytest.mark.parametrize("make", QUANTUM.values(), ids=list(QUANTUM))
