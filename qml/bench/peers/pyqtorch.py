"""pyqtorch: torch autograd through a batched circuit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import torch
from torch import Tensor, nn

from circuits.simulators.memory import physical_memory
from qml.bench.peers.base import TorchPeer
from qml.bench.workloads import Array, Workload, big_endian, pauli_factors, without_u3

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
        if _keeps_states(work):
            return "complex128, DiffMode.AD, one run for all observables"
        return (
            "complex128, DiffMode.ADJOINT (AD needs more than half of the memory), CNOTs with "
            "control above target turned by Hadamard gates (its adjoint is wrong for them)"
        )

    def amplitudes(self, x: Array) -> Array:
        return big_endian(x)

    def function(self, work: Workload, weights: nn.Parameter) -> Callable[[Tensor], Tensor]:
        pyq, n = self.pyq, work.n_qubits
        operations, by_autograd = [], _keeps_states(work)
        for name, qubits, slots in without_u3(work.instructions()):
            if not by_autograd and name == "cx" and qubits[0] > qubits[1]:
                operations += self._turned_cnot(*qubits)
                continue
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

        return autograd if by_autograd else adjoint

    def _turned_cnot(self, control: int, target: int) -> list[Any]:
        """CNOT by its mirror image: pyqtorch 1.7.8's adjoint is wrong for control > target."""
        turn = [self.pyq.H(control), self.pyq.H(target)]
        return [*turn, self.pyq.CNOT(target, control), *turn]

    def _observable(self, label: str) -> Any:
        pyq = self.pyq
        letters = [getattr(pyq, letter)(qubit) for letter, qubit in pauli_factors(label)]
        inner = letters if len(letters) == 1 else [pyq.Sequence(letters)]
        return pyq.Observable(inner).to(dtype=torch.complex128)


def _keeps_states(work: Workload) -> bool:
    """Whether autograd's two states per gate and sample take less than half of the memory."""
    gates = sum(1 for _ in work.instructions())
    return 2 * gates * work.batch * 16 * 2**work.n_qubits < physical_memory() / 2
