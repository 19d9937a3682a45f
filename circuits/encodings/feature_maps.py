"""Feature maps of diagonal or Pauli evolutions between Hadamard layers (IQP, ZZ, Pauli)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from circuits import gates as g
from circuits.ansatz.entanglers import entangler_pairs
from circuits.arguments import integer, number
from circuits.circuit import Circuit
from circuits.errors import InvalidArgumentError
from circuits.ops import Op
from circuits.symbols import Angle, inputs


def iqp(
    n_features: int, repetitions: int = 1, *, entangler: Any = "full", name: str = "x"
) -> Circuit:
    """Instantaneous quantum polynomial encoding, equal to PennyLane's `IQPEmbedding`.

    Each repetition is H on all qubits, RZ(x_j) on qubit j, then exp(-i x_i x_j Z_i Z_j / 2) on
    each pair of the entangler.

    Args:
        n_features: Number of features d; as many qubits.
        repetitions: How often the layer is repeated.
        entangler: Pattern, list of pairs or graph; see `circuits.ansatz.entangler_pairs`.
        name: Name of the group of inputs.

    Returns:
        Circuit with inputs of shape `(d,)`.

    Raises:
        KetworkError: If an argument is not valid.

    References:
        Havlicek et al., Nature 567, 209 (2019), arXiv:1804.11326.

    >>> iqp(2).ops
    (h(0), h(1), rz(x[0], 0), rz(x[1], 1), rzz(x[0]*x[1], 0, 1))
    """
    d, count = integer(n_features, "n_features"), integer(repetitions, "repetitions")
    pairs = entangler_pairs(entangler, d)
    x = inputs(d, name=name)
    layer = [g.h(q) for q in range(d)] + [g.rz(x[q], q) for q in range(d)]
    layer += [g.rzz(x[a] * x[b], a, b) for a, b in pairs]
    return Circuit(d, layer * count)


def zz_feature_map(
    n_features: int, repetitions: int = 2, *, entangler: Any = "full", name: str = "x"
) -> Circuit:
    """Second-order feature map of Havlicek et al., gate by gate equal to Qiskit's.

    Each repetition is H on all qubits, P(2 x_j) on qubit j, then CX P(2 (pi - x_i)(pi - x_j)) CX
    on each pair (i, j) of the entangler.

    Args:
        n_features: Number of features d; as many qubits.
        repetitions: How often the layer is repeated.
        entangler: Pattern, list of pairs or graph; see `circuits.ansatz.entangler_pairs`.
        name: Name of the group of inputs.

    Returns:
        Circuit with inputs of shape `(d,)`.

    Raises:
        KetworkError: If an argument is not valid.

    References:
        Havlicek et al., Nature 567, 209 (2019), arXiv:1804.11326, equation (8) of the supplement.

    >>> zz_feature_map(2, 1).count_ops()
    {'p': 3, 'h': 2, 'cx': 2}
    """
    return pauli_feature_map(n_features, repetitions, entangler=entangler, name=name)


def pauli_feature_map(
    n_features: int,
    repetitions: int = 2,
    *,
    paulis: Sequence[str] = ("Z", "ZZ"),
    entangler: Any = "full",
    scale: float = 2.0,
    name: str = "x",
) -> Circuit:
    """H on all qubits, then exp(-i scale phi P / 2) for each Pauli string, up to phase; repeated.

    phi(x_j) = x_j for strings of one letter, (pi - x_i)(pi - x_j) for two. Each evolution is a
    change of basis around P(scale phi), which makes the circuit equal to Qiskit's
    `pauli_feature_map` for the same strings written from right to left.

    Args:
        n_features: Number of features d; as many qubits.
        repetitions: How often the layer is repeated.
        paulis: Strings of one or two of the letters X, Y, Z; in a string of two, the first
            letter acts on the first qubit of the pair.
        entangler: Pairs for the strings of two; see `circuits.ansatz.entangler_pairs`.
        scale: Factor of all angles (Qiskit's `alpha`).
        name: Name of the group of inputs.

    Returns:
        Circuit with inputs of shape `(d,)`.

    Raises:
        KetworkError: If an argument is not valid.
    """
    d, count = integer(n_features, "n_features"), integer(repetitions, "repetitions")
    factor = number(scale, "scale")
    labels = _checked_labels(paulis)
    pairs = entangler_pairs(entangler, d)
    x = inputs(d, name=name)
    layer = [g.h(q) for q in range(d)]
    for label in labels:
        if len(label) == 1:
            for q in range(d):
                layer += _evolution(label, (q,), factor * x[q])
        else:
            for a, b in pairs:
                layer += _evolution(label, (a, b), factor * (math.pi - x[a]) * (math.pi - x[b]))
    return Circuit(d, layer * count)


def _checked_labels(paulis: Sequence[str]) -> list[str]:
    labels = [paulis] if isinstance(paulis, str) else list(paulis)
    for label in labels:
        if not isinstance(label, str) or len(label) not in (1, 2) or set(label) - set("XYZ"):
            raise InvalidArgumentError(
                f"Argument `paulis` must hold strings of one or two letters X, Y, Z, got {label!r}."
            )
    if not labels:
        raise InvalidArgumentError("Argument `paulis` must hold at least one string.")
    return labels


_TO_Z = {"X": (g.h, g.h), "Y": (g.sx, g.sxdg)}


def _evolution(label: str, qubits: tuple[int, ...], theta: Angle) -> list[Op]:
    """e^{i theta / 2} exp(-i theta P / 2), with the phase gate on the last qubit."""
    changed = [(_TO_Z[p], q) for p, q in zip(label, qubits, strict=True) if p != "Z"]
    ladder = [g.cx(*qubits)] if len(qubits) == 2 else []
    enter = [gate(q) for (gate, _), q in changed]
    leave = [gate(q) for (_, gate), q in changed]
    return [*enter, *ladder, g.p(theta, qubits[-1]), *ladder, *leave]
