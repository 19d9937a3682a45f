"""`Evaluator`: energies, gradients and optimised angles of candidates, all of them counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, final

import numpy as np
import torch
from numpy.typing import ArrayLike

from circuits import Backend, FlatCircuit, Request
from circuits.arguments import integer, number
from circuits.errors import InvalidArgumentError, UnsupportedOperationError
from circuits.evaluate import check_backend
from circuits.execution import as_generator, check_shots
from circuits.flat.table import GATES, N_ANGLES, Floats
from optim.problems.problem import Problem, check_problem
from optim.search.candidate import Candidate, initial_candidate
from optim.search.minimizers import MINIMIZERS, Minimum, bfgs

_POLISH_TOLERANCE = 1e-10
_GAIN = 1e-9  # what a further start must gain
_SINUSOIDAL = np.array(
    [name in {"rx", "ry", "rz", "p", "rxx", "ryy", "rzz", "rzx"} for name in GATES]
)


class Optimized(NamedTuple):
    """A candidate with optimised angles.

    Attributes:
        candidate: The candidate with these angles.
        energy: Its energy as evaluated, so with the noise of the backend.
        evaluations: Energies that were evaluated for it.
    """

    candidate: Candidate
    energy: float
    evaluations: int


@final
class Evaluator:
    """Evaluates candidates for one problem and optimises their angles.

    Without a backend, energies and gradients are exact and come from the native kernels: the
    candidate's arrays become their program in microseconds. With a backend (noisy, mitigated, a
    device) they are `Request`s to it.

    Args:
        problem: The `Problem`.
        backend: What runs the circuits; `None` is the exact state vector.
        shots: Measurements per energy and commuting group of the observable; `None` is exact.
        generator: Randomness of shots and of stochastic optimisers, a seed or a generator.
        optimizer: How angles are optimised, one of `MINIMIZERS`: `"bfgs"` and `"lbfgs"` need
            gradients, `"cobyla"`, `"rotosolve"`, `"spsa"` and `"adam-spsa"` do not, `"none"` keeps
            the angles.
        max_evaluations: Largest number of evaluations per start of the optimiser.
        restarts: Further starts per candidate, at angles normally distributed about the first
            start; the lowest energy wins. They leave local minima that no single angle leaves.
        spread: Standard deviation of these angles, radians.

    Attributes:
        candidates: Candidates whose angles were optimised so far: the unit of every budget.
        evaluations: Energies evaluated so far; a value with gradient counts as one.
        gradients: Values with gradients evaluated so far.

    Raises:
        KetworkError: If an argument is not valid, or the optimizer needs gradients that the
            backend cannot give.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        backend: Backend | None = None,
        shots: int | None = None,
        generator: torch.Generator | int | None = None,
        optimizer: str = "bfgs",
        max_evaluations: int = 1000,
        restarts: int = 0,
        spread: float = 1.0,
    ) -> None:
        if optimizer not in MINIMIZERS:
            raise InvalidArgumentError(
                f"Argument `optimizer` must be one of {', '.join(map(repr, MINIMIZERS))}, got "
                f"{optimizer!r}."
            )
        self.problem = check_problem(problem)
        self.backend = None if backend is None else check_backend(backend)
        self.shots = check_shots(shots)
        if self.shots is not None and backend is None:
            raise InvalidArgumentError(
                "Argument `shots` needs a backend that measures, such as circuits.StateVector()."
            )
        self.optimizer = optimizer
        self.max_evaluations = integer(max_evaluations, "max_evaluations")
        self.restarts = integer(restarts, "restarts", minimum=0)
        self.spread = number(spread, "spread")
        if MINIMIZERS[optimizer].gradients and not self.has_gradients:
            raise InvalidArgumentError(
                f"The optimizer {optimizer!r} needs gradients, but {backend!r} with "
                f"shots={self.shots} gives none: use optimizer='cobyla'."
            )
        self.generator = as_generator(0 if generator is None else generator)
        self.candidates = self.evaluations = self.gradients = 0
        self._prefix = initial_candidate(problem)
        self._flat = Candidate(problem.n_qubits).flat(problem)
        self._loaded: Candidate | None = None
        self._request: tuple[Any, Any] = (None, None)

    @property
    def has_gradients(self) -> bool:
        """Whether gradients can be evaluated."""
        return self.backend is None or (self.backend.differentiable and self.shots is None)

    @property
    def initial(self) -> Candidate:
        """The problem's fixed gates."""
        return self._prefix

    def options(self) -> dict[str, Any]:
        """The settings, as values that JSON can hold."""
        return {
            "backend": None if self.backend is None else repr(self.backend),
            "shots": self.shots,
            "optimizer": self.optimizer,
            "max_evaluations": self.max_evaluations,
            "restarts": self.restarts,
            "spread": self.spread,
        }

    def energy(self, candidate: Candidate, angles: ArrayLike | None = None) -> float:
        """Energy of a candidate.

        Args:
            candidate: The candidate.
            angles: `(n_angles,)`; default its own.
        """
        chosen = candidate.angles if angles is None else angles
        return float(self.energies(candidate, np.asarray(chosen, dtype=np.float64)[None])[0])

    def energies(self, candidate: Candidate, angles: ArrayLike) -> Floats:
        """Energies `(batch,)` of a candidate at several sets of angles `(batch, n_angles)`."""
        table = np.asarray(angles, dtype=np.float64)
        self.evaluations += len(table)
        if self.backend is None:
            flat = self._load(candidate)
            found: Floats = flat.expectation(self.problem.hamiltonian, self._padded(table))
            return found
        return self._run(candidate, torch.tensor(table)).detach().numpy()

    def value_and_gradient(
        self, candidate: Candidate, angles: ArrayLike | None = None
    ) -> tuple[Any, Floats]:
        """Energy and its derivatives by the angles.

        Args:
            candidate: The candidate.
            angles: `(n_angles,)`, or `(batch, n_angles)` for several sets; default its own.

        Returns:
            A float and `(n_angles,)`, or `(batch,)` and `(batch, n_angles)`.

        Raises:
            UnsupportedOperationError: If the backend gives no gradients.
        """
        numbers = candidate.angles if angles is None else np.asarray(angles, dtype=np.float64)
        count = len(numbers) if numbers.ndim == 2 else 1
        self.evaluations += count
        self.gradients += count
        if self.backend is None:
            flat = self._load(candidate)
            value, slopes = flat.value_and_gradient(self.problem.hamiltonian, self._padded(numbers))
            return value, slopes[..., self._prefix.rotations :]
        if not self.has_gradients:
            raise UnsupportedOperationError(
                f"{self.backend!r} with shots={self.shots} gives no gradients."
            )
        table = torch.tensor(np.atleast_2d(numbers)).requires_grad_(True)
        values = self._run(candidate, table)
        slopes = np.zeros(tuple(table.shape))
        if table.numel() and values.requires_grad:
            slopes = torch.autograd.grad(values.sum(), table)[0].numpy()
        found = values.detach().numpy()
        return (found, slopes) if numbers.ndim == 2 else (float(found[0]), slopes[0])

    def optimize(self, candidate: Candidate, start: ArrayLike | None = None) -> Optimized:
        """Optimise the angles of a candidate; counts as one candidate.

        Args:
            candidate: The candidate.
            start: Where the optimiser starts, `(n_angles,)`; default the candidate's angles.
        """
        self.candidates += 1
        run, before = MINIMIZERS[self.optimizer].run, self.evaluations
        found = self._minimized(candidate, start, run, self.max_evaluations)
        first = candidate.angles if start is None else np.asarray(start, dtype=np.float64)
        for _ in range(self.restarts if first.size else 0):
            noise = torch.randn(first.size, generator=self.generator, dtype=torch.float64)
            other = first + self.spread * noise.numpy()
            again = self._minimized(candidate, other, run, self.max_evaluations)
            found = again if again.energy < found.energy - _GAIN else found
        return found._replace(evaluations=self.evaluations - before)

    def polish(self, candidate: Candidate) -> Optimized:
        """Bring the angles of a candidate to the nearest minimum, to the last digits, by gradient.

        Counts as evaluations, not as a candidate.

        Raises:
            UnsupportedOperationError: If the backend gives no gradients.
        """

        def run(objective: Any, start: Floats, most: int) -> Minimum:
            return bfgs(objective, start, most, tolerance=_POLISH_TOLERANCE)

        return self._minimized(candidate, None, run, max(2000, self.max_evaluations))

    def _minimized(
        self, candidate: Candidate, start: ArrayLike | None, run: Any, most: int
    ) -> Optimized:
        before = self.evaluations
        first = candidate.angles if start is None else np.array(start, dtype=np.float64)
        if not candidate.rotations:
            return Optimized(candidate, self.energy(candidate), 1)
        found = run(_Objective(self, candidate), first, most)
        best = candidate.with_angles(found.angles)
        return Optimized(best, float(found.energy), self.evaluations - before)

    def state_dict(self) -> dict[str, Any]:
        """Counters and the state of the generator."""
        return {
            "candidates": self.candidates,
            "evaluations": self.evaluations,
            "gradients": self.gradients,
            "generator": None if self.generator is None else self.generator.get_state(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self.candidates = state["candidates"]
        self.evaluations = state["evaluations"]
        self.gradients = state["gradients"]
        if self.generator is not None and state["generator"] is not None:
            self.generator.set_state(state["generator"])

    def _load(self, candidate: Candidate) -> FlatCircuit:
        flat, loaded = self._flat, self._loaded
        if loaded is None or candidate.codes is not loaded.codes:
            flat.truncate(len(self._prefix))
            flat.extend(candidate.codes, candidate.qubits, candidate.angles)
            self._loaded = candidate
        return flat

    def _padded(self, angles: Floats) -> Floats:
        fixed = self._prefix.angles
        if not fixed.size:
            return angles
        return np.concatenate(
            [np.broadcast_to(fixed, (*angles.shape[:-1], fixed.size)), angles], -1
        )

    def _run(self, candidate: Candidate, table: torch.Tensor) -> torch.Tensor:
        assert self.backend is not None
        known, circuit = self._request
        if known is None or candidate.codes is not known.codes:
            circuit = self._prefix.to_circuit() + candidate.to_circuit(symbols=True)
            self._request = candidate, circuit
        request = Request(
            circuit,
            table,
            [self.problem.hamiltonian],
            shots=self.shots,
            generator=self.generator,
        )
        (result,) = self.backend.run([request])
        assert result.values is not None
        return result.values[:, 0]


@final
class _Objective:
    """The energy of one candidate as a function of its angles."""

    def __init__(self, evaluator: Evaluator, candidate: Candidate) -> None:
        self._evaluator = evaluator
        self._candidate = candidate
        turned = candidate.codes[N_ANGLES[candidate.codes] > 0]
        self.sinusoidal = _SINUSOIDAL[turned]
        exact = evaluator.backend is None or evaluator.backend.exact
        self.exact = exact and evaluator.shots is None

    @property
    def generator(self) -> torch.Generator | None:
        """Source of randomness."""
        return self._evaluator.generator

    def energy(self, angles: Floats) -> float:
        return self._evaluator.energy(self._candidate, angles)

    def energies(self, table: Floats) -> Floats:
        return self._evaluator.energies(self._candidate, table)

    def value_and_gradient(self, angles: Floats) -> tuple[float, Floats]:
        return self._evaluator.value_and_gradient(self._candidate, angles)
