"""The values that pass between circuits and the machines that run them.

`Request` says what to run, `Result` what came out, `Backend` runs lists of the one into lists of
the other. Exact, noisy, mitigated and hardware execution are all backends.
"""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from circuits.circuit import Circuit
from circuits.errors import (
    ArgumentTypeError,
    DtypeError,
    InvalidArgumentError,
    QubitError,
    ShapeError,
)
from circuits.ops import check_qubits
from circuits.pauli import PauliSum, as_observables
from circuits.remembered import Remembered

Seed = torch.Generator | int | None

_KEPT = 256  # lists of observables that were checked


def listed(qubits: Any) -> tuple[Any, ...]:
    """Qubits as a tuple.

    Raises:
        ArgumentTypeError: If they are no sequence, but for example a single qubit.
    """
    if not isinstance(qubits, Iterable):
        raise ArgumentTypeError(
            f"Argument `qubits` must be a sequence of qubits such as [0], got "
            f"{type(qubits).__name__}: {qubits!r}."
        )
    return tuple(qubits)


@dataclass(frozen=True, slots=True)
class Probabilities:
    """Ask for basis-state probabilities instead of expectation values.

    Args:
        qubits: Qubits to keep, the first the least significant bit; `None` keeps all.
    """

    qubits: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.qubits is not None:
            object.__setattr__(self, "qubits", listed(self.qubits))


@dataclass(frozen=True, slots=True)
class Values:
    """Values of a circuit's symbols at a number of points.

    Weights that are the same at every point are kept as one row, so that simulators can bind them
    once.

    Attributes:
        inputs: `(points, n_inputs)`, groups in the circuit's order, each flattened row-major.
        weights: `(1 or points, n_weights)`.
    """

    inputs: Tensor
    weights: Tensor

    @property
    def points(self) -> int:
        """Number of points."""
        return self.inputs.shape[0]

    @property
    def table(self) -> Tensor:
        """`(points, n_inputs + n_weights)`: inputs first."""
        weights = self.weights.expand(self.points, self.weights.shape[1])
        return torch.cat([self.inputs, weights], dim=1)


class Request:
    """One circuit at a number of points, and what to measure there.

    Args:
        circuit: The circuit.
        values: `(points, n_inputs + n_weights)`, inputs first; or a `Values`.
        observables: Pauli sums (or what `PauliSum` takes) whose expectation values are wanted;
            empty if `qubits` is given.
        qubits: Qubits to sample, or whose probabilities are wanted (with `shots=None`).
        bases: With `qubits`: letters X, Y, Z; character k is the Pauli basis in which `qubits[k]`
            is measured, outcome 0 being the eigenvalue +1. `None` (and all Z) is the computational
            basis. Basis changes are ideal on our simulators.
        shots: Measurements per point and commuting group; `None` is exact.
        generator: Source of randomness, a `torch.Generator` or integer seed.
        tags: Free-form labels that backends copy to the result's metadata.

    Raises:
        KetworkError: If these do not fit together: observables or qubits outside the circuit,
            observables that are not Hermitian, values of another shape or dtype.
    """

    __slots__ = (
        "_values",
        "bases",
        "circuit",
        "generator",
        "observables",
        "qubits",
        "shots",
        "tags",
    )

    def __init__(
        self,
        circuit: Circuit,
        values: Tensor | Values,
        observables: Sequence[PauliSum] = (),
        *,
        qubits: Sequence[int] | None = None,
        bases: str | None = None,
        shots: int | None = None,
        generator: Seed = None,
        tags: Mapping[str, Any] | None = None,
    ) -> None:
        if bool(observables) == (qubits is not None):
            raise InvalidArgumentError(
                "A request measures either `observables` or `qubits`: give exactly one of them."
            )
        if not isinstance(circuit, Circuit):
            raise ArgumentTypeError(
                f"Argument `circuit` must be a Circuit, got {type(circuit).__name__}."
            )
        self.circuit = circuit
        self._values = values if isinstance(values, Values) else _split(circuit, values)
        self.observables = _check_observables(observables, circuit.n_qubits)
        self.qubits = None if qubits is None else _check_qubits(qubits, circuit.n_qubits)
        self.bases = _check_bases(bases, self.qubits)
        self.shots = check_shots(shots)
        self.generator = check_seed(generator)
        self.tags = dict(tags or {})

    @property
    def rotations(self) -> dict[int, str]:
        """The qubits that are measured in another basis than Z, with their letters."""
        letters = zip(self.qubits or (), self.bases or "", strict=False)
        return {qubit: letter for qubit, letter in letters if letter != "Z"}

    @property
    def values(self) -> Tensor:
        """`(points, n_inputs + n_weights)`."""
        return self._values.table

    @property
    def inputs(self) -> Tensor:
        """`(points, n_inputs)`."""
        return self._values.inputs

    @property
    def weights(self) -> Tensor:
        """`(1 or points, n_weights)`."""
        return self._values.weights

    @property
    def points(self) -> int:
        """Number of points."""
        return self._values.points

    def with_circuit(self, circuit: Circuit) -> Request:
        """The same request for another circuit with the same symbols."""
        return Request(
            circuit,
            self._values,
            self.observables,
            qubits=self.qubits,
            bases=self.bases,
            shots=self.shots,
            generator=self.generator,
            tags=self.tags,
        )

    def __repr__(self) -> str:
        what = f"{len(self.observables)} observables" if self.observables else f"{self.qubits}"
        what += f" in {self.bases}" if self.bases else ""
        return f"Request({self.circuit!r}, {self.points} points, {what}, shots={self.shots})"


