"""The energy as a function of parameters: on the kernels, or through any backend."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray

from circuits import Backend, Circuit, FlatCircuit, PauliSum, StateVector
from circuits.errors import InvalidArgumentError
from circuits.execution import Request, Seed, Values, as_generator, check_shots
from circuits.gradients import make_evaluator
from circuits.gradients.methods import Evaluator
from optim.optimizers.trigonometric import Wave, waves_of

Array = NDArray[np.float64]


class Objective(ABC):
    """An energy of n parameters.

    Attributes:
        size: n.
        circuit: The circuit, with weights.
        exact: Whether the same parameters always have the same energy.
    """

    size: int
    exact: bool

    @property
    @abstractmethod
    def circuit(self) -> Circuit:
        """The circuit, whose weights are the parameters."""

    @property
    def waves(self) -> tuple[Wave, ...]:
        """The frequencies of the energy along each parameter."""
        return waves_of(self.circuit)

    @abstractmethod
    def values(self, points: Array, shots: int | None = None) -> Array:
        """Energies `(k,)` at points `(k, n)`.

        Args:
            points: Where.
            shots: Measurements, instead of those that the objective was made with.
        """

    @abstractmethod
    def values_and_gradients(self, points: Array) -> tuple[Array, Array]:
        """Energies `(k,)` and their derivatives `(k, n)` at points `(k, n)`."""


@final
class FlatObjective(Objective):
    """The exact energy of a `FlatCircuit`; its angles are the parameters."""

    exact = True

    def __init__(self, flat: FlatCircuit, hamiltonian: PauliSum) -> None:
        self.flat = flat
        self.hamiltonian = hamiltonian
        self.size = flat.n_angles

    @property
    def circuit(self) -> Circuit:
        return self.flat.to_circuit(symbols=True)

    def values(self, points: Array, shots: int | None = None) -> Array:
        assert shots is None
        return np.asarray(self.flat.expectation(self.hamiltonian, points))

    def values_and_gradients(self, points: Array) -> tuple[Array, Array]:
        values, slopes = self.flat.value_and_gradient(self.hamiltonian, points)
        return np.asarray(values), slopes


@final
class CircuitObjective(Objective):
    """The energy of a `Circuit` on a backend; its weights, in order, are the parameters.

    Args:
        circuit: Circuit without inputs.
        hamiltonian: The observable.
        backend: Where to run; default the exact simulator.
        shots: Measurements per point; `None` is exact.
        generator: Source of randomness for shots.
        staged: Whether the method brings its own shots.
    """

    def __init__(
        self,
        circuit: Circuit,
        hamiltonian: PauliSum,
        backend: Backend | None = None,
        shots: int | None = None,
        generator: Seed = None,
        *,
        staged: bool = False,
    ) -> None:
        if circuit.n_inputs:
            raise InvalidArgumentError(
                "The energy of a circuit with inputs is no function of its weights alone: bind "
                "the inputs first, `circuit.bind(x=...)`."
            )
        self._circuit = circuit
        self.hamiltonian = hamiltonian
        self.backend = StateVector() if backend is None else backend
        self.shots = check_shots(shots)
        self.generator = as_generator(generator)
        self.size = circuit.n_weights
        self.exact = self.shots is None and self.backend.exact and not staged

    @property
    def circuit(self) -> Circuit:
        return self._circuit

    def values(self, points: Array, shots: int | None = None) -> Array:
        rows = torch.from_numpy(np.ascontiguousarray(points, dtype=np.float64))
        spent = self.shots if shots is None else check_shots(shots)
        if spent is None and isinstance(self.backend, StateVector):
            with torch.no_grad():
                return self._numbers(self._evaluator(rows[:, :0], rows))
        request = Request(
            self._circuit,
            Values(rows[:, :0], rows),
            (self.hamiltonian,),
            shots=spent,
            generator=self.generator,
        )
        (result,) = self.backend.run([request])
        assert result.values is not None
        return self._numbers(result.values)

    def values_and_gradients(self, points: Array) -> tuple[Array, Array]:
        rows = torch.from_numpy(np.ascontiguousarray(points, dtype=np.float64))
        rows.requires_grad_()
        values = self._evaluator(rows.detach()[:, :0], rows)
        slopes = torch.autograd.grad(values.sum(), rows)[0]
        return self._numbers(values), slopes.numpy().astype(np.float64)

    @cached_property
    def _evaluator(self) -> Evaluator:
        observed = (self.hamiltonian,)
        return make_evaluator(self._circuit, observed, self.backend, self.shots, self.generator)

    @staticmethod
    def _numbers(values: torch.Tensor) -> Array:
        return values[:, 0].detach().numpy().astype(np.float64)


def objective_of(
    circuit: Circuit | FlatCircuit,
    hamiltonian: PauliSum,
    backend: Backend | None,
    shots: int | None,
    generator: Seed,
    *,
    staged: bool = False,
) -> Objective:
    """The objective of a circuit: on the kernels where energies are exact and nothing is given."""
    if isinstance(circuit, FlatCircuit):
        if backend is None and shots is None and not staged:
            return FlatObjective(circuit, hamiltonian)
        circuit = circuit.to_circuit(symbols=True)
    return CircuitObjective(circuit, hamiltonian, backend, shots, generator, staged=staged)
