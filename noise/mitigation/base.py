"""`Mitigation`: a backend that wraps a backend, and what every method shares.

A method says which requests it needs (`prepare`) and how to join what comes out (`combine`); the
base class lowers, runs everything in one call of the inner backend and keeps the books. Methods
nest: the inner backend may be a mitigation itself.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from circuits.errors import ArgumentTypeError, InvalidArgumentError, UnsupportedOperationError
from circuits.execution import Backend, Request, Result, Values, as_generator

CIRCUITS = "circuits"  # tag and metadata: how many circuits a request stands for


@dataclass(frozen=True, slots=True)
class Cost:
    """What a mitigated request costs on the machine, per point.

    Attributes:
        circuits: Number of circuits that are run.
        shots: Shots of all circuits together (per commuting group of observables); `None` if the
            request is exact.
        ops: Operations of all circuits together.
        two_qubit_ops: Those on two or more qubits, barriers left out.
    """

    circuits: int
    shots: int | None
    ops: int
    two_qubit_ops: int

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.circuits + other.circuits,
            _sum_of_shots([self.shots, other.shots]),
            self.ops + other.ops,
            self.two_qubit_ops + other.two_qubit_ops,
        )


class Mitigation(Backend):
    """A backend that improves the values of another one.

    Subclasses are final and define `prepare` and `combine`, and `more` if what they run next
    depends on what came out. Laws, checked by the conformance suite:

    * **Lowering first.** `run` lowers with the inner backend, then prepares. What `prepare` returns
      is native and is run as it is, because `lower` leaves native circuits alone.
    * **Shots are a total.** `request.shots` is what one mitigated value may cost: `prepare` splits
      it over its circuits (`split_shots`), so that methods compare at equal cost and the result's
      `metadata["shots"]` is what was asked for. As everywhere, shots count per point and per
      commuting group of observables.
    * **One source of randomness.** All prepared requests share one generator, so their shot noise
      is independent also when the user gave an integer seed.
    * **Graphs pass.** `combine` works on tensors with torch, so gradients reach whatever the inner
      backend lets them reach. It is batched over points and observables.
    * **Shifted gradients can be approximate.** On backends without gradients, shifted points are
      mitigated each on its own. That is exact where `combine` is linear in the measured values and
      every angle stays in one gate. Exponential and neural fits, regression and ratios are not
      linear, and a folded circuit holds an angle several times, with noise between; gradients then
      are off by a part of the noise that is left.
    * **Errors propagate.** Results of estimates carry `variances`; those of exact values have none.

    Args:
        backend: Where the prepared requests run.

    Attributes:
        backend: The inner backend.
        differentiable, exact, max_points: Those of the inner backend.
    """

    def __init__(self, backend: Backend) -> None:
        if not isinstance(backend, Backend):
            raise ArgumentTypeError(
                f"Argument `backend` must be a Backend such as noise.PauliTransfer(model), got "
                f"{type(backend).__name__}: {backend!r}."
            )
        self.backend = backend
        self.differentiable = backend.differentiable
        self.exact = backend.exact
        self.max_points = backend.max_points

    @abstractmethod
    def prepare(self, request: Request) -> list[Request]:
        """The requests that answer a request.

        Args:
            request: A lowered request whose generator is set up for sharing: pass it on.

        Returns:
            At least one request; derive them with `derive`, so that nothing is dropped.
        """

    @abstractmethod
    def combine(self, request: Request, results: Sequence[Result]) -> Result:
        """The mitigated result.

        Args:
            request: The lowered request that was given to `prepare`.
            results: One per prepared request, in order; those of `more` behind.

        Returns:
            Values `(points, m)`, variances where the results have them, and the method's own
            facts as metadata. The caller adds what all methods report.
        """

    def more(self, request: Request, results: Sequence[Result]) -> list[Request]:
        """Further requests, decided from the results so far; none ends the method.

        Each round is one more call of the inner backend (one more job on hardware).
        """
        return []

    def total_shots(self, request: Request, shots: Sequence[int | None]) -> int | None:
        """Shots per commuting group of observables; a method that measures groups itself says so.

        Args:
            request: The lowered request that was given to `prepare`.
            shots: Those of the circuits that were run, in order; `None` where exact.
        """
        return _sum_of_shots(shots)

    def lower(self, request: Request) -> Request:
        return self.backend.lower(request)

    def run(self, requests: Sequence[Request]) -> list[Result]:
        lowered = [self._ready(request) for request in requests]
        prepared = [self.prepare(request) for request in lowered]
        collected = [list[Result]() for _ in lowered]
        while any(prepared):
            flat = self.backend.run([request for group in prepared for request in group])
            position = 0
            for found, group in zip(collected, prepared, strict=True):
                found.extend(flat[position : position + len(group)])
                position += len(group)
            pairs = zip(lowered, collected, prepared, strict=True)
            prepared = [self.more(request, found) if ran else [] for request, found, ran in pairs]
        return [
            self._finished(request, found)
            for request, found in zip(lowered, collected, strict=True)
        ]

    def expand(self, requests: Sequence[Request]) -> list[Request]:
        ready = [self._ready(request) for request in requests]
        return self.backend.expand([one for request in ready for one in self.prepare(request)])

    def cost(self, request: Request) -> Cost:
        """What `run` would cost, without running: rounds of `more` are not counted.

        Args:
            request: What to run.

        Returns:
            Circuits, shots and operations, those of nested mitigations included.
        """
        lowered = self._ready(request)
        costs = [_cost(self.backend, prepared) for prepared in self.prepare(lowered)]
        return Cost(
            sum(cost.circuits for cost in costs),
            self.total_shots(lowered, [cost.shots for cost in costs]),
            sum(cost.ops for cost in costs),
            sum(cost.two_qubit_ops for cost in costs),
        )

    def _ready(self, request: Request) -> Request:
        """The lowered request, which counts as one circuit whatever tags the user gave."""
        return derive(shared_generator(self.lower(request)), tags={CIRCUITS: 1})

    def _finished(self, request: Request, results: Sequence[Result]) -> Result:
        result = self.combine(request, results)
        facts = {
            **request.tags,
            "backend": repr(self),
            CIRCUITS: sum(inner.metadata.get(CIRCUITS, 1) for inner in results),
            "shots": self.total_shots(request, [r.metadata.get("shots") for r in results]),
        }
        return replace(result, metadata={**result.metadata, **facts})


def derive(request: Request, **changes: Any) -> Request:
    """A request with some fields changed and all others kept.

    Args:
        request: Where to start.
        **changes: `circuit`, `values`, `observables`, `qubits`, `bases`, `shots`, `generator` or
            `tags`; tags are added to those of the request.

    Returns:
        The new request.
    """
    kept = [name for name in Request.__slots__ if name not in ("_values", "circuit")]
    fields: dict[str, Any] = {name: getattr(request, name) for name in kept}
    circuit = changes.pop("circuit", request.circuit)
    values = changes.pop("values", Values(request.inputs, request.weights))
    tags: Mapping[str, Any] = {**request.tags, **changes.pop("tags", {})}
    return Request(circuit, values, **{**fields, **changes, "tags": tags})


def shared_generator(request: Request) -> Request:
    """The request with its seed turned into a generator, to be shared by derived requests."""
    return derive(request, generator=as_generator(request.generator))


def split_shots(
    shots: int | None, weights: Sequence[float], *, name: str = "circuits"
) -> list[int | None]:
    """Divide a total of shots in proportion to weights, each part at least 1.

    Args:
        shots: The total; `None` (exact) gives `None` for every part.
        weights: Positive weights, one per part; equal numbers for equal parts.
        name: What the parts are, for the message.

    Returns:
        One number per part; they sum to `shots`.

    Raises:
        InvalidArgumentError: If there are fewer shots than parts.

    >>> split_shots(10, [1, 1, 1])
    [4, 3, 3]
    """
    if shots is None:
        return [None] * len(weights)
    if shots < len(weights):
        raise InvalidArgumentError(
            f"Argument `shots` is the total over {len(weights)} {name}, so it must be at least "
            f"{len(weights)}; got {shots}."
        )
    spare, whole = shots - len(weights), sum(weights)
    exact = [spare * weight / whole for weight in weights]
    parts = [int(part) for part in exact]
    by_remainder = sorted(range(len(weights)), key=lambda k: (parts[k] - exact[k], k))
    for k in by_remainder[: spare - sum(parts)]:
        parts[k] += 1
    return [1 + part for part in parts]


def values_of(results: Sequence[Result], name: str) -> tuple[Tensor, Tensor | None]:
    """Stack values and variances of results.

    Args:
        results: Results with values of one shape `(points, m)`.
        name: The method, for the message.

    Returns:
        Values `(k, points, m)` and variances of that shape; `None` if all values are exact.
        Exact values among estimates have variance 0.

    Raises:
        UnsupportedOperationError: If a result holds samples.
    """
    values = []
    for result in results:
        if result.values is None:
            raise UnsupportedOperationError(
                f"{name} improves expectation values and exact probabilities, not samples. Ask for "
                "observables, or for samples from the inner backend."
            )
        values.append(result.values)
    stacked = torch.stack(values)
    if all(result.variances is None for result in results):
        return stacked, None
    spread = [
        torch.zeros_like(value) if result.variances is None else result.variances
        for value, result in zip(values, results, strict=True)
    ]
    return stacked, torch.stack(spread)


def refuse_samples(request: Request, name: str) -> None:
    """Refuse early a request for samples, which only readout methods can answer.

    Raises:
        UnsupportedOperationError: If qubits are to be sampled.
    """
    if request.qubits is not None and request.shots is not None:
        raise UnsupportedOperationError(
            f"{name} improves expectation values and exact probabilities, not samples. Ask for "
            "observables, or sample with the inner backend."
        )


def _sum_of_shots(shots: Sequence[int | None]) -> int | None:
    spent = [number for number in shots if number is not None]
    return sum(spent) if spent else None


def _cost(backend: Backend, request: Request) -> Cost:
    """The cost of a prepared request, that of mitigations inside plain wrappers included."""
    if isinstance(backend, Mitigation):
        return backend.cost(request)
    wrapped = getattr(backend, "backend", None)
    if isinstance(wrapped, Backend):
        return _cost(wrapped, request)
    wide = [
        op for op in request.circuit.ops if len(op.qubits) >= 2 and op.kind not in ("barrier", "id")
    ]
    circuits = request.tags.get(CIRCUITS, 1)
    return Cost(circuits, request.shots, circuits * len(request.circuit.ops), circuits * len(wide))
