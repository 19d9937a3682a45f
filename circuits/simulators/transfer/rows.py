"""A noisy circuit as the flat table of rows that the kernels compile.

One row per primitive: kind, qubits (5 bits each), their number, slot of its angle or offset of its
given numbers, offset of its constants; see `_native/src/transfer_program.hpp`.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import torch

from circuits.eager import eager
from circuits.errors import UnsupportedOperationError
from circuits.gates.table import TABLE
from circuits.ops import Op
from circuits.simulators.program import pauli_label
from circuits.simulators.transfer.program import SKIPPED
from circuits.simulators.transfer.vectors import index_of_label

RX, RY, RZ, AFFINE, AFFINE_GIVEN, PERMUTE, ROTATE, DENSE, DENSE_GIVEN, DIAGONAL_GIVEN = range(10)
NEXT_OP, NEXT_CIRCUIT = 10, 11  # only in tables of many circuits
TURNING = (RX, RY, RZ, ROTATE)  # rows with an angle
LARGEST = 15  # qubits: offsets in the kernels are 32-bit
LARGEST_DENSE = 3

_TURNS = {"X": RX, "Y": RY, "Z": RZ}
_ROTATIONS = {"rx": "X", "ry": "Y", "rz": "Z", "p": "Z", "u1": "Z"}
_PHASES = ("p", "u1")
_FIXED = {
    "x": ("X", 1.0), "y": ("Y", 1.0), "z": ("Z", 1.0), "s": ("Z", 0.5), "sdg": ("Z", -0.5),
    "t": ("Z", 0.25), "tdg": ("Z", -0.25), "sx": ("X", 0.5), "sxdg": ("X", -0.5),
}  # fmt: skip
"""Gates e^{i a/2} exp(-i a P/2): the letter P and a / pi."""

Row = tuple[int, int, int, int, int]
Slot = tuple[int, float]
"""Number of an angle of the circuit (-1 for none) and what multiplies it, or the constant."""


@dataclass(frozen=True, slots=True)
class Given:
    """Numbers that torch computes: entries of the transfer matrix of the op at a position."""

    position: int
    entries: np.ndarray
    offset: int


@dataclass(slots=True)
class RowTable:
    """Rows and what they point to, while a circuit is being translated."""

    rows: list[Row] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)
    data: list[np.ndarray] = field(default_factory=list)
    n_data: int = 0
    given: list[Given] = field(default_factory=list)
    n_given: int = 0
    _known: dict[int, int] = field(default_factory=dict)

    def constant(self, numbers: np.ndarray) -> int:
        """Store numbers once per array; returns their offset."""
        offset = self._known.setdefault(id(numbers), self.n_data)
        if offset == self.n_data:
            self.data.append(numbers)
            self.n_data += len(numbers)
        return offset

    def give(self, position: int, entries: np.ndarray) -> int:
        """Reserve place for entries of an op's transfer matrix; returns their offset."""
        self.given.append(Given(position, entries, self.n_given))
        self.n_given += len(entries)
        return self.given[-1].offset

    def turn(self, letter: str, qubit: int, slot: Slot) -> None:
        """exp(-i angle P / 2) on one qubit."""
        self.slots.append(slot)
        self.rows.append((_TURNS[letter], qubit, 1, len(self.slots) - 1, -1))

    def rotate(self, label: str, qubits: tuple[int, ...], slot: Slot) -> None:
        """exp(-i angle P / 2) on several qubits, some of which P may leave alone."""
        pairs = [(c, q) for c, q in zip(label, qubits, strict=True) if c != "I"]
        if len(pairs) == 1:
            self.turn(pairs[0][0], pairs[0][1], slot)
        elif pairs:
            self.slots.append(slot)
            index = index_of_label("".join(c for c, _ in pairs), tuple(q for _, q in pairs))
            self.rows.append((ROTATE, index, len(pairs), len(self.slots) - 1, -1))

    def apply(self, matrix: np.ndarray, qubit: int) -> None:
        """A constant transfer matrix `(4, 4)` with first row (1, 0, 0, 0) on one qubit."""
        self.rows.append((AFFINE, qubit, 1, -1, self.constant(matrix[1:].ravel())))

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows `(n, 5)` as int64 and data as float64."""
        data = np.concatenate(self.data) if self.data else np.zeros(0)
        return np.array(self.rows, dtype=np.int64).reshape(-1, 5), data


def table_of(ops: Iterable[Op], readout: dict[int, np.ndarray]) -> RowTable:
    """Translate a circuit; state preparations are left to the caller.

    Args:
        ops: The ops of the circuit.
        readout: For a qubit the transfer matrix `(4, 4)` that is applied to it in the end.

    Raises:
        UnsupportedOperationError: If the kernels have no primitive for an op, naming it.
    """
    table, first = RowTable(), 0
    for position, op in enumerate(ops):
        slots = [(first + k, 1.0) for k in range(len(op.angles))]
        first += len(op.angles)
        if op.kind not in SKIPPED and op.kind != "state_preparation":
            translate(op, position, slots, table)
    for qubit, matrix in readout.items():
        table.apply(matrix, qubit)
    return table


def translate(op: Op, position: int, slots: list[Slot], table: RowTable) -> None:
    """Add the rows of one op.

    Args:
        op: A gate or a channel.
        position: Its position among the ops of the circuit.
        slots: One for each of its angles.
        table: What to add to.

    Raises:
        UnsupportedOperationError: If the kernels have no primitive for it.
    """
    if op.is_channel:
        _channel(op, position, table)
        return
    root, controls = _root(op), op.qubits[: op.n_controls]
    targets = op.qubits[op.n_controls :]
    if root in _ROTATIONS:
        _controlled_turn(_ROTATIONS[root], root in _PHASES, controls, targets, slots[0], table)
    elif root in ("u", "u3", "u_with_phase", "u2"):
        _euler(root, controls, targets, slots, table)
    elif pauli_label(op):
        _controlled_turn(pauli_label(op), False, controls, targets, slots[0], table)
    elif op.angles:
        raise UnsupportedOperationError(f"The native engine has no primitive for `{op.name}`.")
    elif root in _FIXED and len(controls) > 1:
        letter, turns = _FIXED[root]
        _controlled_turn(letter, True, controls, targets, (-1, turns * math.pi), table)
    else:
        _fixed(op, table)


def _root(op: Op) -> str:
    """Name of the gate that the controls control."""
    gate = op.gate
    while gate.base in TABLE:
        gate = TABLE[gate.base]
    return gate.base or gate.name


def _controlled_turn(
    letters: str,
    phase: bool,
    controls: tuple[int, ...],
    targets: tuple[int, ...],
    slot: Slot,
    table: RowTable,
) -> None:
    """exp(-i a P/2) where all controls are 1, with the factor e^{i a/2} if `phase`.

    The projector on the controls is the product of (1 - Z_c)/2, so the gate is a product of
    commuting rotations about P times each product of the Z_c, by +-a / 2^c. The factor is a
    controlled phase, the same with minus the identity in the place of P.
    """
    angle, factor = slot
    size = 2 ** len(controls)
    for chosen in itertools.product((0, 1), repeat=len(controls)):
        sign = (-1) ** sum(chosen)
        above = "".join("IZ"[bit] for bit in chosen)
        share = (angle, factor * sign / size)
        table.rotate(above + letters, controls + targets, share)
        if phase and controls:
            table.rotate(above, controls, (angle, -share[1]))


def _euler(
    root: str,
    controls: tuple[int, ...],
    targets: tuple[int, ...],
    slots: list[Slot],
    table: RowTable,
) -> None:
    """P(phi) RY(theta) P(lam), the rightmost first; a fourth angle is a phase factor."""
    theta, phi, lam = ((-1, math.pi / 2), *slots) if root == "u2" else slots[:3]
    for letter, slot in (("Z", lam), ("Y", theta), ("Z", phi)):
        _controlled_turn(letter, letter == "Z", controls, targets, slot, table)
    if root == "u_with_phase" and controls:
        *others, last = controls
        _controlled_turn("Z", True, tuple(others), (last,), slots[3], table)


def _packed(qubits: tuple[int, ...]) -> int:
    return sum(q << 5 * k for k, q in enumerate(qubits))


def _fixed(op: Op, table: RowTable) -> None:
    k = len(op.qubits)
    if k > LARGEST_DENSE:
        raise UnsupportedOperationError(
            f"The native engine takes matrices on at most {LARGEST_DENSE} qubits, `{op.name}` acts "
            f"on {k}."
        )
    if op.data is None:
        kind, numbers = _primitive(op.gate.name, op.pauli, k, tuple(a.constant for a in op.angles))
    else:
        kind, numbers = primitive_of(_matrix(op))
    if kind is not None:
        table.rows.append((kind, _packed(op.qubits), k, -1, table.constant(numbers)))


def _channel(op: Op, position: int, table: RowTable) -> None:
    if all(a.is_constant for a in op.angles):
        _fixed(op, table)
        return
    k = len(op.qubits)
    if k == 1:
        kind, entries = AFFINE_GIVEN, np.arange(4, 16)
    elif op.gate.diagonal:
        kind, entries = DIAGONAL_GIVEN, np.arange(4**k) * (4**k + 1)
    else:
        kind, entries = DENSE_GIVEN, np.arange(16**k)
    table.rows.append((kind, _packed(op.qubits), k, table.give(position, entries), -1))


def _matrix(op: Op) -> np.ndarray:
    with eager():  # the first run of a circuit may be inside of a transform
        angles = torch.tensor([float(a.constant) for a in op.angles], dtype=torch.float64)
        return op.transfer(angles).numpy()


@functools.lru_cache(maxsize=4096)
def _primitive(
    name: str, pauli: str, k: int, angles: tuple[float, ...]
) -> tuple[int | None, np.ndarray]:
    """Kind and constants of an op without data, made once."""
    from circuits.gates.table import gate_named
    from circuits.symbols import Angle

    op = Op(gate_named(name), tuple(range(k)), tuple(map(Angle, angles)), pauli)
    return primitive_of(_matrix(op))


def primitive_of(matrix: np.ndarray) -> tuple[int | None, np.ndarray]:
    """The cheapest kind that applies a transfer matrix, and its constants; `None` for identity."""
    size = len(matrix)
    tidy = np.where(np.abs(matrix) < 1e-15, 0.0, matrix)
    tidy[0] = 0.0
    tidy[0, 0] = 1.0
    if np.array_equal(tidy, np.eye(size)):
        return None, np.zeros(0)
    if size == 4:
        return AFFINE, tidy[1:].ravel()
    if (np.count_nonzero(tidy, axis=1) <= 1).all() and (np.count_nonzero(tidy, axis=0) <= 1).all():
        source = np.abs(tidy).argmax(axis=1)
        if len(set(source.tolist())) == size:
            return PERMUTE, np.concatenate([source, tidy[np.arange(size), source]])
        if np.count_nonzero(tidy - np.diag(np.diag(tidy))) == 0:
            return PERMUTE, np.concatenate([np.arange(size), np.diag(tidy)])
    return DENSE, tidy.ravel()
