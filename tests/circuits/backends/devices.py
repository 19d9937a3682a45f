"""Devices and circuits of the tests of backends."""

from __future__ import annotations

import torch
from qiskit.circuit import Delay, Measure, Parameter
from qiskit.circuit.library import CXGate, RZGate, SXGate, XGate
from qiskit.providers import BackendV2, Options
from qiskit.transpiler import InstructionProperties, QubitProperties, Target

from circuits import Circuit, inputs, weights
from circuits import gates as g

EDGES = ((0, 1), (1, 2), (2, 3), (3, 4), (1, 4))


class Device(BackendV2):
    """Five qubits with errors of their own; the pair (3, 4) and qubit 3 are the best."""

    def __init__(self, broken: tuple[int, int] | None = None) -> None:
        super().__init__(name="five")
        times = [QubitProperties(t1=1e-4 + q * 1e-5, t2=8e-5 + q * 1e-5) for q in range(5)]
        self._target = Target(num_qubits=5, dt=1e-9, qubit_properties=times)
        single = {(q,): InstructionProperties(3e-8, 2e-3 - q * 3e-4) for q in range(5)}
        self._target.add_instruction(SXGate(), single)
        self._target.add_instruction(XGate(), dict(single))
        self._target.add_instruction(
            RZGate(Parameter("a")), {(q,): InstructionProperties(0.0, 0.0) for q in range(5)}
        )
        pairs = {
            pair: InstructionProperties(3e-7, 1.0 if pair == broken else 0.05 - 0.008 * k)
            for k, (a, b) in enumerate(EDGES)
            for pair in ((a, b), (b, a))
        }
        self._target.add_instruction(CXGate(), pairs)
        read = {(q,): InstructionProperties(1e-6, 0.04 - 0.004 * q) for q in range(5)}
        self._target.add_instruction(Measure(), read)
        self._target.add_instruction(Delay(Parameter("t")), dict.fromkeys(read))

    @property
    def target(self):
        return self._target

    @property
    def max_circuits(self):
        return None

    @classmethod
    def _default_options(cls):
        return Options()

    def run(self, run_input, **options):
        raise NotImplementedError


class Properties:
    """Readout that errs more often on 1 than on 0."""

    def qubit_property(self, qubit):
        return {"prob_meas1_prep0": (0.01 + 0.01 * qubit,), "prob_meas0_prep1": (0.08,)}


class Asymmetric(Device):
    """The same device with both flip probabilities of the readout."""

    def properties(self):
        return Properties()


def example_circuit() -> Circuit:
    x, w = inputs(2), weights(2)
    return Circuit(
        3,
        [
            g.ry(x[0], 0), g.rx(w[0], 1), g.cx(0, 2), g.u(0.1, w[1] * x[1], 0.3, 2),
            g.rzz(x[1], 1, 2), g.h(1), g.cx(1, 0),
        ],
    )  # fmt: skip


def values(points: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(4)
    table = torch.rand(points, 4, dtype=torch.float64, generator=generator)
    return table[:, :2], table[0, 2:]
