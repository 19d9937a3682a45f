"""Qulacs: `ParametricQuantumCircuit.backprop`, sample by sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import numpy as np

from qml.bench.peers.base import Peer, Results
from qml.bench.workloads import Array, Data, Workload


@final
class Qulacs(Peer):
    """One `backprop` per sample, of the observables summed with the loss's cotangents."""

    loops = True

    def __init__(self) -> None:
        import qulacs

        self.qulacs: Any = qulacs

    def settings(self, work: Workload) -> str:
        return "ParametricQuantumCircuit.backprop, one per sample"

    def prepare(self, work: Workload, data: Data) -> Callable[[], Any]:
        qulacs, n = self.qulacs, work.n_qubits
        circuit = qulacs.ParametricQuantumCircuit(n)
        kinds, indices = [], []
        for name, qubits, slots in work.instructions():
            if name == "cx":
                circuit.add_CNOT_gate(*qubits)
                continue
            getattr(circuit, f"add_parametric_{name.upper()}_gate")(*qubits, 0.0)
            kinds.append(slots[0].kind == "x")
            indices.append(slots[0].position)
        from_x, where = np.array(kinds), np.array(indices)
        of_x, of_w = np.flatnonzero(from_x), np.flatnonzero(~from_x)
        observables = [self._observable(n, terms, 1.0) for terms in work.observables]
        state = qulacs.QuantumState(n)
        angles: Array = np.empty(len(where))
        angles[of_w] = data.weights[where[of_w]]

        def step() -> Any:
            values = np.empty((work.batch, len(observables)))
            weights, inputs = np.zeros(work.n_weights), np.zeros((work.batch, work.n_inputs))
            for k in range(work.batch):
                angles[of_x] = data.x[k][where[of_x]] if work.n_inputs else 0.0
                for position, angle in enumerate((-angles).tolist()):
                    circuit.set_parameter(position, angle)
                state.set_zero_state()
                circuit.update_quantum_state(state)
                values[k] = [o.get_expectation_value(state) for o in observables]
                combined = self._combined(n, work, data.cotangents[k])
                gradient = -np.array(circuit.backprop(combined))
                np.add.at(weights, where[of_w], gradient[of_w])
                if work.n_inputs:
                    np.add.at(inputs[k], where[of_x], gradient[of_x])
            return values, weights, inputs

        return step

    def _observable(self, n: int, terms: Any, scale: float) -> Any:
        observable = self.qulacs.Observable(n)
        for coefficient, label in terms:
            observable.add_operator(scale * coefficient, _spaced(label))
        return observable

    def _combined(self, n: int, work: Workload, cotangents: Array) -> Any:
        terms = [
            (float(scale) * coefficient, label)
            for scale, row in zip(cotangents, work.observables, strict=True)
            for coefficient, label in row
        ]
        return self._observable(n, terms, 1.0)

    def results(self, raw: Any) -> Results:
        values, weights, inputs = raw
        found = {"values": values, "weights": weights}
        if inputs.size:
            found["inputs"] = inputs
        return found


def _spaced(label: str) -> str:
    """Qulacs' form of a label.

    >>> _spaced("Z0 X11")
    'Z 0 X 11'
    """
    return " ".join(f"{factor[0]} {factor[1:]}" for factor in label.split())