def _split(circuit: Circuit, table: Tensor) -> Values:
    expected = circuit.n_inputs + circuit.n_weights
    if not isinstance(table, Tensor):
        raise ArgumentTypeError(
            f"Argument `values` must be a tensor or a Values, got {type(table).__name__}."
        )
    if table.dtype not in (torch.float32, torch.float64):
        raise DtypeError(f"Argument `values` must be float32 or float64, got {table.dtype}.")
    if table.dim() != 2 or table.shape[1] != expected:
        raise ShapeError(
            f"Argument `values` must have shape (points, {expected}): {circuit.n_inputs} inputs "
            f"and {circuit.n_weights} weights; got {tuple(table.shape)}."
        )
    return Values(table[:, : circuit.n_inputs], table[:, circuit.n_inputs :])


@dataclass(frozen=True, slots=True)
class Result:
    """What a backend returns for one request.

    Attributes:
        values: Expectation values `(points, n_observables)`, or probabilities `(points, 2**k)`;
            `None` for sampled qubits.
        variances: Squared standard errors of `values`; `None` if they are exact. NaN where they
            cannot be estimated (a single shot).
        samples: uint8 `(points, shots, k)`, column i is the i-th requested qubit.
        metadata: Free-form facts: shots spent, backend name, tags of the request.
    """

    values: Tensor | None = None
    variances: Tensor | None = None
    samples: Tensor | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def standard_errors(self) -> Tensor:
        """Standard errors of `values`, zero for exact values."""
        if self.values is None:
            raise InvalidArgumentError("A result of samples has no values and no standard errors.")
        return torch.zeros_like(self.values) if self.variances is None else self.variances.sqrt()

    @property
    def counts(self) -> list[dict[str, int]]:
        """For each point how often each bitstring was seen; qubit 0 is the rightmost character."""
        if self.samples is None:
            raise InvalidArgumentError("This result has no samples: request `qubits` with shots.")
        return [counts(points) for points in self.samples]

    def reshape(self, batch: tuple[int, ...], dtype: torch.dtype | None = None) -> Result:
        """The result with the points axis unflattened to `batch` and values cast to `dtype`."""

        def shaped(tensor: Tensor | None, to: torch.dtype | None) -> Tensor | None:
            if tensor is None:
                return None
            return tensor.reshape(*batch, *tensor.shape[1:]).to(to or tensor.dtype)

        return replace(
            self,
            values=shaped(self.values, dtype),
            variances=shaped(self.variances, dtype),
            samples=shaped(self.samples, None),
        )


def counts(samples: Tensor) -> dict[str, int]:
    """Count outcomes as Qiskit-style bitstrings.

    Args:
        samples: uint8 `(shots, n)`; column q is qubit q.

    Returns:
        Bitstring (qubit 0 rightmost) to number of occurrences, most frequent first.

    >>> counts(torch.tensor([[1, 0], [1, 0], [0, 0]], dtype=torch.uint8))
    {'01': 2, '00': 1}
    """
    if not isinstance(samples, Tensor):
        raise ArgumentTypeError(
            f"Argument `samples` must be a tensor, got {type(samples).__name__}. Convert an array "
            "with `torch.as_tensor`."
        )
    if samples.dim() != 2:
        raise ShapeError(
            f"Argument `samples` must have shape (shots, n), got {tuple(samples.shape)}; index "
            "the batch first."
        )
    if bool(((samples != 0) & (samples != 1)).any()):
        raise InvalidArgumentError("Argument `samples` must hold the outcomes 0 and 1 alone.")
    rows, number = torch.unique(samples, dim=0, return_counts=True)
    found = {
        "".join(str(int(bit)) for bit in reversed(row)): int(k)
        for row, k in zip(rows.tolist(), number.tolist(), strict=True)
    }
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


