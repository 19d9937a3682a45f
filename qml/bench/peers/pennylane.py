"""PennyLane with the torch interface: `default.qubit` and `lightning.qubit`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import torch
from torch import Tensor, nn

from qml.bench.peers.base import TorchPeer
from qml.bench.workloads import Term, Workload, pauli_factors

KEEP_STATES_UP_TO = 17
_OPERATIONS = {
    "rx": "RX",
    "ry": "RY",
    "rz": "RZ",
    "cx": "CNOT",
    "x": "PauliX",
    "u3": "U3",
    "crx": "CRX",
    "crz": "CRZ",
}


class _PennyLane(TorchPeer):
    """A QNode on a device."""

    gates = frozenset(_OPERATIONS)
    amplitude = True

    def __init__(self) -> None:
        import pennylane

        self.qp: Any = pennylane

    def qnode(self, work: Workload, circuit: Callable[..., Any]) -> Any:
        """The QNode in the best configuration for the workload."""
        raise NotImplementedError

    def function(self, work: Workload, weights: nn.Parameter) -> Callable[[Tensor], Tensor]:
        qp = self.qp
        gates = [
            (getattr(qp, _OPERATIONS[name]), list(qubits), slots)
            for name, qubits, slots in work.instructions()
        ]
        observables = [self._observable(terms) for terms in work.observables]
        big_endian = list(range(work.n_qubits))[::-1]

        def circuit(x: Any, values: Any) -> Any:
            if work.amplitude:
                qp.AmplitudeEmbedding(x, wires=big_endian)
            for gate, qubits, slots in gates:
                angles = [(x if kind == "x" else values)[index] for kind, index in slots]
                gate(*angles, wires=qubits)
            return [qp.expval(observable) for observable in observables]

        node = self.qnode(work, circuit)

        def run(x: Tensor) -> Tensor:
            batch = x if work.batch > 1 else x[0]
            features = batch if work.amplitude else batch.unbind(-1)
            values = node(features, weights.unbind(0))
            outputs = torch.stack(list(values), -1).reshape(work.batch, -1)
            return outputs.to(weights.dtype)

        return run

    def _observable(self, terms: tuple[Term, ...]) -> Any:
        qp = self.qp
        letters = {"X": qp.X, "Y": qp.Y, "Z": qp.Z}
        products = [
            qp.prod(*(letters[p](q) for p, q in pauli_factors(label))) for _, label in terms
        ]
        if len(terms) == 1 and terms[0][0] == 1.0:
            ((letter, qubit),) = pauli_factors(terms[0][1])
            return letters[letter](qubit)
        return qp.Hamiltonian([coefficient for coefficient, _ in terms], products)


@final
class DefaultQubit(_PennyLane):
    """Broadcasting over the batch; backpropagation while its tape of states fits in memory."""

    def settings(self, work: Workload) -> str:
        if work.n_qubits <= KEEP_STATES_UP_TO:
            return "diff_method=backprop, torch interface, parameter broadcasting"
        return "diff_method=adjoint with device_vjp (backprop would keep every state)"

    def qnode(self, work: Workload, circuit: Callable[..., Any]) -> Any:
        device = self.qp.device("default.qubit", wires=work.n_qubits)
        if work.n_qubits <= KEEP_STATES_UP_TO:
            return self.qp.QNode(circuit, device, interface="torch", diff_method="backprop")
        return self.qp.QNode(
            circuit, device, interface="torch", diff_method="adjoint", device_vjp=True
        )


@final
class LightningQubit(_PennyLane):
    """Adjoint differentiation in C++, sample by sample."""

    loops = True

    def settings(self, work: Workload) -> str:
        return "diff_method=adjoint, device_vjp=True, torch interface"

    def qnode(self, work: Workload, circuit: Callable[..., Any]) -> Any:
        device = self.qp.device("lightning.qubit", wires=work.n_qubits)
        return self.qp.QNode(
            circuit, device, interface="torch", diff_method="adjoint", device_vjp=True
        )
