"""Random circuits over the whole gate table, as hypothesis strategies."""

from __future__ import annotations

import functools
import operator
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor

from circuits import Angle, Circuit, Op, inputs, weights
from circuits import gates as g
from circuits.ops import map_qubits

NOT_UNITARY = (*(name for name, gate in g.TABLE.items() if gate.is_channel), "state_preparation")
SPECIAL = ("barrier", "delay", "pauli_rotation", "unitary", *NOT_UNITARY)
FIXED_SHAPE = tuple(name for name in g.TABLE if name not in SPECIAL)
"""Names of the gates that are called as `gates.NAME(*angles, *qubits)`."""

N_INPUTS, WEIGHT_SHAPE = 3, (2, 2)

coefficients = st.floats(-2, 2, allow_nan=False).map(lambda value: round(value, 3))
seeds = st.integers(0, 2**31 - 1)


def random_unitary(seed: int, dimension: int) -> np.ndarray:
    """Haar-random unitary matrix."""
    rng = np.random.default_rng(seed)
    shape = (dimension, dimension)
    q, r = np.linalg.qr(rng.normal(size=shape) + 1j * rng.normal(size=shape))
    return q * (np.diag(r) / np.abs(np.diag(r)))


def random_channel(seed: int, dimension: int, m: int = 3) -> np.ndarray:
    """Kraus operators `(m, d, d)` of a random channel; not unital."""
    rng = np.random.default_rng(seed)
    shape = (m * dimension, dimension)
    isometry, _ = np.linalg.qr(rng.normal(size=shape) + 1j * rng.normal(size=shape))
    return isometry.reshape(m, dimension, dimension)


def random_amplitudes(seed: int, size: int) -> np.ndarray:
    """Complex numbers, not normalised."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=size) + 1j * rng.normal(size=size)


@st.composite
def angles(draw: st.DrawFn, symbols: list[Angle]) -> Any:
    """A constant, or a sum of products of the symbols: shared, scaled, multiplied, squared."""
    constant = draw(coefficients)
    if not symbols or draw(st.booleans()):
        return constant
    products = draw(st.lists(st.lists(st.sampled_from(symbols), min_size=1, max_size=3),
                             min_size=1, max_size=2))  # fmt: skip
    total: Any = constant
    for product in products:
        total = total + draw(coefficients) * functools.reduce(operator.mul, product)
    return total


def _qubits(draw: st.DrawFn, n: int, k: int) -> list[int]:
    return draw(st.permutations(range(n)))[:k]


@st.composite
def fixed_ops(draw: st.DrawFn, n: int, symbols: list[Angle]) -> Op:
    """One gate of the table with fixed shape."""
    fitting = [name for name in FIXED_SHAPE if (g.TABLE[name].n_qubits or 0) <= n]
    gate = g.TABLE[draw(st.sampled_from(fitting))]
    chosen = [draw(angles(symbols)) for _ in gate.parameters]
    return getattr(g, gate.name)(*chosen, *_qubits(draw, n, gate.n_qubits or 0))


@st.composite
def special_ops(draw: st.DrawFn, n: int, symbols: list[Angle]) -> Op:
    """Pauli rotation, unitary, barrier or delay."""
    kind = draw(st.sampled_from(("pauli_rotation", "unitary", "barrier", "delay")))
    k = draw(st.integers(1, min(n, 3)))
    qubits = _qubits(draw, n, k)
    if kind == "pauli_rotation":
        label = draw(st.text("IXYZ", min_size=k, max_size=k))
        return g.pauli_rotation(draw(angles(symbols)), label, *qubits)
    if kind == "unitary":
        return g.unitary(random_unitary(draw(seeds), 2**k), *qubits)
    return g.barrier(*qubits) if kind == "barrier" else g.delay(1e-6, qubits[0])


@st.composite
def unitary_ops(draw: st.DrawFn, n: int, symbols: list[Angle]) -> Op:
    """Any unitary op, possibly with one or two more controls."""
    op = draw(st.one_of(fixed_ops(n, symbols), fixed_ops(n, symbols), special_ops(n, symbols)))
    free = [q for q in range(n) if q not in op.qubits]
    if op.kind in ("barrier", "delay") or not free or draw(st.integers(0, 3)):
        return op
    return g.controlled(op, *free[: draw(st.integers(1, 2))])


@st.composite
def circuits(
    draw: st.DrawFn,
    max_qubits: int = 5,
    max_ops: int = 10,
    *,
    symbolic: bool = True,
    preparation: bool = True,
    channels: bool = False,
) -> Circuit:
    """A circuit over the whole gate table.

    Symbols: inputs `x` of shape (3,) and weights of shape (2, 2), each of which may be unused.
    """
    n = draw(st.integers(1, max_qubits))
    symbols = [*inputs(N_INPUTS), *weights(*WEIGHT_SHAPE).ravel()] if symbolic else []
    ops: list[Op] = []
    if preparation and draw(st.integers(0, 3)) == 0:
        k = draw(st.integers(1, n))
        amplitudes: Any = random_amplitudes(draw(seeds), 2**k)
        if symbols and draw(st.booleans()):
            amplitudes = [1.5, *(draw(angles(symbols)) for _ in range(2**k - 1))]
        order = draw(st.permutations(range(n)))
        chosen, others = order[:k], order[k:]
        if others:  # earlier ops on other qubits are welcome
            for _ in range(draw(st.integers(0, 3))):
                op = draw(unitary_ops(len(others), symbols))
                ops.append(map_qubits(op, others.__getitem__))
        ops.append(g.state_preparation(amplitudes, *chosen))
    for _ in range(draw(st.integers(1, max_ops))):
        if channels and draw(st.integers(0, 3)) == 0:
            k = draw(st.integers(1, min(n, 2)))
            ops.append(g.kraus(random_channel(draw(seeds), 2**k), *_qubits(draw, n, k)))
        else:
            ops.append(draw(unitary_ops(n, symbols)))
    return Circuit(n, ops)


def random_values(
    circuit: Circuit, seed: int, batch: tuple[int, ...] = (), dtype: torch.dtype = torch.float64
) -> tuple[Tensor | None, Tensor | None]:
    """Values `(x, w)` for a circuit with at most one group of each kind; `None` without one.

    Only `x` has the batch.
    """
    generator = torch.Generator().manual_seed(seed)
    found: list[Tensor | None] = []
    for groups, lead in ((circuit.input_groups, batch), (circuit.weight_groups, ())):
        shape = [(*lead, *group.shape) for group in groups]
        found.append(
            (4 * torch.rand(*shape[0], generator=generator, dtype=torch.float64) - 2).to(dtype)
            if shape
            else None
        )
    return found[0], found[1]


@st.composite
def observables(draw: st.DrawFn, n: int, max_terms: int = 3) -> dict[str, float]:
    """A Hermitian Pauli sum by full-width labels."""
    labels = draw(st.lists(st.text("IXYZ", min_size=n, max_size=n), min_size=1,
                           max_size=max_terms, unique=True))  # fmt: skip
    return {label: draw(coefficients) for label in labels}
