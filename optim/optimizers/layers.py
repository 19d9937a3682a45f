"""Layers of commuting rotations, and their block of the metric as something to measure."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from circuits import Backend, Circuit, PauliSum
from circuits.errors import UnsupportedOperationError
from circuits.execution import Request, Seed, Values
from optim.optimizers.angles import flattened, pauli_of

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Layer:
    """Rotations on different qubits, and all gates before them.

    Attributes:
        before: The gates before the layer; each angle is a weight of its own.
        slots: Which of the angles that vary the rotations have.
        paulis: Their Pauli strings.
    """

    before: Circuit
    slots: list[int]
    paulis: list[PauliSum]

    def products(self) -> list[PauliSum]:
        """P_i P_j for j < i, i the slower index."""
        return [a * b for k, a in enumerate(self.paulis) for b in self.paulis[:k]]


@functools.lru_cache(maxsize=32)
def layers_of(circuit: Circuit) -> tuple[Layer, ...]:
    """The layers of a circuit: a gate with an angle joins the last layer if its qubits are free.

    Raises:
        UnsupportedOperationError: If a gate with an angle is no Pauli rotation.
    """
    flat, _ = flattened(circuit)
    layers: list[Layer] = []
    busy: set[int] = set()
    slot = 0
    for position, op in enumerate(flat.ops):
        if any(not angle.is_constant for angle in op.angles):
            pauli = pauli_of(op)
            if pauli is None:
                raise UnsupportedOperationError(
                    f"The blocks of the metric need Pauli rotations, but `{op.name}` on qubits "
                    f"{op.qubits} is none. Use approximation='full', or rx, ry, rz, rxx, ..."
                )
            if not layers or busy & {*op.qubits}:
                layers.append(Layer(Circuit(flat.n_qubits, flat.ops[:position]), [], []))
                busy = set()
            layers[-1].slots.append(slot)
            layers[-1].paulis.append(pauli.with_width(flat.n_qubits))
            slot += 1
        busy |= {*op.qubits} if op.kind != "barrier" else set()
    return tuple(layers)


def measured_blocks(
    circuit: Circuit,
    point: Array,
    diagonal: bool,
    backend: Backend,
    shots: int | None,
    generator: Seed,
) -> Array:
    """The metric `(m, m)` of all angles that vary, from one request for each layer."""
    layers = layers_of(circuit)
    requests = [
        Request(
            layer.before,
            _values_of(layer.before, point),
            layer.paulis if diagonal else [*layer.paulis, *layer.products()],
            shots=shots,
            generator=generator,
        )
        for layer in layers
    ]
    metric = np.zeros((len(point), len(point)))
    for layer, result in zip(layers, backend.run(requests), strict=True):
        assert result.values is not None
        found = result.values[0].numpy().astype(np.float64)
        size = len(layer.slots)
        products = np.eye(size)
        if not diagonal:
            products[np.tril_indices(size, -1)] = found[size:]
            products += np.tril(products, -1).T
        covariance = products - np.outer(found[:size], found[:size])
        metric[np.ix_(layer.slots, layer.slots)] = covariance / 4
    return metric * kept_entries(circuit, diagonal)


@functools.lru_cache(maxsize=32)
def kept_entries(circuit: Circuit, diagonal: bool) -> Array:
    """One where an approximation keeps an entry of the metric `(m, m)` of all angles, else zero."""
    layers = layers_of(circuit)
    place = np.zeros(sum(len(layer.slots) for layer in layers), dtype=np.int64)
    for k, layer in enumerate(layers):
        place[layer.slots] = k
    kept = np.eye(len(place), dtype=bool) if diagonal else place[:, None] == place
    return np.asarray(kept, dtype=np.float64)


def _values_of(circuit: Circuit, point: Array) -> Values:
    """All angles as weights, or nothing where the circuit has none yet."""
    row = torch.from_numpy(point)[None, : circuit.n_weights]
    return Values(row[:, :0], row)
