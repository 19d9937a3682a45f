"""Hamiltonian encoding: features as times of evolution, by Trotter steps of Pauli rotations."""

from __future__ import annotations

from typing import Any

from circuits import gates as g
from circuits.arguments import integer, number, one_of
from circuits.circuit import Circuit
from circuits.errors import ObservableError
from circuits.ops import Op
from circuits.pauli import PauliSum, as_observables
from circuits.symbols import Angle, inputs

_ORDERS = ("first", "second")


def hamiltonian(
    generators: Any,
    n_qubits: int,
    *,
    time: float = 1.0,
    steps: int = 1,
    order: str = "first",
    name: str = "x",
) -> Circuit:
    """Evolution exp(-i t sum_k x_k H_k) in Trotter steps, one Hermitian generator per feature.

    With r steps the first-order formula is
    (prod_k prod_j exp(-i t x_k c_kj P_kj / r))^r for H_k = sum_j c_kj P_kj, with error
    O(t^2 / r); the second-order formula (half a step forwards, half a step backwards) has error
    O(t^3 / r^2). If all strings commute, one step is exact.

    Args:
        generators: H_0, H_1, ...: `PauliSum`s, labels such as `"Z0 Z1"`, or dicts of labels.
        n_qubits: Number of qubits.
        time: Time t, the common factor of all angles.
        steps: Number r of Trotter steps.
        order: `"first"` or `"second"`.
        name: Name of the group of inputs.

    Returns:
        Circuit with inputs of shape `(number of generators,)`. Identity strings become global
        phases.

    Raises:
        KetworkError: If a generator is not Hermitian or does not fit the circuit, or another
            argument is not valid.

    References:
        Lloyd, Science 273, 1073 (1996); Suzuki, J. Math. Phys. 32, 400 (1991).

    >>> hamiltonian(["Z0 Z1", {"X0": 0.5, "X1": 0.5}], 2).ops
    (pauli_rotation(2*x[0], 'ZZ', 0, 1), pauli_rotation(x[1], 'X', 0), pauli_rotation(x[1], 'X', 1))
    """
    n, count = integer(n_qubits, "n_qubits"), integer(steps, "steps")
    terms = as_observables(generators, "generators")
    for k, term in enumerate(terms):
        _check_generator(term, n, k)
    one_of(order, _ORDERS, "order")
    halves = 2 if order == "second" else 1
    factor = number(time, "time") / (count * halves)
    x = inputs(len(terms), name=name)
    forward = [op for k, term in enumerate(terms) for op in _evolution(term, factor * x[k])]
    step = forward + forward[::-1] if order == "second" else forward
    return Circuit(n, step * count)


def _check_generator(generator: PauliSum, n: int, k: int) -> None:
    if not generator.is_hermitian:
        raise ObservableError(
            f"Argument `generators[{k}]` must be Hermitian (real coefficients), got {generator}."
        )
    if not generator.terms:
        raise ObservableError(f"Argument `generators[{k}]` is zero: feature {k} has no effect.")
    if generator.n_qubits > n or generator.width not in (None, n):
        raise ObservableError(f"Argument `generators[{k}]` does not fit {n} qubit(s): {generator}.")


def _evolution(generator: PauliSum, theta: Angle) -> list[Op]:
    """prod_j exp(-i theta c_j P_j)."""
    ops = []
    for x_mask, z_mask, coefficient in generator.terms:
        value = float(coefficient.real)
        letters = {
            q: "IXZY"[(x_mask >> q & 1) + 2 * (z_mask >> q & 1)]
            for q in range((x_mask | z_mask).bit_length())
            if (x_mask | z_mask) >> q & 1
        }
        if letters:
            ops.append(g.pauli_rotation(2 * value * theta, "".join(letters.values()), *letters))
        else:
            ops.append(g.global_phase(-value * theta))
    return ops
