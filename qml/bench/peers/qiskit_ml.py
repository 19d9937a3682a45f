"""Qiskit Machine Learning: `EstimatorQNN`, parameter-shift gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import numpy as np

from qml.bench.peers.base import Peer, Results
from qml.bench.workloads import Data, Term, Workload

_LARGEST = 4e7


@final
class QiskitML(Peer):
    """`EstimatorQNN` on the exact `StatevectorEstimator`, its documented default."""

    loops = True

    def __init__(self) -> None:
        import qiskit_machine_learning.neural_networks as networks

        self.networks: Any = networks

    def unsupported(self, work: Workload) -> str:
        shifts = 2 * len(work.observables) * sum(len(i.angles) for i in work.instructions())
        if shifts * 2**work.n_qubits > _LARGEST:
            return f"{shifts} parameter shifts per sample would take minutes"
        return super().unsupported(work)

    def settings(self, work: Workload) -> str:
        return "EstimatorQNN, StatevectorEstimator, ParamShiftEstimatorGradient"

    def prepare(self, work: Workload, data: Data) -> Callable[[], Any]:
        from qiskit import QuantumCircuit
        from qiskit.circuit import ParameterVector
        from qiskit.primitives import StatevectorEstimator
        from qiskit_machine_learning.gradients import ParamShiftEstimatorGradient

        x, w = ParameterVector("x", work.n_inputs), ParameterVector("w", work.n_weights)
        circuit = QuantumCircuit(work.n_qubits)
        for name, qubits, slots in work.instructions():
            angles = [(x if kind == "x" else w)[index] for kind, index in slots]
            getattr(circuit, name)(*angles, *qubits)
        estimator = StatevectorEstimator()
        network = self.networks.EstimatorQNN(
            circuit=circuit,
            observables=[_observable(terms, work.n_qubits) for terms in work.observables],
            input_params=list(x),
            weight_params=list(w),
            input_gradients=bool(work.n_inputs),
            estimator=estimator,
            gradient=ParamShiftEstimatorGradient(estimator),
            default_precision=0.0,
        )
        features = data.x if work.n_inputs else None

        def step() -> Any:
            values = network.forward(features, data.weights)
            inputs, weights = network.backward(features, data.weights)
            c = data.cotangents
            return (
                np.asarray(values),
                np.einsum("bo,bok->k", c, np.asarray(weights)),
                None if inputs is None else np.einsum("bo,bod->bd", c, np.asarray(inputs)),
            )

        return step

    def results(self, raw: Any) -> Results:
        values, weights, inputs = raw
        found = {"values": values, "weights": weights}
        if inputs is not None:
            found["inputs"] = inputs
        return found


def _observable(terms: tuple[Term, ...], n: int) -> Any:
    from qiskit.quantum_info import SparsePauliOp

    sparse = []
    for coefficient, label in terms:
        factors = label.split()
        letters = "".join(factor[0] for factor in factors)
        sparse.append((letters, [int(factor[1:]) for factor in factors], coefficient))
    return SparsePauliOp.from_sparse_list(sparse, num_qubits=n)
