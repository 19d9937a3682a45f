"""A device without noise, so that what it measures can be compared with exact values."""

from __future__ import annotations

from qiskit.circuit import Delay, Measure, Parameter
from qiskit.circuit.library import CXGate, RZGate, SXGate, XGate
from qiskit.providers import BackendV2, Options
from qiskit.transpiler import Target


class Quiet(BackendV2):
    """Four qubits in a row, IBM's gates, no errors."""

    def __init__(self) -> None:
        super().__init__(name="quiet")
        self._target = Target(num_qubits=4, dt=1e-9)
        for gate in (SXGate(), XGate(), RZGate(Parameter("a")), Measure(), Delay(Parameter("t"))):
            self._target.add_instruction(gate, {(q,): None for q in range(4)})
        row = [(0, 1), (1, 2), (2, 3)]
        self._target.add_instruction(CXGate(), dict.fromkeys(row + [(b, a) for a, b in row]))

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
