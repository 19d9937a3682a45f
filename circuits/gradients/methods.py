"""Which derivative where: from a backend and a method name to a differentiable evaluator."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import torch
from torch import Tensor

from circuits.backends.statevector import StateVector, engine_for
from circuits.circuit import Circuit
from circuits.errors import InvalidArgumentError, UnsupportedOperationError
from circuits.execution import Backend, Probabilities, Request, Seed, Values
from circuits.finite import check_finite
from circuits.gradients.adjoint import AdjointPlan, Engine
from circuits.gradients.occurrences import Occurrences, as_values
from circuits.gradients.shift import SPSA, ShiftEvaluator
from circuits.pauli import PauliSum
from circuits.simulators.measurement import BasisProbabilities, Expectations, Measurement

Observed = tuple[PauliSum, ...] | Probabilities
Evaluator = Callable[[Tensor, Tensor], Tensor]

DIFF_METHODS = ("auto", "adjoint", "backprop", "parameter-shift", "spsa")


def measurement_of(observed: Observed, n_qubits: int) -> Measurement:
    """What a state-vector simulator reads for observables or probabilities."""
    if isinstance(observed, Probabilities):
        return BasisProbabilities(observed.qubits or tuple(range(n_qubits)), n_qubits)
    return Expectations(observed, n_qubits)


@final
class Backpropagation:
    """An exact simulator as plain differentiable torch operations."""

    def __init__(self, engine: Engine, measurement: Measurement) -> None:
        self.engine = engine
        self.measurement = measurement

    def __call__(self, inputs: Tensor, weights: Tensor) -> Tensor:
        with torch.autocast(inputs.device.type, enabled=False):
            state = self.engine.state(inputs, weights, phase=False)
            values = self.measurement.values(state).T
        check_finite(values, inputs, weights)
        return values


@final
class DirectEvaluator:
    """Runs a request and returns its values; torch's graph passes through the backend."""

    def __init__(
        self,
        circuit: Circuit,
        observed: Observed,
        backend: Backend,
        shots: int | None = None,
        generator: Seed = None,
    ) -> None:
        self.circuit = circuit
        self.backend = backend
        self.shots = shots
        self.generator = generator
        self.observables = () if isinstance(observed, Probabilities) else observed
        self.qubits: tuple[int, ...] | None = None
        if isinstance(observed, Probabilities):
            self.qubits = observed.qubits or tuple(range(circuit.n_qubits))

    def __call__(self, inputs: Tensor, weights: Tensor) -> Tensor:
        request = Request(
            self.circuit,
            Values(inputs, weights),
            self.observables,
            qubits=self.qubits,
            shots=self.shots,
            generator=self.generator,
        )
        with torch.autocast(inputs.device.type, enabled=False):
            values = as_values(self.backend.run([request])[0], inputs.dtype).values
        assert values is not None
        check_finite(values, inputs, weights)
        return values


def make_evaluator(
    circuit: Circuit,
    observed: Observed,
    backend: Backend,
    shots: int | None = None,
    generator: Seed = None,
    diff_method: str | SPSA = "auto",
) -> Evaluator:
    """The differentiable function `(inputs, weights) -> values` for a circuit on a backend.

    Args:
        circuit: The circuit.
        observed: Observables or `Probabilities`.
        backend: Where to run.
        shots: Measurements, or `None` for exact values.
        generator: Source of randomness.
        diff_method: One of `DIFF_METHODS`, or `SPSA(...)` for its settings. `"auto"` takes
            adjoint on the exact state-vector simulator, backprop on other exact differentiable
            simulators, and parameter shift elsewhere.

    Raises:
        UnsupportedOperationError: If the method is not defined for the backend or the circuit.
    """
    if isinstance(diff_method, SPSA):
        occurrences = Occurrences(circuit, observed, backend, shots, generator)
        return ShiftEvaluator(occurrences, diff_method)
    if diff_method not in DIFF_METHODS:
        raise InvalidArgumentError(
            f"Argument `diff_method` must be one of {DIFF_METHODS} or an SPSA(...), got "
            f"{diff_method!r}."
        )
    if diff_method == "auto":
        diff_method = _choose(backend, shots)
    if diff_method in ("adjoint", "backprop"):
        _check_exact(diff_method, backend, shots)
    if diff_method == "adjoint":
        if not isinstance(backend, StateVector):
            raise UnsupportedOperationError(
                f"diff_method='adjoint' needs the exact StateVector backend, got {backend!r}. "
                "Use 'backprop' or 'parameter-shift'."
            )
        return AdjointPlan(
            engine_for(circuit),
            measurement_of(observed, circuit.n_qubits),
            backend.native_engine(circuit, observed),
        )
    if diff_method == "backprop":
        if isinstance(backend, StateVector):
            return Backpropagation(engine_for(circuit), measurement_of(observed, circuit.n_qubits))
        return DirectEvaluator(circuit, observed, backend, generator=generator)
    occurrences = Occurrences(circuit, observed, backend, shots, generator)
    return ShiftEvaluator(occurrences, SPSA() if diff_method == "spsa" else None)


def _choose(backend: Backend, shots: int | None) -> str:
    if shots is None and isinstance(backend, StateVector):
        return "adjoint"
    return "backprop" if shots is None and backend.differentiable else "parameter-shift"


def _check_exact(method: str, backend: Backend, shots: int | None) -> None:
    if shots is not None:
        raise UnsupportedOperationError(
            f"diff_method={method!r} needs exact values, but shots={shots}. Use "
            "'parameter-shift' or 'spsa', or shots=None."
        )
    if not backend.differentiable:
        raise UnsupportedOperationError(
            f"diff_method={method!r} needs a differentiable backend, which {backend!r} is not. "
            "Use 'parameter-shift' or 'spsa'."
        )
