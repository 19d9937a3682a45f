"""pyqtorch: torch autograd through a batched circuit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import torch
from torch import Tensor, nn

from qml.bench.peers.base import TorchPeer
from qml.bench.workloads import Array, Workload, big_endian, pauli_factors, without_u3

_AUTOGRAD_UP_TO = 17
_OPERATIONS = {
    "rx": "RX",
    "ry": "RY",
    "rz": "RZ",
    "cx": "CNOT",
    "x": "X",
    "crx": "CRX",
    "crz": "CRZ",
}


@final
class PyQTorch(TorchPeer):
    """One run of the circuit per step, every expectation value from its state."""

    gates = frozenset(_OPERATIONS) | {"u3"}
    amplitude = True

    def __init__(self) -> None:
        import pyqtorch

        self.pyq: Any = pyqtorch

    def settings(self, work: Workload) -> str:
        if work.n_qubits <= _AUTOGRAD_UP_TO:
            return "complex128, DiffMode.AD, one run for all observables"
        return "complex128, DiffMode.ADJOINT (AD would keep every state)"

    def amplitudes(self, x: Array) -> Array:
        return big_endian(x)

    def function(self, work: Workload, weights: nn.Parameter) -> Callable[[Tensor], Tensor]:
        pyq, n = self.pyq, work.n_qubits
        operations = []
        for name, qubits, slots in without_u3(work.instructions()):
            names = [f"{kind}{index}" for kind, index in slots]
            operations.append(getattr(pyq, _OPERATIONS[name])(*qubits, *names))
        circuit = pyq.QuantumCircuit(n, operations).to(dtype=torch.complex128)
        observables = [
            [(coefficient, self._observable(label)) for coefficient, label in terms]
            for terms in work.observables
        ]

        def angles(x: Tensor) -> dict[str, Tensor]:
            named = {f"w{k}": value for k, value in enumerate(weights.unbind(0))}
            if not work.amplitude:
                named |= {f"x{k}": value for k, value in enumerate(x.unbind(-1))}
            return named

        def autograd(x: Tensor) -> Tensor:
            if work.amplitude:
                start = x.T.reshape((2,) * n + (work.batch,)).to(torch.complex128)
            else:
                start = circuit.init_state(batch_size=1)
            state = circuit.run(state=start, values=angles(x))
            values = [
                sum(coefficient * observable.expectation(state) for coefficient, observable in row)
                for row in observables
            ]
            return torch.stack(values, -1).reshape(work.batch, -1)

        def adjoint(x: Tensor) -> Tensor:
            named, mode = angles(x), pyq.DiffMode.ADJOINT
            values = [
                sum(
                    coefficient * pyq.expectation(circuit, None, named, observable, mode)
                    for coefficient, observable in row
                )
                for row in observables
            ]
            return torch.stack(values, -1).reshape(work.batch, -1)

        return autograd if n <= _AUTOGRAD_UP_TO else adjoint

    def _observable(self, label: str) -> Any:
        pyq = self.pyq
        letters = [getattr(pyq, letter)(qubit) for letter, qubit in pauli_factors(label)]
        inner = letters if len(letters) == 1 else [pyq.Sequence(letters)]
        return pyq.Observable(inner).to(dtype=torch.complex128)
