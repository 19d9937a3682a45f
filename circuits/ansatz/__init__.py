"""Trainable circuit families; each function returns a `Circuit` with one group of weights.

>>> from circuits import ansatz
>>> ansatz.strongly_entangling(4, layers=2).parameters[0].shape
(2, 4, 3)
"""

from __future__ import annotations

from circuits.ansatz.brickwork import brickwork, brickwork_su4
from circuits.ansatz.entanglers import PATTERNS, entangler_pairs
from circuits.ansatz.hardware_efficient import efficient_su2, hardware_efficient, real_amplitudes
from circuits.ansatz.qcnn import QCNNAnsatz, Stage, qcnn, qcnn_stages
from circuits.ansatz.qcnn_blocks import BLOCKS, POOLING, Block, block_named
from circuits.ansatz.strongly_entangling import strongly_entangling

__all__ = [
    "BLOCKS",
    "PATTERNS",
    "POOLING",
    "Block",
    "QCNNAnsatz",
    "Stage",
    "block_named",
    "brickwork",
    "brickwork_su4",
    "efficient_su2",
    "entangler_pairs",
    "hardware_efficient",
    "qcnn",
    "qcnn_stages",
    "real_amplitudes",
    "strongly_entangling",
]
