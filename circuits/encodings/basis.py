"""Basis encoding: bits as basis states."""

from __future__ import annotations

import math

from circuits import gates as g
from circuits.arguments import integer, width
from circuits.circuit import Circuit
from circuits.symbols import inputs


def basis(n_features: int, *, n_qubits: int | None = None, name: str = "x") -> Circuit:
    """Bits as a basis state: |0...0> becomes |x_{d-1} ... x_0> for x_j in {0, 1}.

    Each qubit gets RY(pi x_j), which on |0> is exact, without any phase. As an operator it is
    X^x Z^x, so put the encoding first. Values between 0 and 1 give superpositions
    cos(pi x / 2)|0> + sin(pi x / 2)|1>, which keeps the map differentiable.

    Args:
        n_features: Number of bits d.
        n_qubits: Number of qubits, at least d (the default); further qubits stay |0>.
        name: Name of the group of inputs.

    Returns:
        Circuit with inputs of shape `(d,)`.

    Raises:
        KetworkError: If an argument is not valid, or there are too few qubits.

    >>> basis(2).ops
    (ry(3.14159*x[0], 0), ry(3.14159*x[1], 1))
    """
    d = integer(n_features, "n_features")
    n = width(n_qubits, d, f"{d} bits", "")
    x = inputs(d, name=name)
    return Circuit(n, [g.ry(math.pi * x[q], q) for q in range(d)])
