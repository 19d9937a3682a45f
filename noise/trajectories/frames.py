"""Trajectories of Pauli noise: faults are angles of a circuit that a state vector can run.

Each Pauli channel becomes RX(pi x) and RZ(pi z) on its qubits, with x and z 0 or 1 for each
record. So all records of all points are one batch of the state-vector engine, with its gradients;
equal records are run once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import final

import numpy as np
import torch
from torch import Tensor

from circuits.backends.statevector import StateVector, engine_for
from circuits.circuit import Circuit
from circuits.execution import Probabilities
from circuits.gates import rx, rz
from circuits.gradients.adjoint import AdjointPlan
from circuits.gradients.methods import Backpropagation, Observed, measurement_of
from circuits.ops import Op
from circuits.symbols import Group
from circuits.symbols import inputs as declare
from noise.trajectories.faults import PauliLocations, chunks
from noise.trajectories.unravelling import Drawn, Unravelling

Plan = Backpropagation | AdjointPlan


@final
class PauliFrames(Unravelling):
    """Trajectories of a circuit whose channels are all mixtures of Pauli operators.

    Args:
        circuit: The circuit.
        angles: Its angles, `(n_angles, points)`.
        inputs: `(points, n_inputs)`.
        weights: `(1 or points, n_weights)`.
    """

    def __init__(self, circuit: Circuit, angles: Tensor, inputs: Tensor, weights: Tensor) -> None:
        self.locations = PauliLocations(circuit, angles, weights.shape[0] == 1)
        self.inputs, self.weights = inputs, weights
        self.clean = self.locations.clean(len(inputs))
        self.groups = circuit.input_groups
        name = "fault"
        while any(name == group.name for group in self.groups):
            name += "_"
        self.name = name
        self._planned: tuple[Observed, Plan] | None = None
        symbols = declare(max(self.locations.n_slots, 1), name=name)
        self.framed = _framed(circuit, self.locations, symbols)

    def without_faults(self, observed: Observed) -> Tensor:
        points = torch.arange(len(self.inputs), device=self.inputs.device)
        nothing = np.zeros((len(points), self.locations.n_slots), dtype=np.uint8)
        return self._values(observed, points, nothing)

    def draw(self, points: Tensor, observed: Observed, generator: torch.Generator | None) -> Drawn:
        faults = self.locations.draw(points, generator)
        first, inverse = _distinct(points, self.locations.bits(faults))
        bits = self.locations.bits(faults)[first]
        values = self._values(observed, points[_index(first, points)], bits)
        scores = self.locations.scores(faults, points)
        return Drawn(values.index_select(0, _index(inverse, points)), scores)

    def clean_states(self) -> Tensor:
        points = torch.arange(len(self.inputs), device=self.inputs.device)
        nothing = np.zeros((len(points), self.locations.n_slots), dtype=np.uint8)
        return self._state(points, nothing)

    def states(
        self, points: Tensor, generator: torch.Generator | None
    ) -> Iterator[tuple[Tensor, Tensor]]:
        if not len(points):
            return
        bits = self.locations.bits(self.locations.draw(points, generator))
        first, inverse = _distinct(points, bits)
        order = np.argsort(inverse, kind="stable")
        ends = np.cumsum(np.bincount(inverse, minlength=len(first)))
        for part in chunks(len(first), 2**self.framed.n_qubits):
            chosen = first[part]
            state = self._state(points[_index(chosen, points)], bits[chosen])
            start = ends[part.start - 1] if part.start else 0
            records = order[start : ends[part.start + len(chosen) - 1]]
            for some in chunks(len(records), 2**self.framed.n_qubits):
                mine = records[some]
                columns = _index(inverse[mine] - part.start, points)
                yield state.index_select(1, columns), _index(mine, points)

    def _values(self, observed: Observed, points: Tensor, bits: np.ndarray) -> Tensor:
        if self._planned is None or self._planned[0] is not observed:
            self._planned = observed, self._plan(observed)
        plan = self._planned[1]
        width = max(self.locations.n_slots, 2**self.framed.n_qubits)
        parts = [
            plan(*self._arguments(points[part], bits[part])) for part in chunks(len(points), width)
        ]
        return torch.cat(parts)

    def _plan(self, observed: Observed) -> Plan:
        measurement = measurement_of(observed, self.framed.n_qubits)
        engine = engine_for(self.framed)
        if isinstance(observed, Probabilities):
            return Backpropagation(engine, measurement)
        native = StateVector().native_engine(self.framed, observed)
        return AdjointPlan(engine, measurement, native)

    def _state(self, points: Tensor, bits: np.ndarray) -> Tensor:
        inputs, weights = (v.detach() for v in self._arguments(points, bits))
        native = StateVector().native_engine(self.framed) if inputs.device.type == "cpu" else None
        if native is not None:
            return native.states(inputs, weights).T
        with torch.no_grad():
            return engine_for(self.framed).state(inputs, weights, phase=False)

    def _arguments(self, points: Tensor, bits: np.ndarray) -> tuple[Tensor, Tensor]:
        """Inputs and weights of the framed circuit, for records of the given points."""
        faults = math.pi * torch.from_numpy(bits).to(self.inputs)
        columns = dict(
            zip(self.groups, self.inputs.split([g.size for g in self.groups], 1), strict=True)
        )
        parts = [faults[:, :0]]
        parts += [self._column(columns, g, points, faults) for g in self.framed.input_groups]
        weights = self.weights if len(self.weights) == 1 else self.weights.index_select(0, points)
        return torch.cat(parts, dim=1), weights

    def _column(
        self, columns: dict[Group, Tensor], group: Group, points: Tensor, faults: Tensor
    ) -> Tensor:
        return faults if group.name == self.name else columns[group].index_select(0, points)


def _framed(circuit: Circuit, locations: PauliLocations, symbols: np.ndarray) -> Circuit:
    """The circuit with rotations by symbols in place of its channels."""
    ops: list[Op] = []
    slots = iter(locations.slots.tolist())
    for op in circuit.ops:
        if not op.is_channel:
            ops.append(op)
            continue
        first = next(slots)
        for position, qubit in enumerate(op.qubits):
            x, z = symbols[first + 2 * position : first + 2 * position + 2]
            ops += [rx(x, qubit), rz(z, qubit)]
    return Circuit(circuit.n_qubits, ops)


def _distinct(points: Tensor, bits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First positions of the distinct pairs of point and faults, and which pair each record is."""
    packed = np.packbits(bits, axis=1)
    rows = np.concatenate([points.cpu().numpy()[:, None].view(np.uint8), packed], axis=1)
    keys = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.shape[1])))[:, 0]
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return first, inverse


def _index(numbers: Sequence[int] | np.ndarray, like: Tensor) -> Tensor:
    return torch.as_tensor(np.asarray(numbers, dtype=np.int64), device=like.device)
