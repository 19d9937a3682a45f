"""Circuits as Qiskit runs them: converted once, with one parameter per angle expression.

Nothing is optimised here. What a circuit holds is what is sent, so folds, twirls and inserted
gates survive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
import torch
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Parameter

from circuits.backends.qiskit.bases import basis_change
from circuits.backends.statevector import check_preparations
from circuits.circuit import Circuit
from circuits.execution import Request
from circuits.finite import check_finite
from circuits.interop.qiskit import to_qiskit
from circuits.machines.lowering import content_key
from circuits.machines.machine import Machine
from circuits.machines.slots import with_slots
from circuits.remembered import Remembered
from circuits.simulators.binding import Binding, bind

READ = "read"
"""Name of the classical register that holds outcomes."""

Adapt = Callable[[QuantumCircuit], QuantumCircuit]

_KEPT = 256


@final
@dataclass(frozen=True, slots=True)
class Prepared:
    """A circuit in Qiskit's terms.

    Attributes:
        source: The circuit.
        circuit: Qiskit's circuit without measurements and global phase.
        parameters: Its parameters, in the order of the columns of `angles`.
        binding: From values to angles.
        numbers: The circuit's numbers for the binding.
        positions: For each parameter an angle of the circuit that it stands for.
        with_measurements: What `measured` returned before.
    """

    source: Circuit
    circuit: QuantumCircuit
    parameters: tuple[Parameter, ...]
    binding: Binding
    numbers: tuple[np.ndarray, ...]
    positions: tuple[int, ...]
    with_measurements: dict[Any, QuantumCircuit] = field(default_factory=dict, compare=False)

    def angles(self, request: Request) -> np.ndarray:
        """Values of the parameters, float64 `(points, n)`.

        Raises:
            NonFiniteError: If one is not finite.
        """
        inputs = request.inputs.detach().to("cpu", torch.float64)
        weights = request.weights.detach().to("cpu", torch.float64)
        angles = self.binding.angles(self.numbers, inputs, weights)
        check_finite(angles, inputs, weights)
        check_finite(inputs, inputs, weights)
        check_finite(weights, inputs, weights)
        found: np.ndarray = angles[list(self.positions)].T.numpy()
        return np.ascontiguousarray(found)

    def measured(
        self, basis: Mapping[int, str], qubits: Sequence[int], machine: Machine | None
    ) -> QuantumCircuit:
        """The circuit, basis changes in the machine's gates, and a measurement.

        Args:
            basis: Letters of the qubits that are not measured in Z.
            qubits: Qubit `qubits[k]` is read into bit k of the register `READ`.
            machine: Gates for the basis changes; `None` takes h and sdg.
        """
        key = tuple(basis.items()), tuple(qubits), machine
        known = self.with_measurements.get(key)
        if known is not None:
            return known
        result = self.circuit.copy()
        changes = [op for q, letter in basis.items() for op in basis_change(letter, q, machine)]
        if changes:
            after = Circuit(self.source.n_qubits, changes)
            result.compose(to_qiskit(after), inplace=True, copy=False)
        register = ClassicalRegister(len(qubits), READ)
        result.add_register(register)
        result.measure(list(qubits), register)
        self.with_measurements[key] = result
        return result


_known = Remembered[Prepared](_KEPT)


def prepare(circuit: Circuit, adapt: Adapt | None = None) -> Prepared:
    """The circuit in Qiskit's terms, converted once.

    Args:
        circuit: The circuit.
        adapt: What a simulator does to Qiskit's circuit before it can run it.

    Raises:
        ConversionError: If an operation has no counterpart, naming it.
        UnsupportedOperationError: If a state is prepared on qubits that were used.
    """
    return _known.of((), (content_key(circuit), adapt), lambda: _prepared(circuit, adapt))


def _prepared(circuit: Circuit, adapt: Adapt | None) -> Prepared:
    check_preparations(circuit)
    circuit = Circuit(circuit.n_qubits, [op for op in circuit.ops if op.kind != "global_phase"])
    plain, expressions = with_slots(circuit)
    converted = to_qiskit(plain)
    angles = [angle for op in circuit.ops for angle in op.angles]
    first: dict[Any, int] = {}
    for position, angle in enumerate(angles):
        first.setdefault(angle, position)
    by_index = {int(getattr(p, "index", 0)): p for p in converted.parameters}
    binding = bind(circuit)
    return Prepared(
        circuit,
        converted if adapt is None else adapt(converted),
        tuple(by_index[k] for k in range(len(expressions))),
        binding,
        binding.numbers(circuit),
        tuple(first[expression] for expression in expressions),
    )
