"""Constructors: `gates.NAME(*angles, *qubits)` makes an `Op`, checked here once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from circuits.errors import (
    ChannelError,
    InvalidArgumentError,
    NonFiniteError,
    NotUnitaryError,
    SymbolError,
    UnsupportedOperationError,
)
from circuits.gates.record import Gate
from circuits.gates.table import NOT_CONTROLLABLE, TABLE, controlled_gate
from circuits.ops import Op, check_qubits
from circuits.symbols import Angle, as_angle

_TOLERANCE = 1e-6


class Constructor:
    """Callable that makes ops of one gate: `constructor(*angles, *qubits)`.

    Args:
        name: Name of the gate in the table.
    """

    def __init__(self, name: str) -> None:
        self.gate: Gate = TABLE[name]
        self.__doc__ = f"{name}({self._signature()}): {self.gate.formula}."

    def _signature(self) -> str:
        qubits = [f"qubit_{k}" for k in range(self.gate.n_qubits or 0)]
        return ", ".join([*self.gate.parameters, *qubits])

    def __call__(self, *arguments: Any) -> Op:
        gate = self.gate
        assert gate.n_qubits is not None
        n_angles = len(gate.parameters)
        if len(arguments) != n_angles + gate.n_qubits:
            raise InvalidArgumentError(
                f"`gates.{gate.name}({self._signature()})` takes {gate.n_angles} angle(s) and "
                f"{gate.n_qubits} qubit(s), got {len(arguments)} argument(s): {arguments!r}."
            )
        angles = tuple(map(as_angle, arguments, gate.parameters)) if n_angles else ()
        return Op(gate, check_qubits(arguments[n_angles:], gate.name), angles)

    def __repr__(self) -> str:
        return f"<gate {self.gate.name}({self._signature()}): {self.gate.formula}>"


def barrier(*qubits: int) -> Op:
    """A fence for transpilers; no operation. Without qubits it spans the circuit it is added to."""
    return Op(TABLE["barrier"], check_qubits(qubits, "barrier"))


def delay(seconds: float, qubit: int) -> Op:
    """Idle time on one qubit; no operation unless a noise model gives it one.

    Args:
        seconds: Duration in seconds, a number >= 0.
        qubit: The qubit.
    """
    duration = as_angle(seconds, "seconds")
    if not duration.is_constant or duration.constant < 0:
        raise InvalidArgumentError(f"Argument `seconds` must be a number >= 0, got {seconds!r}.")
    return Op(TABLE["delay"], check_qubits([qubit], "delay"), (duration,))


def pauli_rotation(theta: Any, label: str, *qubits: int) -> Op:
    """exp(-i theta P / 2) for a Pauli string P.

    Args:
        theta: Angle in radians.
        label: Characters I, X, Y, Z; character k acts on the k-th listed qubit.
        *qubits: As many qubits as the label has characters.
    """
    if not isinstance(label, str) or not label or set(label) - set("IXYZ"):
        raise InvalidArgumentError(
            f"Argument `label` must be a string of the characters I, X, Y, Z, got {label!r}."
        )
    if len(label) != len(qubits):
        raise InvalidArgumentError(
            f"`pauli_rotation` needs one qubit per character: label {label!r} has {len(label)}, "
            f"got {len(qubits)} qubit(s)."
        )
    angles = (as_angle(theta, "theta"),)
    return Op(TABLE["pauli_rotation"], check_qubits(qubits, "pauli_rotation"), angles, label)


def as_array(value: Any, argument: str) -> np.ndarray:
    """A complex128 copy of an array or tensor of numbers."""
    if getattr(value, "requires_grad", False):
        raise SymbolError(
            f"Argument `{argument}` is a tensor that requires grad, and its gradient would be lost "
            "here. Build the operation from gates with `weights(...)` symbols instead."
        )
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    elif hasattr(value, "to_matrix"):
        value = value.to_matrix()
    try:
        array = np.array(value, dtype=np.complex128)
    except (TypeError, ValueError):
        raise InvalidArgumentError(
            f"Argument `{argument}` must be an array of numbers, got {type(value).__name__}."
        ) from None
    if not np.all(np.isfinite(array)):
        raise NonFiniteError(f"Argument `{argument}` must be finite.")
    return array


def _check_dimension(shape: tuple[int, ...], n_qubits: int, argument: str, name: str) -> None:
    expected = (2**n_qubits,) * len(shape)
    if n_qubits == 0 or shape != expected:
        raise InvalidArgumentError(
            f"Argument `{argument}` of `{name}` on {n_qubits} qubit(s) must have shape {expected}, "
            f"got {shape}."
        )


def unitary(matrix: Any, *qubits: int) -> Op:
    """A given unitary matrix on the listed qubits, the first the least significant bit.

    Args:
        matrix: Array `(2**k, 2**k)` for k qubits; unitary to 1e-6.
        *qubits: The k qubits.

    Raises:
        NotUnitaryError: If the matrix is not unitary.
    """
    indices = check_qubits(qubits, "unitary")
    array = as_array(matrix, "matrix")
    if array.ndim != 2:
        raise InvalidArgumentError(
            f"Argument `matrix` must be a square matrix, got shape {array.shape}."
        )
    _check_dimension(array.shape, len(indices), "matrix", "unitary")
    deviation = float(np.abs(array.conj().T @ array - np.eye(len(array))).max())
    if deviation > _TOLERANCE:
        raise NotUnitaryError(
            f"Argument `matrix` must be unitary: the largest entry of U^dagger U - 1 is "
            f"{deviation:.3g}, expected at most {_TOLERANCE:g}."
        )
    return Op(TABLE["unitary"], indices, data=array)


def state_preparation(amplitudes: Any, *qubits: int) -> Op:
    """Prepare sum_j a_j |j> / norm(a) on qubits that are still in |0...0> (amplitude encoding).

    Args:
        amplitudes: 2**k numbers (complex allowed), or 2**k real expressions of symbols; divided
            by their norm when run. Bit i of the index j belongs to the i-th listed qubit.
        *qubits: The k qubits; nothing may act on them before.

    Raises:
        InvalidArgumentError: If the number of amplitudes is not 2**k, or all are zero.
    """
    indices = check_qubits(qubits, "state_preparation")
    gate = TABLE["state_preparation"]
    flat = list(np.ravel(np.asarray(amplitudes, dtype=object))) if _is_symbolic(amplitudes) else []
    if any(isinstance(value, Angle) and not value.is_constant for value in flat):
        _check_dimension((len(flat),), len(indices), "amplitudes", gate.name)
        return Op(gate, indices, tuple(as_angle(value, "amplitudes") for value in flat))
    array = as_array(amplitudes, "amplitudes").ravel()
    _check_dimension(array.shape, len(indices), "amplitudes", gate.name)
    norm = float(np.linalg.norm(array))
    if norm == 0:
        raise InvalidArgumentError("Argument `amplitudes` must not be all zero.")
    return Op(gate, indices, data=array / norm)


def _is_symbolic(values: Any) -> bool:
    return not hasattr(values, "detach") and np.asarray(values, dtype=object).dtype == object


def kraus(operators: Any, *qubits: int) -> Op:
    """The channel rho -> sum_k K_k rho K_k^dagger on the listed qubits.

    Args:
        operators: Array or list `(m, 2**k, 2**k)` with sum_k K_k^dagger K_k = 1 to 1e-6.
        *qubits: The k qubits, the first the least significant bit.

    Raises:
        ChannelError: If the channel does not preserve the trace.
    """
    indices = check_qubits(qubits, "kraus")
    array = as_array(operators, "operators")
    if array.ndim != 3 or len(array) == 0:
        raise InvalidArgumentError(
            f"Argument `operators` must have shape (m, d, d) with m >= 1, got {array.shape}."
        )
    _check_dimension(array.shape[1:], len(indices), "operators", "kraus")
    total = np.einsum("kji,kjl->il", array.conj(), array)
    deviation = float(np.abs(total - np.eye(len(total))).max())
    if deviation > _TOLERANCE:
        raise ChannelError(
            f"Kraus operators must satisfy sum K^dagger K = 1: the largest deviation is "
            f"{deviation:.3g}, expected at most {_TOLERANCE:g}."
        )
    return Op(TABLE["kraus"], indices, data=array)


def controlled(op: Op, *controls: int) -> Op:
    """The op, applied where all `controls` are 1.

    Args:
        op: A unitary op.
        *controls: One or more qubits that the op does not use.

    Raises:
        UnsupportedOperationError: If the op is not a unitary gate.

    >>> from circuits import gates as g
    >>> g.controlled(g.x(2), 0, 1)
    ccx(0, 1, 2)
    """
    extra = check_qubits(controls, "controlled")
    if not extra:
        raise InvalidArgumentError("`controlled` needs at least one control qubit, got none.")
    if op.kind in NOT_CONTROLLABLE:
        raise UnsupportedOperationError(f"The operation `{op.name}` cannot be controlled.")
    if op.kind == "global_phase":
        phase = Op(TABLE["p"], extra[-1:], op.angles)
        return phase if len(extra) == 1 else controlled(phase, *extra[:-1])
    qubits = check_qubits(extra + op.qubits, f"controlled({op.name})")
    return replace(op, gate=controlled_gate(op.gate, len(extra)), qubits=qubits)
