"""Doubly stochastic matrices and their gradients on the compiled kernels."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import torch
from torch import Tensor

from circuits import _native
from qml.models.qdsformer.ansatz import Block, ansatz_named
from qml.models.qdsformer.layout import Layout
from qml.models.qdsformer.program import Program


def supports(program: Program, angles: Tensor) -> bool:
    """Whether the kernels were built, and take this circuit and these angles."""
    module: Any = _native.kernels()
    return (
        module is not None
        and hasattr(module, "most_stochastic_qubits")
        and program.layout.is_real
        and program.layout.n_qubits <= module.most_stochastic_qubits
        and angles.device.type == "cpu"
        and angles.dtype in (torch.float32, torch.float64)
    )


@functools.lru_cache(maxsize=64)
def _compiled(ansatz: str, layout: Layout, layers: int) -> Any:
    """The kernels' tables: qubits, and blocks as rows of their first qubit and four angles."""
    record = ansatz_named(ansatz)
    partners = np.full(layout.n_qubits, -1, dtype=np.int32)
    for first, second in layout.pairs:
        partners[first], partners[second] = second, first
    rows = [b for row in record.rows(layout.n_qubits, layers) for b in row]
    module: Any = _native.kernels()
    return module.make_stochastic(
        np.array(layout.data, dtype=np.int32),
        partners,
        record.axes[1] == "Y",
        record.n_angles(layout.n_qubits, layers),
        np.array([_row(layout, block) for block in rows], dtype=np.int32),
        np.array([(1, 1, b.factor, b.factor) for b in rows], dtype=np.float64),
    )


def _row(layout: Layout, block: Block) -> tuple[int, ...]:
    """First qubit and slots of a block; of the turns, that of an unpaired qubit first."""
    paired = {q for pair in layout.pairs for q in pair}
    turns = block.turns[::-1] if block.first in paired else block.turns
    return (block.first, *(-1 if slot is None else slot for slot in (*turns, *block.couplings)))


def values(program: Program, angles: Tensor) -> tuple[Tensor, Tensor]:
    """Matrices `(batch, T, T)`, and the circuits' matrices in the kernels' own order.

    Args:
        program: The circuit.
        angles: `(batch, n_angles)`.
    """
    module: Any = _native.kernels()
    double = angles.dtype == torch.float64
    lanes = (module.stochastic_lanes_double if double else module.stochastic_lanes_float)()
    batch, dim = angles.shape[0], program.dim
    matrices = angles.new_empty(-(-batch // lanes), dim, dim + 1, lanes)
    found = angles.new_empty(batch, program.tokens, program.tokens)
    _run(program, angles, None, matrices, found, None)
    return found, matrices


def gradients(program: Program, angles: Tensor, matrices: Tensor, gradient: Tensor) -> Tensor:
    """The gradient `(batch, n_angles)` of sum(gradient * values) by the angles.

    Args:
        program: The circuit.
        angles: `(batch, n_angles)`.
        matrices: What `values` returned for these angles.
        gradient: `(batch, T, T)`.
    """
    found = torch.empty_like(angles, memory_format=torch.contiguous_format)
    _run(program, angles, gradient, matrices, None, found)
    return found


def _run(
    program: Program,
    angles: Tensor,
    gradient: Tensor | None,
    matrices: Tensor,
    found: Tensor | None,
    by_angles: Tensor | None,
) -> None:
    if not angles.shape[0]:
        return
    module: Any = _native.kernels()
    double = angles.dtype == torch.float64
    buffers = [
        None if t is None else t.contiguous()
        for t in (angles, gradient, matrices, found, by_angles)
    ]
    (module.run_stochastic_double if double else module.run_stochastic_float)(
        _compiled(program.ansatz, program.layout, program.layers),
        angles.shape[0],
        *(0 if t is None else t.data_ptr() for t in buffers),
        torch.get_num_threads(),
    )
