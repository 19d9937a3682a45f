"""A circuit as the flat table of primitives that the kernels compile.

One row per primitive: kind, mask of controls, first, second, slot of its angle, offset of its
constant data. What the columns mean for each kind is written in `_native/src/program.hpp`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from circuits.circuit import Circuit
from circuits.errors import UnsupportedOperationError
from circuits.gates.table import TABLE
from circuits.ops import Op
from circuits.simulators.program import pauli_label

RX, RY, RZ, PHASE, CONSTANT, FLIP, SWAP, SIGN, PAULI, DENSE = range(10)
NO_SLOT = NO_DATA = -1
LARGEST_DENSE = 10

_SKIPPED = ("barrier", "delay", "id", "global_phase", "state_preparation")
_ROTATIONS = {"rx": RX, "ry": RY, "rz": RZ, "p": PHASE, "u1": PHASE}

Row = tuple[int, int, int, int, int, int]


@dataclass(slots=True)
class PrimitiveTable:
    """Primitives and the constants they point to, while a circuit is being translated."""

    rows: list[Row] = field(default_factory=list)
    data: list[float] = field(default_factory=list)

    def constant(self, matrix: np.ndarray) -> int:
        """Store a complex array row by row; returns its offset."""
        offset = len(self.data)
        self.data.extend(np.ascontiguousarray(matrix).astype(complex).view(float).ravel().tolist())
        return offset

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows `(n, 6)` as int64 and data as float64."""
        rows = np.array(self.rows, dtype=np.int64).reshape(-1, 6)
        return rows, np.array(self.data, dtype=np.float64)


def primitives(circuit: Circuit, slots: list[int]) -> PrimitiveTable:
    """Translate a circuit; state preparations are left to the caller.

    Args:
        circuit: The circuit.
        slots: For each angle of the circuit its slot in the engine's tables.

    Raises:
        UnsupportedOperationError: If the kernels have no primitive for an op, naming it.
    """
    table = PrimitiveTable()
    first = 0
    for op in circuit.ops:
        mine = slots[first : first + len(op.angles)]
        first += len(op.angles)
        if op.name not in _SKIPPED:
            _translate(op, mine, table)
    return table


def input_columns(circuit: Circuit) -> np.ndarray | None:
    """Where a circuit starts from inputs as amplitudes, their columns.

    Returns:
        int32 `(2**n_qubits,)`: for each basis state the column of the inputs that is its amplitude
        (to be normalised), -1 for an amplitude of zero; `None` if the circuit has no state
        preparation, several of them, or one whose amplitudes are more than bare inputs.
    """
    found = [op for op in circuit.ops if op.kind == "state_preparation"]
    if len(found) != 1 or found[0].data is not None:
        return None
    offsets, total = {}, 0
    for group in circuit.input_groups:
        offsets[group.name] = total
        total += group.size
    columns = np.full(2**circuit.n_qubits, -1, dtype=np.int32)
    for number, angle in enumerate(found[0].angles):
        if angle.constant != 0 or len(angle.terms) > 1:
            return None
        for coefficient, symbols in angle.terms:
            if coefficient != 1 or len(symbols) != 1 or symbols[0].group.kind != "input":
                return None
            state = sum((number >> k & 1) << q for k, q in enumerate(found[0].qubits))
            columns[state] = offsets[symbols[0].group.name] + symbols[0].index
    return columns


def _translate(op: Op, slots: list[int], table: PrimitiveTable) -> None:
    root = _root(op)
    controls = _mask(op.qubits[: op.n_controls])
    targets = op.qubits[op.n_controls :]
    if root in _ROTATIONS:
        table.rows.append((_ROTATIONS[root], controls, targets[0], 0, slots[0], NO_DATA))
    elif root in _EULER:
        _EULER[root](op, controls, targets[0], slots, table)
    elif root == "global_phase":
        _phase_factor(op, controls, slots, table)
    elif root == "x" and controls:
        table.rows.append((FLIP, controls, targets[0], 0, NO_SLOT, NO_DATA))
    elif root == "swap":
        table.rows.append((SWAP, controls, targets[0], targets[1], NO_SLOT, NO_DATA))
    elif pauli_label(op):
        _pauli(op, controls, slots, table)
    else:
        _constant(op, controls, targets, table)


