"""`Primitives`: whatever has Qiskit's V2 primitives, as a backend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

import numpy as np
from qiskit.primitives import (
    BaseEstimatorV2,
    BaseSamplerV2,
    StatevectorEstimator,
    StatevectorSampler,
)

from circuits.arguments import integer
from circuits.backends.qiskit import outcomes
from circuits.backends.qiskit.prepared import prepare
from circuits.backends.qiskit.pubs import Pubs, estimated, sampled
from circuits.compact import compact_request
from circuits.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    JobFailedError,
    KetworkError,
    UnsupportedOperationError,
)
from circuits.execution import Backend, Request, Result, check_shots
from circuits.machines.lowering import lower_request
from circuits.machines.machine import Machine
from circuits.machines.target import check_backend, machine_of


@final
class Primitives(Backend):
    """Qiskit's V2 estimators and samplers, of any make: reference, Aer, devices, services.

    One call of `run` is at most one job per primitive; the current ones of qiskit-ibm-runtime take
    one number of shots per job, so there it is one job for each number. A pub holds all points of a
    request, whose values are bound there. The circuit with its symbols is lowered once to the gates
    of `backend` and never optimised again.

    Observables go to the estimator, or, without one, to the sampler: basis changes in the
    machine's gates, one pub per commuting group, with the statistics of the measurements. Samples
    need a sampler. Randomness is the primitives' own: seed them, not the requests. (The reference
    primitives would start every pub of a job from an integer seed again, so that errors of all
    requests were the same; here the seed starts one stream per job.)

    Args:
        estimator: A `BaseEstimatorV2`. With `shots` it is asked for the precision 1 / sqrt(shots);
            what that means is its own matter: `StatevectorEstimator` and Aer's `EstimatorV2` add
            normal noise of that standard deviation instead of measuring.
        sampler: A `BaseSamplerV2`.
        backend: The device whose gates circuits are lowered to, a `BackendV2`; by default the
            `backend` of the primitives. A primitive without one receives circuits as they are.
        shots: Shots of requests that name none. Without any, only `StatevectorEstimator` has
            exact values, and probabilities.
        max_points: Points in one pub; larger requests are cut into several pubs of one job.
        optimization_level: Of Qiskit's transpiler, 0 to 3.
        seed_transpiler: Of Qiskit's transpiler.

    Raises:
        ArgumentTypeError: If something is no V2 primitive, or the two are exchanged.
        InvalidArgumentError: If both are missing.

    >>> from qiskit.primitives import StatevectorEstimator
    >>> from circuits import Circuit, gates as g
    >>> bell = Circuit(2, [g.h(0), g.cx(0, 1)])
    >>> bell.expectation(["Z0 Z1", "Z0"], backend=Primitives(StatevectorEstimator())).tolist()
    [1.0, 0.0]
    """

    def __init__(
        self,
        estimator: Any = None,
        sampler: Any = None,
        *,
        backend: Any = None,
        shots: int | None = None,
        max_points: int | None = None,
        optimization_level: int = 1,
        seed_transpiler: int = 0,
    ) -> None:
        if estimator is None and sampler is None:
            raise InvalidArgumentError("Give an `estimator`, a `sampler`, or both.")
        _check(estimator, BaseEstimatorV2, "estimator")
        _check(sampler, BaseSamplerV2, "sampler")
        self.estimator, self.sampler = estimator, sampler
        self.backend = backend if backend is not None else _backend_of(estimator, sampler)
        self.shots = check_shots(shots)
        self.max_points = None if max_points is None else integer(max_points, "max_points")
        self.optimization_level = integer(optimization_level, "optimization_level", 0)
        self.seed_transpiler = integer(seed_transpiler, "seed_transpiler", 0)
        self.exact = isinstance(estimator, StatevectorEstimator) and self.shots is None
        self._machine: Machine | None = None
        if self.backend is not None:
            self._machine = machine_of(check_backend(self.backend))

    def __repr__(self) -> str:
        given = (self.estimator, self.sampler)
        parts = [type(one).__name__ for one in given if one is not None]
        if self.backend is not None:
            parts.append(f"backend={getattr(self.backend, 'name', type(self.backend).__name__)}")
        if self.shots is not None:
            parts.append(f"shots={self.shots}")
        return f"Primitives({', '.join(parts)})"

    def lower(self, request: Request) -> Request:
        if self._machine is None:
            return request
        return lower_request(self._machine, request, self.optimization_level, self.seed_transpiler)

    def run(self, requests: Sequence[Request]) -> list[Result]:
        planned = [self._plan(self.lower(request)) for request in requests]
        results: list[Result | None] = [None] * len(planned)
        for primitive in (self.estimator, self.sampler):
            mine = [k for k, (used, _) in enumerate(planned) if used is primitive]
            pubs = [pub for k in mine for pub in planned[k][1].pubs]
            found = _run(primitive, pubs)
            first = 0
            for k in mine:
                plan = planned[k][1]
                results[k] = plan.finish(found[first : first + len(plan.pubs)])
                first += len(plan.pubs)
        return [result for result in results if result is not None]

    def _plan(self, request: Request) -> tuple[Any, Pubs]:
        """The primitive that a request goes to, and what it is asked."""
        shots = self.shots if request.shots is None else request.shots
        facts = {**request.tags, "backend": repr(self), "shots": shots}
        self._check(request, shots)
        if self._machine is None:
            request = compact_request(request)
        prepared = prepare(request.circuit)
        prepared.angles(request)
        by_estimator = self.estimator is not None and (request.qubits is None or shots is None)
        primitive = self.estimator if by_estimator else self.sampler
        if request.points == 0:
            return primitive, Pubs([], lambda _: outcomes.nothing(request, shots, facts))
        if by_estimator:
            # The reference estimator adds noise to values and reports standard errors of zero.
            told = not isinstance(primitive, StatevectorEstimator)
            return primitive, estimated(request, prepared, shots, self.max_points, facts, told)
        assert shots is not None
        machine, most = self._machine, self.max_points
        return primitive, sampled(request, prepared, shots, most, machine, facts)

    def _check(self, request: Request, shots: int | None) -> None:
        channel = next((op for op in request.circuit.ops if op.is_channel), None)
        if channel is not None:
            raise UnsupportedOperationError(
                f"The circuit holds the channel `{channel.name}`, which primitives do not run. Use "
                "circuits.Aer() or a noise simulator."
            )
        if shots is None and not isinstance(self.estimator, StatevectorEstimator):
            raise UnsupportedOperationError(
                f"{self!r} has no exact values: give `shots`, in the request or for all of them."
            )
        if shots is None:
            return
        if request.qubits is not None and self.sampler is None:
            raise UnsupportedOperationError(
                f"{self!r} has no sampler, so it draws no samples. Pass one as `sampler`."
            )
        if request.generator is not None:
            raise UnsupportedOperationError(
                "Argument `generator` has no effect on primitives, which have their own "
                "randomness. Give the seed to the primitive, such as StatevectorSampler(seed=1)."
            )


def _check(primitive: Any, kind: type, argument: str) -> None:
    if primitive is not None and not isinstance(primitive, kind):
        raise ArgumentTypeError(
            f"Argument `{argument}` must be a Qiskit V2 primitive ({kind.__name__}), got "
            f"{type(primitive).__name__}: {primitive!r}."
        )


def _backend_of(*primitives: Any) -> Any:
    """The device that a primitive says it runs on, or `None`."""
    for primitive in primitives:
        found = getattr(primitive, "backend", None)
        found = found() if callable(found) and not hasattr(found, "target") else found
        if found is not None:
            return found
    return None


def _independent(primitive: Any) -> Any:
    """A reference primitive that does not start each pub from the same integer seed."""
    if type(primitive) is StatevectorEstimator and isinstance(primitive.seed, int):
        seed = np.random.default_rng(primitive.seed)
        return StatevectorEstimator(default_precision=primitive.default_precision, seed=seed)
    if type(primitive) is StatevectorSampler and isinstance(primitive.seed, int):
        seed = np.random.default_rng(primitive.seed)
        return StatevectorSampler(default_shots=primitive.default_shots, seed=seed)
    return primitive


def _run(primitive: Any, pubs: Sequence[Any]) -> list[Any]:
    """The results of all pubs: one job, or one per number of shots where a service says so."""
    one_for_all = type(primitive).__module__.startswith("qiskit_ibm_runtime.executor_")
    jobs: dict[Any, list[int]] = {}
    for position, pub in enumerate(pubs):
        jobs.setdefault(pub[-1] if one_for_all else None, []).append(position)
    found: dict[int, Any] = {}
    for members in jobs.values():
        found.update(zip(members, _submitted(primitive, [pubs[k] for k in members]), strict=True))
    return [found[k] for k in range(len(pubs))]


def _submitted(primitive: Any, pubs: Sequence[Any]) -> list[Any]:
    """The results of one job."""
    try:
        return list(_independent(primitive).run(pubs).result())
    except KetworkError:
        raise
    except Exception as error:  # a primitive's own classes are of many libraries
        raise JobFailedError(
            f"{type(primitive).__name__} could not run the job: {type(error).__name__}: {error}"
        ) from error
