"""`Op`: one gate on particular qubits, and the inverse of an op."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from torch import Tensor

from circuits.channel_ops import check_limits, transfer_of
from circuits.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    QubitError,
    UnsupportedOperationError,
)
from circuits.gates import matrices
from circuits.gates.record import Gate
from circuits.gates.table import TABLE, gate_named
from circuits.symbols import Angle


@dataclass(frozen=True, slots=True, eq=False)
class Op:
    """A gate applied to qubits. Build one with the constructors in `circuits.gates`.

    Attributes:
        gate: Record of the gate.
        qubits: The qubits it acts on; controls first, then targets; the first is the least
            significant bit of the matrix.
        angles: One expression per angle of the gate.
        pauli: Label of a Pauli rotation, character k on the k-th (target) qubit; of Pauli channels
            the labels, separated by spaces.
        data: Numbers that belong to the op: the matrix of `unitary` `(d, d)`, the operators of
            `kraus` `(m, d, d)`, the `transfer_matrix` `(d^2, d^2)`, the constant amplitudes of
            `state_preparation` `(d,)`.

    Raises:
        ChannelError: If a strength of a channel is a number out of its range.
    """

    gate: Gate
    qubits: tuple[int, ...]
    angles: tuple[Angle, ...] = ()
    pauli: str = ""
    data: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.data is not None:
            self.data.setflags(write=False)
        if self.gate.limits:
            check_limits(self)

    @property
    def name(self) -> str:
        """Name of the gate."""
        return self.gate.name

    @property
    def kind(self) -> str:
        """Name of the gate without the controls that were added to it."""
        return self.gate.base if self.gate.name.startswith("c^") else self.gate.name

    @property
    def n_controls(self) -> int:
        """How many of the qubits, listed first, are controls."""
        return self.gate.n_controls

    @property
    def block(self) -> Callable[[Any], Any]:
        """Matrix function of the target block: angles `(..., n_angles)` -> `(..., d, d)`."""
        if self.gate.block is not None:
            return self.gate.block
        if self.kind == "pauli_rotation":
            return matrices.pauli_rotation(self.pauli)
        if self.kind == "unitary" and self.data is not None:
            return matrices.constant(self.data)
        if self.kind == "barrier":
            return matrices.identity(len(self.qubits))
        raise InvalidArgumentError(f"The operation `{self.name}` is not a unitary gate.")

    @property
    def is_channel(self) -> bool:
        """Whether the op maps density matrices and is no unitary gate."""
        return self.gate.is_channel

    @property
    def transfer(self) -> Callable[[Tensor], Tensor]:
        """Function from angles `(..., n_angles)` to the Pauli transfer matrix.

        The result `(..., 4**k, 4**k)` is real, of the angles' dtype, on their device and
        differentiable: R[i, j] = Tr(P_i E(P_j)) / 2**k, base-4 digits of an index (I, X, Y, Z) =
        (0, 1, 2, 3), the first listed qubit least significant.

        Raises:
            UnsupportedOperationError: If the op is no map of its qubits' states, which holds for
                `state_preparation` only.
            ResourceLimitError: If the op is on more than 6 qubits.

        >>> import torch
        >>> from circuits import gates as g
        >>> g.bit_flip(0.1, 0).transfer(torch.tensor([0.1])).diagonal()
        tensor([1.0000, 1.0000, 0.8000, 0.8000])
        """
        return transfer_of(self)

    @property
    def structure(self) -> tuple[Any, ...]:
        """What the op is, without any numbers (see `Circuit.content_hash`)."""
        slots = tuple(
            tuple(
                tuple((s.group.kind, s.group.name, s.group.shape, s.index) for s in product)
                for _, product in angle.terms
            )
            for angle in self.angles
        )
        shape = () if self.data is None else self.data.shape
        return (self.gate.name, self.qubits, self.pauli, shape, slots)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Op):
            return NotImplemented
        same = (self.gate, self.qubits, self.angles, self.pauli) == (
            (other.gate, other.qubits, other.angles, other.pauli)
        )
        if self.data is None or other.data is None:
            return same and self.data is other.data
        return same and np.array_equal(self.data, other.data)

    def __hash__(self) -> int:
        return hash((self.gate, self.qubits, self.angles, self.pauli))

    def __repr__(self) -> str:
        head = [str(a) for a in self.angles]
        if self.pauli:
            head.append(repr(self.pauli))
        if self.data is not None:
            head.append(f"<{'x'.join(map(str, self.data.shape))}>")
        return f"{self.name}({', '.join([*head, *map(str, self.qubits)])})"


def check_qubits(qubits: Sequence[Any], name: str) -> tuple[int, ...]:
    """Qubits as distinct non-negative integers.

    Raises:
        QubitError: If one is not an integer, is negative, or appears twice.
    """
    if all(type(q) is int and q >= 0 for q in qubits) and len(set(qubits)) == len(qubits):
        return tuple(qubits)
    try:
        indices = tuple(
            operator.index(q) if not isinstance(q, bool) else operator.index(None)  # type: ignore[arg-type]
            for q in qubits
        )
    except TypeError:
        raise QubitError(
            f"Qubits of `{name}` must be integers, got {tuple(qubits)!r}. "
            f"The order of arguments is angles first, then qubits."
        ) from None
    if any(q < 0 for q in indices):
        raise QubitError(f"Qubits of `{name}` must be >= 0, got {indices}.")
    if len(set(indices)) != len(indices):
        raise QubitError(f"Qubits of `{name}` must be distinct, got {indices}.")
    return indices


def map_qubits(op: Op, mapping: Callable[[int], int]) -> Op:
    """The same op on other qubits."""
    return replace(op, qubits=check_qubits([mapping(q) for q in op.qubits], op.name))


def as_ops(items: Any) -> tuple[Op, ...]:
    """A tuple of ops from an op or an iterable of ops.

    Raises:
        ArgumentTypeError: If an item is not an `Op`.
    """
    if isinstance(items, Op):
        return (items,)
    if isinstance(items, Iterable) and not isinstance(items, str):
        ops = tuple(items)
        wrong = [item for item in ops if not isinstance(item, Op)]
        if not wrong:
            return ops
        items = wrong[0]
    raise ArgumentTypeError(
        f"A circuit is made of operations such as `gates.h(0)`, got {type(items).__name__}: "
        f"{items!r}."
    )


def _op(name: str, angles: tuple[Angle, ...], *qubits: int) -> Op:
    return Op(gate_named(name), qubits, angles)


def _u_angles(angles: tuple[Angle, ...]) -> tuple[Angle, ...]:
    """u(t, p, l)^-1 = u(-t, -l, -p); a fourth angle (the phase of `cu`) changes sign."""
    return (-angles[0], -angles[2], -angles[1], *(-a for a in angles[3:]))


def _inverse_u2(op: Op) -> tuple[Op, ...]:
    phi, lam = op.angles
    return (replace(op, angles=(-lam - math.pi, -phi + math.pi)),)


def _inverse_iswap(op: Op) -> tuple[Op, ...]:
    quarter = (Angle(math.pi / 2),)
    return tuple(_op(name, quarter, *op.qubits) for name in ("rxx", "ryy"))


def _inverse_controlled_sx(op: Op) -> tuple[Op, ...]:
    """SX^-1 = H S^-1 H, with controls on the phase only."""
    *controls, target = op.qubits
    hadamard = _op("h", (), target)
    name = "cp" if len(controls) == 1 else f"c^{len(controls)}(p)"
    return (hadamard, _op(name, (Angle(-math.pi / 2),), *controls, target), hadamard)


def _inverse_data(op: Op) -> tuple[Op, ...]:
    assert op.data is not None
    return (replace(op, data=np.ascontiguousarray(op.data.conj().T)),)


_SPECIAL: dict[str, Callable[[Op], tuple[Op, ...]]] = {
    "u": lambda op: (replace(op, angles=_u_angles(op.angles)),),
    "u3": lambda op: (replace(op, angles=_u_angles(op.angles)),),
    "cu": lambda op: (replace(op, angles=_u_angles(op.angles)),),
    "cu3": lambda op: (replace(op, angles=_u_angles(op.angles)),),
    "u2": _inverse_u2,
    "iswap": _inverse_iswap,
    "csx": _inverse_controlled_sx,
    "c3sqrtx": _inverse_controlled_sx,
    "unitary": _inverse_data,
}


def inverse(op: Op) -> tuple[Op, ...]:
    """The ops that undo `op`, in the order in which they are applied.

    Raises:
        UnsupportedOperationError: If the op has no inverse (state preparation, channels).
    """
    rule = op.gate.inverse
    if op.is_channel:
        raise UnsupportedOperationError(
            f"The operation `{op.name}` is a channel, and noise cannot be undone by gates."
        )
    if rule == "self":
        return (op,)
    if rule == "negate":
        return (replace(op, angles=tuple(-a for a in op.angles)),)
    if rule in TABLE:
        return (replace(op, gate=TABLE[rule]),)
    if rule == "reverse":
        parts = [
            _op(name, tuple(map(Angle, angles)), *(op.qubits[q] for q in local))
            for name, angles, local in op.gate.definition
        ]
        return tuple(step for part in reversed(parts) for step in inverse(part))
    if op.name.startswith("c^") and op.kind != "unitary":
        return _inverse_of_controlled(op)
    if op.kind in _SPECIAL:
        return _SPECIAL[op.kind](op)
    raise UnsupportedOperationError(f"The operation `{op.name}` has no inverse gate.")


def _inverse_of_controlled(op: Op) -> tuple[Op, ...]:
    """Control the inverse of the base gate; the added controls are the first qubits."""
    from circuits.gates.table import controlled_gate

    base = gate_named(op.gate.base)
    added = op.gate.n_controls - base.n_controls
    inner = replace(op, gate=base, qubits=op.qubits[added:])
    return tuple(
        replace(
            step,
            gate=controlled_gate(step.gate, added),
            qubits=op.qubits[:added] + step.qubits,
        )
        for step in inverse(inner)
    )
