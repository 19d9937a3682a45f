"""Parameter-shift rules: derivatives of expectation values from values at shifted angles.

An expectation value as a function of one angle of one gate is a trigonometric polynomial with the
gate's frequencies W_1..W_R, so

    f'(t) = sum_k c_k [f(t + s_k) - f(t - s_k)],   sum_k 2 c_k sin(W_j s_k) = W_j for all j.

Every *occurrence* of an angle is shifted on its own; the angle expression takes care of symbols
that are shared, scaled or multiplied.

References:
    Wierichs, Izaac, Wang, Lin, Quantum 6, 677 (2022), section 3.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from circuits.circuit import Circuit
from circuits.errors import UnsupportedOperationError
from circuits.ops import Op

_WORST_CONDITION = 1e6


@dataclass(frozen=True, slots=True)
class ShiftRule:
    """Shifts s_k and coefficients c_k of one angle; empty if values do not depend on it."""

    shifts: tuple[float, ...]
    coefficients: tuple[float, ...]


@functools.cache
def shift_rule(frequencies: tuple[float, ...]) -> ShiftRule:
    """The rule for a set of positive frequencies.

    Shifts are (2k - 1) pi / (2 R W_1), the optimal choice for equidistant frequencies, or
    k pi / (W_1 + W_R) where those do not determine the coefficients.

    >>> rule = shift_rule((1.0,))
    >>> round(rule.shifts[0], 4), round(rule.coefficients[0], 4)
    (1.5708, 0.5)
    """
    if not frequencies:
        return ShiftRule((), ())
    omega = np.array(frequencies)
    r = len(omega)
    shifts = (2 * np.arange(1, r + 1) - 1) * np.pi / (2 * r * omega[0])
    system = 2 * np.sin(np.outer(omega, shifts))
    if np.linalg.cond(system) > _WORST_CONDITION:
        shifts = np.arange(1, r + 1) * np.pi / (omega[0] + omega[-1])
        system = 2 * np.sin(np.outer(omega, shifts))
    coefficients = np.linalg.solve(system, omega)
    return ShiftRule(tuple(shifts.tolist()), tuple(coefficients.tolist()))


def rules_of(op: Op) -> tuple[ShiftRule, ...]:
    """One rule per angle of an op.

    Raises:
        UnsupportedOperationError: If the op has no shift rule.
    """
    if op.is_channel:
        raise UnsupportedOperationError(
            f"The parameter-shift rule is not defined for the strengths of the channel `{op.name}` "
            f"on qubits {op.qubits}: expectation values are not trigonometric in them. Use "
            "diff_method='backprop' on a differentiable noise simulator, or 'spsa'."
        )
    if op.kind == "state_preparation":
        raise UnsupportedOperationError(
            f"The parameter-shift rule is not defined for the symbols of `{op.name}` on qubits "
            f"{op.qubits}. Use diff_method='adjoint' or 'backprop', or an angle encoding."
        )
    return tuple(shift_rule(frequencies) for frequencies in op.gate.frequencies)


def slots_of(circuit: Circuit) -> list[tuple[Op, int]]:
    """The angles of a circuit that hold symbols, in order: the op and which of its angles."""
    return [(op, k) for op in circuit.ops for k, a in enumerate(op.angles) if not a.is_constant]