def _root(op: Op) -> str:
    """Name of the gate that the controls control."""
    gate = op.gate
    while gate.base in TABLE:
        gate = TABLE[gate.base]
    return gate.base or gate.name


def _mask(qubits: tuple[int, ...]) -> int:
    return sum(1 << q for q in qubits)


def _u(op: Op, controls: int, target: int, slots: list[int], table: PrimitiveTable) -> None:
    """P(phi) RY(theta) P(lam), the rightmost first."""
    theta, phi, lam = slots[:3]
    for kind, slot in ((PHASE, lam), (RY, theta), (PHASE, phi)):
        table.rows.append((kind, controls, target, 0, slot, NO_DATA))


def _u_with_phase(
    op: Op, controls: int, target: int, slots: list[int], table: PrimitiveTable
) -> None:
    """A controlled phase factor is a phase gate on a control."""
    _u(op, controls, target, slots, table)
    control = op.qubits[0]
    table.rows.append((PHASE, controls & ~(1 << control), control, 0, slots[3], NO_DATA))


def _u2(op: Op, controls: int, target: int, slots: list[int], table: PrimitiveTable) -> None:
    phi, lam = slots
    half = np.array([[1, -1], [1, 1]]) / np.sqrt(2)
    table.rows.append((PHASE, controls, target, 0, lam, NO_DATA))
    table.rows.append((CONSTANT, controls, target, 0, NO_SLOT, table.constant(half)))
    table.rows.append((PHASE, controls, target, 0, phi, NO_DATA))


def _phase_factor(op: Op, controls: int, slots: list[int], table: PrimitiveTable) -> None:
    """A global phase where all controls are 1: a phase gate on one of them."""
    first = op.qubits[0]
    table.rows.append((PHASE, controls & ~(1 << first), first, 0, slots[0], NO_DATA))


_EULER: dict[str, Callable[[Op, int, int, list[int], PrimitiveTable], None]] = {
    "u": _u,
    "u3": _u,
    "u2": _u2,
    "u_with_phase": _u_with_phase,
}


def _pauli(op: Op, controls: int, slots: list[int], table: PrimitiveTable) -> None:
    pairs = list(zip(op.qubits[op.n_controls :], pauli_label(op), strict=True))
    x_mask = sum(1 << q for q, letter in pairs if letter in "XY")
    z_mask = sum(1 << q for q, letter in pairs if letter in "YZ")
    table.rows.append((PAULI, controls, x_mask, z_mask, slots[0], NO_DATA))


def _constant(op: Op, controls: int, targets: tuple[int, ...], table: PrimitiveTable) -> None:
    if op.angles:
        raise UnsupportedOperationError(f"The native engine has no primitive for `{op.name}`.")
    matrix = op.block(torch.zeros(0, dtype=torch.float64)).numpy()
    if matrix.shape == (2, 2):
        phase_only = matrix[0, 0] == 1 and matrix[0, 1] == 0 and matrix[1, 0] == 0
        if controls and phase_only:
            mask = controls | 1 << targets[0]
            table.rows.append((SIGN, mask, 0, 0, NO_SLOT, table.constant(matrix[1:, 1:])))
        else:
            offset = table.constant(matrix)
            table.rows.append((CONSTANT, controls, targets[0], 0, NO_SLOT, offset))
        return
    if len(targets) > LARGEST_DENSE:
        raise UnsupportedOperationError(
            f"The native engine takes matrices on at most {LARGEST_DENSE} qubits, `{op.name}` acts "
            f"on {len(targets)}."
        )
    packed = sum(q << 6 * k for k, q in enumerate(targets))
    table.rows.append((DENSE, controls, packed, len(targets), NO_SLOT, table.constant(matrix)))