class Backend(ABC):
    """Runs requests.

    Laws, checked by the conformance suite:

    * results come in the order of the requests, points and observables in theirs;
    * values have the dtype and device of the request's values;
    * `run([a, b])` equals `run([a]) + run([b])` for exact requests;
    * what a backend cannot run raises, naming the operation; nothing is dropped. A backend that
      cannot measure in the `bases` of a request raises.
    """

    #: Whether the values of an exact request carry torch's autograd graph.
    differentiable: bool = False
    #: Whether requests without shots are possible.
    exact: bool = True
    #: Whether requests without shots leave nothing to chance, so that a generator has no effect.
    deterministic: bool = False
    #: Largest number of points that one execution takes; larger requests are cut by the backend.
    max_points: int | None = None

    @abstractmethod
    def run(self, requests: Sequence[Request]) -> list[Result]:
        """Run all requests.

        Args:
            requests: What to run.

        Returns:
            One result per request, in order.
        """

    def lower(self, request: Request) -> Request:
        """The request in terms of what the backend really runs (native gates, layout)."""
        return request

    def expand(self, requests: Sequence[Request]) -> list[Request]:
        """The requests that would reach the machine, without running them.

        Lowered, and with all that mitigation makes of them; what depends on results is left out.
        """
        return [self.lower(request) for request in requests]


_checked = Remembered[tuple[PauliSum, ...]](_KEPT)


def _check_observables(observables: Any, n_qubits: int) -> tuple[PauliSum, ...]:
    """Hermitian observables of the circuit; none for an empty sequence."""
    known = isinstance(observables, tuple | list) and all(type(o) is PauliSum for o in observables)
    checked = tuple(observables) if known else tuple(as_observables(observables))

    def check() -> tuple[PauliSum, ...]:
        for k, observable in enumerate(checked):
            observable.check_fits(n_qubits)
            observable.check_hermitian(f"observables[{k}]")
        return checked

    return _checked.of(checked, n_qubits, check)


def _check_qubits(qubits: Sequence[int], n_qubits: int) -> tuple[int, ...]:
    checked = check_qubits(listed(qubits), "qubits")
    if checked and max(checked) >= n_qubits:
        raise QubitError(
            f"Argument `qubits` names qubit {max(checked)}, but the circuit has {n_qubits} "
            f"qubit(s): 0 to {n_qubits - 1}."
        )
    return checked


def _check_bases(bases: str | None, qubits: tuple[int, ...] | None) -> str | None:
    if bases is None:
        return None
    if qubits is None:
        raise InvalidArgumentError(
            "Argument `bases` says how `qubits` are measured: give `qubits` with it. Observables "
            "bring their own bases."
        )
    if not isinstance(bases, str) or len(bases) != len(qubits) or set(bases) - set("XYZ"):
        raise InvalidArgumentError(
            f"Argument `bases` must be a string of {len(qubits)} letters X, Y or Z, one for each "
            f"of `qubits`, got {bases!r}."
        )
    return bases if set(bases) - {"Z"} else None


def check_shots(shots: int | None) -> int | None:
    """Shots as a positive integer or `None`."""
    if shots is None:
        return None
    if isinstance(shots, bool) or not isinstance(shots, numbers.Integral) or shots < 1:
        raise InvalidArgumentError(
            f"Argument `shots` must be a positive integer or None (exact), got {shots!r}."
        )
    return int(shots)


def check_seed(seed: Seed) -> Seed:
    """The seed, if it is a generator, an integer that torch takes, or `None`."""
    if seed is None or isinstance(seed, torch.Generator):
        return seed
    if isinstance(seed, bool) or not isinstance(seed, numbers.Integral):
        raise InvalidArgumentError(
            f"Argument `generator` must be a torch.Generator, an integer seed or None, got "
            f"{type(seed).__name__}: {seed!r}."
        )
    if not -(2**63) <= seed < 2**64:
        raise InvalidArgumentError(
            f"Argument `generator` must be a seed of 64 bits, -2**63 to 2**64 - 1, got {seed}."
        )
    return int(seed)


def as_generator(seed: Seed) -> torch.Generator | None:
    """A generator from a generator, an integer seed, or `None` (torch's default generator)."""
    checked = check_seed(seed)
    return torch.Generator().manual_seed(checked) if isinstance(checked, int) else checked
