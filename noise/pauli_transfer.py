"""The Pauli-transfer simulator as a backend: exact noisy values, batched and differentiable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, final

import numpy as np
import torch
from torch import Tensor

from circuits.backends.engines import check_engine, engine_in_use
from circuits.backends.statevector import check_preparations
from circuits.circuit import Circuit
from circuits.errors import (
    UnsupportedOperationError,
)
from circuits.execution import Backend, Request, Result, as_generator
from circuits.gradients.adjoint import AdjointPlan
from circuits.gradients.methods import Backpropagation
from circuits.remembered import Remembered
from circuits.simulators.transfer import (
    EntryMeasurement,
    NativeTransfer,
    TransferEngine,
    native_transfer_support,
)
from circuits.simulators.transfer.requests import (
    Plan,
    draws,
    estimates,
    exact_measurement,
    exact_plan,
    reading,
)
from noise.flat_runs import FlatRuns
from noise.noisy import check_noise_model, with_noise

if TYPE_CHECKING:
    from noise.model import NoiseModel

_KEPT = 64  # plans that a backend remembers

Made = TypeVar("Made")


@final
class PauliTransfer(Backend):
    """Exact simulation of noisy circuits as real vectors of Pauli expectation values.

    The state of a sample is the vector of Tr(P rho) over all 4^n Pauli strings; gates and channels
    are real matrices on it, fused where they meet. Differentiable to any order in inputs, weights
    and channel strengths that are symbols. With shots, outcomes are drawn from the exact
    probabilities. Qubits on which nothing happens cost nothing.

    Basis changes for measurement are ideal, and the model's readout error hits every measured
    qubit: in an observable each letter P_q other than I is read as a_q I + b_q P_q.

    Args:
        noise_model: What follows the gates of a circuit and how qubits are read; `None` for
            circuits that hold their channels themselves.
        engine: `"torch"` (any device), `"native"` (compiled kernels on the CPU), or `"auto"`: the
            fastest one that is installed.

    Raises:
        UnsupportedOperationError: If the engine is not installed.

    >>> from circuits import Circuit, gates as g
    >>> noisy = Circuit(1, [g.x(0), g.depolarizing(0.1, 0)])
    >>> float(noisy.expectation("Z0", backend=PauliTransfer()))
    -0.9
    """

    differentiable = True
    deterministic = True

    def __init__(self, noise_model: NoiseModel | None = None, *, engine: str = "auto") -> None:
        self.noise_model = check_noise_model(noise_model)
        self.engine = check_engine(engine)
        self._plans = Remembered[Any](_KEPT)
        self._flat: tuple[Any, FlatRuns] | None = None

    @property
    def engine_in_use(self) -> str:
        """`"native"` or `"torch"`: what runs on the CPU; other devices always use torch."""
        return engine_in_use(self.engine)

    def __repr__(self) -> str:
        model = "" if self.noise_model is None else f"{self.noise_model!r}, "
        return f"PauliTransfer({model}engine={self.engine_in_use})"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_plans": Remembered[Any](_KEPT), "_flat": None}

    def lower(self, request: Request) -> Request:
        if self.noise_model is None:
            return request
        return self.noise_model.lower(request)

    def run(self, requests: Sequence[Request]) -> list[Result]:
        values: list[Tensor | None] = [None] * len(requests)
        if self.engine_in_use == "native" and not torch.compiler.is_compiling():
            values = self._flat_values(requests)
        name = repr(self)
        return [
            self._run(request, name) if found is None else _result(request, name, found)
            for request, found in zip(requests, values, strict=True)
        ]

    def _flat_values(self, requests: Sequence[Request]) -> list[Tensor | None]:
        """The values of circuits without symbols, all in one go."""
        model = self._model_state()
        if self._flat is None or self._flat[0] is not model:
            confusion = self._confusion()
            runs = FlatRuns(
                self.noise_model,
                lambda position: reading(confusion, position),
                lambda request, position: exact_measurement(request, position, confusion),
            )
            self._flat = model, runs
        plain = [r if r.circuit.parameters else self.lower(r) for r in requests]
        return self._flat[1].values(plain)

    def noisy(self, circuit: Circuit) -> Circuit:
        """The circuit with the model's channels behind its gates.

        Raises:
            SymbolError: If a channel of the model has a strength that is a symbol.
        """
        return with_noise(self.noise_model, circuit)

    def _run(self, request: Request, name: str) -> Result:
        if request.shots is None:
            plan = self._plan(request)
            return _result(request, name, plan(request.inputs, request.weights))
        shots, generator = request.shots, as_generator(request.generator)
        metadata = {**request.tags, "backend": name, "shots": shots}
        request = self.lower(request)
        if request.qubits is not None:
            samples = self._made(request, draws)(request, shots, generator)
            return Result(samples=samples, metadata=metadata)
        means, variances = self._made(request, estimates)(request, shots, generator)
        return Result(values=means, variances=variances, metadata=metadata)

    def _made(self, request: Request, what: Callable[..., Made]) -> Made:
        """What a lowered request with shots needs, made once."""
        found: Made = self._plans.of(
            (self._model_state(), request.circuit, *request.observables),
            (what, request.qubits, request.bases),
            lambda: what(self.noisy(request.circuit), request, self._confusion(), self._make),
        )
        return found

    def _plan(self, request: Request) -> Plan:
        def make() -> Plan:
            lowered = self.lower(request)
            noisy = self.noisy(lowered.circuit)
            plan = exact_plan(noisy, lowered, self._confusion(), self._make)
            if lowered.circuit.parameters != request.circuit.parameters:
                plan = _reordering(plan, request.circuit, lowered.circuit)
            return plan

        found: Plan = self._plans.of(
            (self._model_state(), request.circuit, *request.observables),
            (request.qubits, request.bases),
            make,
        )
        return found

    def _model_state(self) -> object:
        """What a plan depends on: another object after each change of the model."""
        return None if self.noise_model is None else self.noise_model.state

    def _make(
        self, circuit: Circuit, measurement: EntryMeasurement, read: Mapping[int, np.ndarray]
    ) -> Plan:
        check_preparations(circuit)
        engine = TransferEngine(circuit, read)
        if self.engine_in_use == "torch":
            return Backpropagation(engine, measurement)
        reason = native_transfer_support(circuit)
        if reason and self.engine == "native":
            raise UnsupportedOperationError(
                f"The native engine cannot run this circuit: {reason}. Use engine='auto'."
            )
        if reason:
            return Backpropagation(engine, measurement)
        return AdjointPlan(engine, measurement, NativeTransfer(engine, measurement))

    def _confusion(self) -> dict[int, np.ndarray]:
        return {} if self.noise_model is None else dict(self.noise_model.readout)


def _result(request: Request, name: str, values: Tensor) -> Result:
    metadata = {**request.tags, "backend": name, "shots": None}
    return Result(values=values, metadata=metadata)


def _reordering(plan: Plan, old: Circuit, new: Circuit) -> Plan:
    """The plan of a translated circuit, for values in the order of the original one's groups."""
    from circuits.machines.lowering import reordered

    def run(inputs: Tensor, weights: Tensor) -> Tensor:
        return plan(
            reordered(inputs, old.input_groups, new.input_groups),
            reordered(weights, old.weight_groups, new.weight_groups),
        )

    return run
