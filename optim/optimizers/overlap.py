"""How alike the states of a circuit are at two points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from circuits import Backend, Circuit, weights
from circuits.errors import InvalidArgumentError
from circuits.execution import Request, Seed, Values, as_generator
from optim.optimizers.angles import angles_at, flattened
from optim.optimizers.states import states_of

Array = NDArray[np.float64]
Overlap = Callable[[Array, Array], Array]
"""From points `(n,)` and `(k, n)` to |<psi(x)|psi(y_j)>|^2 `(k,)`."""


def overlap_of(
    circuit: Circuit,
    *,
    backend: Backend | None = None,
    shots: int | None = None,
    generator: Seed = None,
) -> Overlap:
    """A function from two sets of parameters to the overlap of the circuit's states there.

    With a backend the circuit and the inverse of the circuit are run one after the other, and the
    probability of measuring |0...0> is the overlap.

    Args:
        circuit: Circuit with weights only.
        backend: Where to run; default the exact simulator, which compares the states.
        shots: Measurements per pair; `None` is exact.
        generator: Source of randomness for shots.

    Raises:
        InvalidArgumentError: If the circuit has inputs, or shots are given without a backend.
    """
    if circuit.n_inputs:
        raise InvalidArgumentError("Bind the circuit's inputs first: `circuit.bind(x=...)`.")
    if backend is None:
        if shots is not None or generator is not None:
            raise InvalidArgumentError(
                "Arguments `shots` and `generator` are for a `backend`: without one the states are "
                "compared."
            )
        return lambda point, others: _compared(circuit, point, others)
    echo = _echo(circuit)
    random = as_generator(generator)
    return lambda point, others: _measured(echo, point, others, backend, shots, random)


def _compared(circuit: Circuit, point: Array, others: Array) -> Array:
    flat, _ = flattened(circuit)
    table = [angles_at(circuit, row)[0] for row in (point, *others)]
    states = states_of(flat, np.stack(table))
    found: Array = np.abs(states[1:].conj() @ states[0]) ** 2
    return found


def _measured(
    echo: Circuit,
    point: Array,
    others: Array,
    backend: Backend,
    shots: int | None,
    generator: torch.Generator | None,
) -> Array:
    rows = torch.from_numpy(np.concatenate([np.tile(point, (len(others), 1)), others], axis=1))
    qubits = tuple(range(echo.n_qubits))
    request = Request(
        echo, Values(rows[:, :0], rows), qubits=qubits, shots=shots, generator=generator
    )
    (result,) = backend.run([request])
    if result.samples is not None:
        zeros: Any = (result.samples == 0).all(dim=-1).to(torch.float64).mean(dim=-1)
    else:
        assert result.values is not None
        zeros = result.values[:, 0]
    found: Array = zeros.numpy().astype(np.float64)
    return found


def _echo(circuit: Circuit) -> Circuit:
    """The circuit, then its inverse with a second set of weights."""
    size = circuit.n_weights
    first, second = weights(size, name="first"), weights(size, name="second")
    return _renamed(circuit, first) + _renamed(circuit, second).inverse()


def _renamed(circuit: Circuit, symbols: Any) -> Circuit:
    places, start = {}, 0
    for group in circuit.weight_groups:
        places[group] = start
        start += group.size

    def renamed(angle: Any) -> Any:
        total = angle.constant
        for coefficient, product in angle.terms:
            term = coefficient
            for symbol in product:
                term = symbols[places[symbol.group] + symbol.index] * term
            total = term + total
        return total

    return circuit.map_angles(lambda angle: angle if angle.is_constant else renamed(angle))
