"""Evolution under a Pauli sum as Pauli rotations, where the terms commute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qiskit.circuit.library import PauliEvolutionGate
from qiskit.quantum_info import SparseObservable, SparsePauliOp

from circuits.gates.constructors import pauli_rotation
from circuits.gates.table import TABLE
from circuits.interop.qiskit.expressions import to_angle
from circuits.ops import Op
from circuits.symbols import Angle


def evolution_ops(
    gate: PauliEvolutionGate, symbols: Mapping[str, Angle], qubits: Sequence[int], place: str
) -> list[Op] | None:
    """exp(-i t sum_k c_k P_k) as prod_k exp(-i (2 c_k t) P_k / 2), or `None` if terms clash.

    The rightmost character of Qiskit's label acts on the first qubit. Identities are left out of
    the labels, and an identity term is a global phase.
    """
    operators = gate.operator if isinstance(gate.operator, list) else [gate.operator]
    terms = [term for operator in operators for term in _terms(operator)]
    if not _commute([label for label, _ in terms]):
        return None
    time = to_angle(gate.time, symbols, place)
    ops = []
    for label, coefficient in terms:
        theta = 2 * time * to_angle(coefficient, symbols, place)
        where = [k for k, letter in enumerate(label) if letter != "I"]
        if where:
            letters = "".join(label[k] for k in where)
            ops.append(pauli_rotation(theta, letters, *(qubits[k] for k in where)))
        else:
            ops.append(Op(TABLE["global_phase"], (), (-theta / 2,)))
    return ops


def _terms(operator: Any) -> list[tuple[str, Any]]:
    """Labels, first qubit first, and coefficients."""
    if isinstance(operator, SparseObservable):
        operator = SparsePauliOp.from_sparse_observable(operator)
    operator = SparsePauliOp(operator)
    labels = operator.paulis.to_labels()
    return [(label[::-1], c) for label, c in zip(labels, operator.coeffs, strict=True)]


def _commute(labels: list[str]) -> bool:
    """Whether all Pauli strings commute with each other."""
    return all(
        sum(p != q and "I" not in (p, q) for p, q in zip(a, b, strict=True)) % 2 == 0
        for k, a in enumerate(labels)
        for b in labels[:k]
    )
