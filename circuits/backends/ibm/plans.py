"""What one call asks of the primitives, before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, final

from qiskit import QuantumCircuit


@final
@dataclass(frozen=True)
class PubPlan:
    """One pub: a circuit at some points.

    Attributes:
        circuit: Lowered, with its parameters; the sampler's also with its measurements.
        points: Sets of values.
        bases: Measured circuits for each point.
        factors: Noise factors at which the client runs each of them.
    """

    circuit: QuantumCircuit
    points: int
    bases: int = 1
    factors: tuple[float, ...] = (1.0,)

    @property
    def circuits(self) -> int:
        """Circuits that are executed."""
        return self.points * self.bases * len(self.factors)

    @cached_property
    def two_qubit_gates(self) -> int:
        """Gates on two and more qubits in the circuit."""
        return sum(
            len(entry.qubits) > 1 and entry.operation.name != "barrier"
            for entry in self.circuit.data
        )


@final
@dataclass(frozen=True)
class JobPlan:
    """One job.

    Attributes:
        primitive: `"estimator"` or `"sampler"`.
        program: The program at the service.
        device: Name of the device.
        target: Qiskit's description of it.
        shots: Measurements of each circuit.
        pubs: What is asked, in order.
        options: Options of the primitive.
    """

    primitive: str
    program: str
    device: str
    target: Any
    shots: int
    pubs: tuple[PubPlan, ...]
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def circuits(self) -> int:
        """Circuits that are executed, without those that calibrate a mitigation."""
        return sum(pub.circuits for pub in self.pubs)

    @property
    def executions(self) -> int:
        """Circuits times shots."""
        return self.circuits * self.shots
