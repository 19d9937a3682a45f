"""The gates of flat circuits: what a code means, and the check of arrays of gates."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from circuits.errors import InvalidArgumentError, QubitError, ShapeError, UnknownGateError
from circuits.gates.table import TABLE
from circuits.simulators.native.primitives import (
    CONSTANT,
    FLIP,
    NO_DATA,
    PAULI,
    PHASE,
    RX,
    RY,
    RZ,
    SIGN,
    SWAP,
)

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_KINDS = {
    **{"rx": RX, "ry": RY, "rz": RZ, "p": PHASE},
    **{"crx": RX, "cry": RY, "crz": RZ, "cp": PHASE},
    **dict.fromkeys(("rxx", "ryy", "rzz", "rzx"), PAULI),
    **{"cx": FLIP, "ccx": FLIP, "cz": SIGN, "ccz": SIGN, "swap": SWAP, "cswap": SWAP},
    **dict.fromkeys(("x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "sxdg"), CONSTANT),
    **dict.fromkeys(("cy", "ch", "cs", "csdg", "csx"), CONSTANT),
}

GATES: tuple[str, ...] = tuple(_KINDS)
"""The gates of a `FlatCircuit`; the code of a gate is its place here."""

CODES = {name: code for code, name in enumerate(GATES)}
MOST_QUBITS = 3


def _table() -> tuple[Integers, Floats]:
    rows: list[tuple[int, ...]] = []
    data: list[float] = []
    for name, kind in _KINDS.items():
        gate = TABLE[name]
        assert gate.block is not None
        assert gate.n_qubits is not None
        offset = NO_DATA
        if kind in (CONSTANT, SIGN):
            matrix = gate.block(torch.zeros(0, dtype=torch.float64)).numpy()
            offset = len(data)
            data += (matrix[1:, 1:] if kind == SIGN else matrix).ravel().view(float).tolist()
        label = name[1:].upper() if kind == PAULI else ""
        x, z = (
            sum(1 << k for k, p in enumerate(label) if p in letters) for letters in ("XY", "YZ")
        )
        rows.append((kind, gate.n_qubits, gate.n_controls, gate.n_angles, offset, x, z))
    return np.array(rows, dtype=np.int64), np.array(data)


COLUMNS, DATA = _table()
"""What `_native/src/flat.hpp` says of each code, and the numbers of the fixed gates."""

N_QUBITS, N_ANGLES = COLUMNS[:, 1].copy(), COLUMNS[:, 3].copy()


def check_gates(n_qubits: int, codes: Any, qubits: Any, angles: Floats) -> None:
    """Refuse arrays that are no gates.

    Args:
        n_qubits: Number of qubits of the circuit.
        codes: Should be integers `(m,)`, places in `GATES`.
        qubits: Should be integers `(m, k)`, at least as many as each gate has.
        angles: Should be a finite number for each gate with an angle.

    Raises:
        KetworkError: Naming the first of these that is not so.
    """
    if codes.ndim != 1 or qubits.ndim != 2 or len(qubits) != len(codes):
        raise ShapeError(
            f"Arguments `codes` and `qubits` must have shapes (m,) and (m, k), got "
            f"{codes.shape} and {qubits.shape}."
        )
    if codes.dtype.kind not in "iu" or ((codes < 0) | (codes >= len(GATES))).any():
        raise UnknownGateError(
            f"Argument `codes` must hold integers from 0 to {len(GATES) - 1}, got {codes}."
        )
    counts = N_QUBITS[codes]
    if qubits.dtype.kind not in "iu" or counts.max(initial=0) > qubits.shape[1]:
        raise QubitError(
            f"Argument `qubits` must hold {counts.max(initial=0)} integers per gate, got "
            f"{qubits.shape[1]} of type {qubits.dtype}."
        )
    for code, count, row in zip(codes, counts, qubits, strict=True):
        chosen = row[:count].tolist()
        if len({*chosen}) < count or min(chosen) < 0 or max(chosen) >= n_qubits:
            raise QubitError(
                f"`{GATES[code]}` needs {count} distinct qubit(s) from 0 to {n_qubits - 1}, got "
                f"{chosen}."
            )
    expected = int(N_ANGLES[codes].sum())
    if angles.shape != (expected,) or not np.isfinite(angles).all():
        raise InvalidArgumentError(
            f"Argument `angles` must hold {expected} finite number(s), one for each gate with an "
            f"angle, got {angles} (shape {angles.shape})."
        )
