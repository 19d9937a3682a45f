"""Qiskit operators to and from Pauli terms; Qiskit is imported only to build its objects."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from circuits.errors import ArgumentTypeError, ConversionError, MissingDependencyError
from circuits.pauli.coefficients import Coefficient, as_coefficient
from circuits.pauli.terms import Terms, turn

_KNOWN = ("SparsePauliOp", "Pauli")


def is_qiskit_operator(obj: Any) -> bool:
    """Whether an object is a Qiskit `SparsePauliOp` or `Pauli`, told without importing Qiskit."""
    return any(
        base.__name__ in _KNOWN and base.__module__.startswith("qiskit.quantum_info.")
        for base in type(obj).__mro__
    )


def terms_from_qiskit(operator: Any) -> tuple[list[tuple[int, int, Coefficient]], int]:
    """Terms (x_mask, z_mask, coefficient) of a Qiskit operator, and its number of qubits.

    Raises:
        ArgumentTypeError: If the operator is of another type, or has unbound parameters.
    """
    if not is_qiskit_operator(operator):
        raise ArgumentTypeError(
            "The argument `operator` must be a Qiskit SparsePauliOp or Pauli, but got "
            f"{type(operator).__name__}. Convert other operators with "
            "`SparsePauliOp.from_operator(...)` or `PauliSum.from_matrix(...)`."
        )
    strings = getattr(operator, "paulis", operator)
    x_bits, z_bits = np.atleast_2d(strings.x), np.atleast_2d(strings.z)
    coefficients = _coefficients(operator)
    triples = zip(_masks(x_bits), _masks(z_bits), coefficients, strict=True)
    return list(triples), int(operator.num_qubits)


def qiskit_from_terms(terms: Terms, n_qubits: int) -> Any:
    """Qiskit `SparsePauliOp` with these terms; a zero sum becomes 0 times the identity.

    Raises:
        ConversionError: If `n_qubits` is 0, which Qiskit's operators cannot express.
        MissingDependencyError: If Qiskit is not installed.
    """
    if n_qubits == 0:
        raise ConversionError(
            "A Qiskit SparsePauliOp needs at least one qubit, but this observable names none. "
            "Give the argument `n_qubits`."
        )
    try:
        from qiskit.quantum_info import PauliList, SparsePauliOp
    except ImportError as error:
        purpose = "Converting an observable to Qiskit"
        raise MissingDependencyError("qiskit", extra="qiskit", purpose=purpose) from error
    rows = terms or ((0, 0, 0.0),)
    x_bits = _bits([x for x, _, _ in rows], n_qubits)
    z_bits = _bits([z for _, z, _ in rows], n_qubits)
    coefficients = np.array([c for _, _, c in rows], dtype=np.complex128)
    return SparsePauliOp(PauliList.from_symplectic(z_bits, x_bits), coefficients)


def _coefficients(operator: Any) -> list[Coefficient]:
    """Coefficients of the operator; a bare `Pauli` has the phase (-i)**phase."""
    if not hasattr(operator, "coeffs"):
        return [turn(1.0, -int(operator.phase) % 4)]
    unbound = [c for c in operator.coeffs if getattr(c, "parameters", None)]
    if unbound:
        raise ArgumentTypeError(
            f"The coefficients of a SparsePauliOp must be numbers, but got the parameter "
            f"expression {unbound[0]}. Bind it first: `operator.assign_parameters(...)`."
        )
    return [as_coefficient(complex(c)) for c in operator.coeffs]


def _masks(bits: NDArray[np.bool_]) -> list[int]:
    packed = np.packbits(bits, axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed]


def _bits(masks: list[int], n_qubits: int) -> NDArray[np.bool_]:
    n_bytes = -(-n_qubits // 8)
    packed = np.frombuffer(b"".join(m.to_bytes(n_bytes, "little") for m in masks), dtype=np.uint8)
    bits = np.unpackbits(packed.reshape(len(masks), n_bytes), axis=1, bitorder="little")
    return bits[:, :n_qubits].astype(np.bool_)
