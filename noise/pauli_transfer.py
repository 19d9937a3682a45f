"""The Pauli-transfer simulator as a backend: exact noisy values, batched and differentiable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, final

import numpy as np
import torch
from torch import Tensor

from circuits import _native
from circuits.backends.statevector import check_preparations
from circuits.circuit import Circuit
from circuits.compact import compact
from circuits.errors import (
    InvalidArgumentError,
    UnsupportedOperationError,
)
from circuits.execution import Backend, Request, Result, as_generator
from circuits.gradients.adjoint import AdjointPlan
from circuits.gradients.methods import Backpropagation
from circuits.pauli import PauliSum
from circuits.remembered import Remembered
from circuits.simulators import sampling
from circuits.simulators.transfer import (
    EntryMeasurement,
    NativeTransfer,
    TransferEngine,
    TransferExpectations,
    TransferProbabilities,
    WholeVector,
    native_transfer_support,
)
from circuits.simulators.transfer.vectors import basis_entries, sign_transform
from noise.flat_runs import FlatRuns
from noise.noisy import check_noise_model, with_noise

if TYPE_CHECKING:
    from noise.model import NoiseModel

_ENGINES = ("auto", "native", "torch")
_KEPT = 64  # plans that a backend remembers

Plan = Callable[[Tensor, Tensor], Tensor]


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
        if engine not in _ENGINES:
            raise InvalidArgumentError(
                f"Argument `engine` must be one of {_ENGINES}, got {engine!r}."
            )
        if engine == "native" and _native.kernels() is None:
            raise UnsupportedOperationError(
                "The native engine was not compiled with this installation "
                f"({_native.reason()}). Use engine='torch', or reinstall where there is a C++ "
                "compiler."
            )
        self.noise_model = check_noise_model(noise_model)
        self.engine = engine
        self._plans = Remembered[Any](_KEPT)
        self._flat: tuple[Any, FlatRuns] | None = None

    @property
    def engine_in_use(self) -> str:
        """`"native"` or `"torch"`: what runs on the CPU; other devices always use torch."""
        return "torch" if self.engine == "torch" or _native.kernels() is None else "native"

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
            runs = FlatRuns(self.noise_model, self._reading, self._measurement)
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
        metadata = {**request.tags, "backend": name, "shots": request.shots}
        shots, generator = request.shots, as_generator(request.generator)
        request = self.lower(request)
        if request.qubits is not None:
            return Result(samples=self._samples(request, generator), metadata=metadata)
        width, observables, whole = self._plans.of(
            (self._model_state(), request.circuit, *request.observables),
            "estimate",
            lambda: self._whole(request),
        )
        vector = whole(request.inputs.detach(), request.weights.detach())

        def rotated(basis: dict[int, str]) -> Tensor:
            letters = [(q, basis.get(q, "Z")) for q in range(width)]
            index = torch.as_tensor(basis_entries(letters), device=vector.device)
            entries = vector.T.index_select(0, index)
            return sign_transform(entries).clamp(min=0)

        means, variances = sampling.estimate(rotated, observables, shots, generator)
        return Result(values=means, variances=variances, metadata=metadata)

    def _whole(self, request: Request) -> tuple[int, list[PauliSum], Plan]:
        """Qubits that matter, the observables on them, and the plan of the whole Pauli vector."""
        small, new = compact(self.noisy(request.circuit), self._measured(request))
        observables = [o.with_width(None).map_qubits(new) for o in request.observables]
        plan = self._make(small, WholeVector(small.n_qubits), self._reading(new))
        return small.n_qubits, observables, plan

    def _measured(self, request: Request) -> list[int]:
        return sorted({q for o in request.observables for q in o.qubits})

    def _samples(self, request: Request, generator: torch.Generator | None) -> Tensor:
        """uint8 `(points, shots, k)`; qubits on which nothing happens are drawn on their own."""
        assert request.qubits is not None
        assert request.shots is not None
        parts = self._plans.of(
            (self._model_state(), request.circuit),
            ("samples", request.qubits, request.bases),
            lambda: self._parts(request),
        )
        columns: dict[int, Tensor] = {}
        for qubits, plan in parts:
            values = plan(request.inputs.detach(), request.weights.detach())
            outcomes = sampling.draw(values.T.clamp(min=0), request.shots, generator)
            for k, qubit in enumerate(qubits):
                columns[qubit] = (outcomes >> k & 1).to(torch.uint8)
        return torch.stack([columns[q] for q in request.qubits], dim=-1)

    def _parts(self, request: Request) -> list[tuple[list[int], Plan]]:
        """Qubits that are drawn together, with the plan of their probabilities."""
        assert request.qubits is not None
        small, new = compact(self.noisy(request.circuit))
        letters = list(zip(request.qubits, request.bases or "Z" * len(request.qubits), strict=True))
        parts = [[pair for pair in letters if pair[0] in new]]
        parts += [[pair] for pair in letters if pair[0] not in new]
        plans = []
        for part in parts:
            qubits = [q for q, _ in part]
            measurement = TransferProbabilities(part, new, self._idle(qubits, new))
            plans.append((qubits, self._make(small, measurement, self._reading(new))))
        return plans

    def _plan(self, request: Request) -> Plan:
        def make() -> Plan:
            lowered = self.lower(request)
            plan = self._planned(lowered)
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

    def _planned(self, request: Request) -> Plan:
        small, new = compact(self.noisy(request.circuit))
        return self._make(small, self._measurement(request, new), self._reading(new))

    def _measurement(self, request: Request, new: dict[int, int]) -> EntryMeasurement:
        """What an exact request reads, where its qubits are now."""
        if request.qubits is None:
            idle = self._idle(self._measured(request), new)
            return TransferExpectations(request.observables, new, idle)
        bases = request.bases or "Z" * len(request.qubits)
        letters = list(zip(request.qubits, bases, strict=True))
        return TransferProbabilities(letters, new, self._idle(request.qubits, new))

    def _make(
        self, circuit: Circuit, measurement: EntryMeasurement, reading: dict[int, np.ndarray]
    ) -> Plan:
        check_preparations(circuit)
        engine = TransferEngine(circuit, reading)
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

    def _reading(self, position: dict[int, int]) -> dict[int, np.ndarray]:
        """For each simulated qubit with readout error the matrix that reading applies."""
        confusion = self._confusion().items()
        return {position[q]: reading_matrix(c) for q, c in confusion if q in position}

    def _idle(self, qubits: Sequence[int], position: dict[int, int]) -> dict[int, np.ndarray]:
        """Pauli vectors `(4,)` of the qubits that stay in |0>, as they are read."""
        zero, confusion = np.array([1.0, 0.0, 0.0, 1.0]), self._confusion()
        perfect = np.eye(2)
        return {
            q: reading_matrix(confusion.get(q, perfect)) @ zero for q in qubits if q not in position
        }


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


def reading_matrix(confusion: np.ndarray) -> np.ndarray:
    """What reading does to the Pauli vector of a qubit, in whichever basis it is measured.

    P -> a I + b P for P = X, Y, Z, with a = P(0|1) - P(1|0) and b = 1 - P(0|1) - P(1|0). This is
    no channel: each letter is measured in an experiment of its own.

    Args:
        confusion: [[P(0|0), P(1|0)], [P(0|1), P(1|1)]].

    Returns:
        `(4, 4)`.
    """
    one_from_zero, zero_from_one = float(confusion[0][1]), float(confusion[1][0])
    matrix = np.diag([1.0, *[1 - one_from_zero - zero_from_one] * 3])
    matrix[1:, 0] = zero_from_one - one_from_zero
    return matrix
