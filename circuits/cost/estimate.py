"""`estimate_cost`: what requests would cost on a backend, without running them."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import torch

from circuits.arguments import integer
from circuits.cost.assumptions import Assumptions, Work
from circuits.cost.client import Extra, extra_of
from circuits.cost.device import Device, device_of, device_of_target, innermost, is_qiskit_backend
from circuits.cost.limits import EXECUTIONS, LIMITS, Hit, Load, hits_of
from circuits.errors import ArgumentTypeError, InvalidArgumentError
from circuits.execution import Backend, Request, Values, check_shots
from circuits.machines.lowering import lower_request
from circuits.simulators.sampling import measurement_groups

_NOTHING_MORE = Extra()


@final
@dataclass(frozen=True, slots=True)
class PlannedJob:
    """One job of one call.

    Attributes:
        works: Its circuits.
        shots: Of each of them.
        load: What it asks of the service.
        seconds: Machine time, at least and at most; `None` where no device is known.
        extra: What options of the service's client add.
    """

    works: tuple[Work, ...]
    shots: int
    load: Load
    seconds: tuple[float, float] | None
    extra: Extra = _NOTHING_MORE


@final
@dataclass(frozen=True, slots=True)
class Estimate:
    """What a workload would cost.

    Attributes:
        device: The device it is for; `None` for a simulator that imitates none.
        calls: How often `run` is called with the requests.
        jobs: Jobs, of all calls.
        circuits: Measured circuits (points and measurement bases included), of all calls.
        executions: Circuits times shots, of all calls, with those that calibrate a mitigation of
            the service's client.
        shots: Of each circuit; several numbers where requests differ.
        depth: Of the deepest circuit as it runs: lowered, and prepared by mitigation.
        two_qubit_gates: Of the largest circuit.
        two_qubit_depth: Layers of two-qubit gates of the deepest circuit.
        circuit_seconds: The longest circuit, readout included; `None` where no device is known.
        seconds: Machine time of all calls, at least and at most; `None` where no device is known.
        limits: Limits of the service that would be hit.
        assumptions: What the numbers rest on, in sentences.
    """

    device: str | None
    calls: int
    jobs: int
    circuits: int
    executions: int
    shots: tuple[int, ...]
    depth: int
    two_qubit_gates: int
    two_qubit_depth: int
    circuit_seconds: float | None
    seconds: tuple[float, float] | None
    limits: tuple[Hit, ...]
    assumptions: tuple[str, ...]

    def __str__(self) -> str:
        shots = " and ".join(f"{n:,}" for n in self.shots)
        lines = [
            f"Device: {self.device or 'none (a simulator)'}",
            f"Jobs: {self.jobs:,} with {self.circuits:,} circuits of {shots} shots "
            f"({self.executions:,} executions)",
            f"Circuit: depth {self.depth}, {self.two_qubit_gates} two-qubit gates in "
            f"{self.two_qubit_depth} layers",
        ]
        if self.seconds is not None and self.circuit_seconds is not None:
            lines[-1] += f", {1e6 * self.circuit_seconds:.1f} us"
            low, high = self.seconds
            lines.append(f"Machine time: {low:,.1f} to {high:,.1f} s")
        lines += [f"Limit {hit.limit:,.0f}: {hit.value:,.0f} {hit.text}" for hit in self.limits]
        return "\n".join([*lines, *(f"Assumed: {text}" for text in self.assumptions)])


def estimate_cost(
    requests: Request | Sequence[Request] | Sequence[Sequence[Request]],
    backend: Any,
    *,
    calls: int = 1,
    shots: int | None = None,
    assumptions: Assumptions | None = None,
) -> Estimate:
    """What running requests would cost, without running or sending anything.

    Requests are lowered to the device and prepared by whatever mitigation wraps it, nested ones
    included, so circuits, depths and shots are those that would run. Rounds that a mitigation
    decides on from results are not counted. The state of generators is left as it is.

    Args:
        requests: What one call of `run` would be given; a list of such lists for several calls.
        backend: A backend, a mitigation around one, or a Qiskit `BackendV2` such as a fake device.
        calls: How often all of it: the number of training steps.
        shots: Of requests that name none, where the backend has no shots of its own.
        assumptions: What machine time follows from.

    Raises:
        InvalidArgumentError: If requests have no shots, so that there is nothing to count.
        KetworkError: If the circuits cannot be brought to the device.

    >>> from circuits import Circuit, PauliSum, StateVector, gates as g
    >>> bell = Circuit(2, [g.h(0), g.cx(0, 1)])
    >>> request = Request(bell, torch.zeros(10, 0), [PauliSum("Z0 Z1"), PauliSum("X0")], shots=100)
    >>> estimate = estimate_cost(request, StateVector("torch"))
    >>> estimate.circuits, estimate.executions, estimate.two_qubit_gates
    (20, 2000, 1)
    """
    asked = _as_calls(requests)
    _check(backend)
    integer(calls, "calls")
    given = Assumptions() if assumptions is None else assumptions
    machine = innermost(backend)
    device = device_of(machine)
    jobs: list[PlannedJob] = []
    for call in asked:
        expanded = _expanded(call, backend, machine, device)
        jobs += _planned(expanded, machine, device, check_shots(shots), given)
    return _summed(jobs, device, calls, given)


def _as_calls(requests: Any) -> list[list[Request]]:
    """The requests of each call."""
    one = [requests] if isinstance(requests, Request) else list(requests)
    several = one if one and isinstance(one[0], list | tuple) else [one]
    asked = [list(call) if isinstance(call, list | tuple) else [call] for call in several]
    wrong = next((r for call in asked for r in call if not isinstance(r, Request)), None)
    if wrong is not None or not any(asked):
        raise ArgumentTypeError(
            "Argument `requests` must be a Request, a list of them, or a list of such lists; got "
            f"{'none' if wrong is None else type(wrong).__name__}."
        )
    return asked


def _check(backend: Any) -> None:
    if not isinstance(backend, Backend) and not is_qiskit_backend(backend):
        raise ArgumentTypeError(
            "Argument `backend` must be a Backend or a Qiskit BackendV2, got "
            f"{type(backend).__name__}: {backend!r}."
        )


def _expanded(
    requests: Sequence[Request], backend: Any, machine: Any, device: Device
) -> list[Request]:
    """The requests that reach the machine, without any effect on generators."""
    seeded = [_with_generator(one, torch.Generator().manual_seed(0)) for one in requests]
    if isinstance(backend, Backend):
        # Mitigations may hold generators of their own; the machine itself is shared.
        spare = copy.deepcopy(backend, {id(machine): machine})
        found = spare.expand(seeded)
    else:
        assert device.machine is not None
        found = [lower_request(device.machine, one, 1, 0) for one in seeded]
    return [_with_generator(one, None) for one in found]


def _with_generator(request: Request, generator: torch.Generator | None) -> Request:
    return Request(
        request.circuit,
        Values(request.inputs.detach(), request.weights.detach()),
        request.observables,
        qubits=request.qubits,
        bases=request.bases,
        shots=request.shots,
        generator=generator,
        tags=request.tags,
    )


def _planned(
    requests: list[Request], machine: Any, device: Device, shots: int | None, given: Assumptions
) -> list[PlannedJob]:
    """Jobs as the backend itself would make them, or one per number of shots."""
    plan = getattr(machine, "plan", None)
    if callable(plan):
        plans = plan(requests)
        return [job_of_plan(one, device, given) for one in plans]
    groups: dict[tuple[bool, int], list[Work]] = {}
    for request in requests:
        own = request.shots or getattr(machine, "shots", None) or shots
        if own is None:
            raise InvalidArgumentError(
                "A request without shots has no cost on a machine: give `shots`, in the request, "
                "to the backend or here."
            )
        bases = 1 if request.qubits is not None else len(measurement_groups(request.observables)[0])
        work = Work(device.shape(request.circuit), request.points, bases)
        groups.setdefault((request.qubits is None, own), []).append(work)
    return [
        _job(works, own, device, given)
        for (_, own), members in groups.items()
        for works in _split(members, own)
    ]


def _split(works: list[Work], shots: int) -> list[list[Work]]:
    """Works in as few jobs as the limit on executions allows; points of one work may be parted."""
    jobs: list[list[Work]] = [[]]
    room = LIMITS[EXECUTIONS] // shots
    for work in works:
        left = work.points
        while left:
            fitting = min(left, room // max(1, work.bases))
            if fitting < 1 and jobs[-1]:
                jobs.append([])
                room = LIMITS[EXECUTIONS] // shots
                continue
            fitting = max(1, fitting)
            jobs[-1].append(Work(work.shape, fitting, work.bases, work.factors))
            left, room = left - fitting, room - fitting * work.bases
    return [job for job in jobs if job]


def job_of_plan(plan: Any, device: Device, given: Assumptions) -> PlannedJob:
    """A job that a backend has planned itself.

    Args:
        plan: Its `pubs` (`circuit`, `points`, `bases`, `factors`), `shots`, `device`, `target`;
            `primitive` and `options` if the service's client adds circuits of its own.
        device: What is known of the device already.
        given: What machine time follows from.
    """
    if not device.is_timed and getattr(plan, "target", None) is not None:
        device = device_of_target(plan.device, plan.target)
    works = [Work(device.shape(p.circuit), p.points, p.bases, tuple(p.factors)) for p in plan.pubs]
    options = getattr(plan, "options", {})
    extra = (
        extra_of(options, plan.shots, plan.primitive == "estimator") if options else _NOTHING_MORE
    )
    return _job(works, plan.shots, device, given, extra)


def _job(
    works: Sequence[Work],
    shots: int,
    device: Device,
    given: Assumptions,
    extra: Extra = _NOTHING_MORE,
) -> PlannedJob:
    circuits = sum(work.circuits for work in works)
    times = [(work, work.points * work.bases * sum(work.factors)) for work in works]
    seconds = given.seconds(works, shots, device.rep_delay, extra) if device.is_timed else None
    load = Load(
        math.ceil(circuits * shots * extra.rounding) + extra.calibration,
        round(sum(number * work.shape.instructions for work, number in times)),
        round(sum(number * work.shape.two_qubit_gates for work, number in times)),
        0.0 if seconds is None else seconds[1],
    )
    return PlannedJob(tuple(works), shots, load, seconds, extra)


def _summed(jobs: Sequence[PlannedJob], device: Device, calls: int, given: Assumptions) -> Estimate:
    works = [work for job in jobs for work in job.works]
    shapes = [work.shape for work in works]
    timed = [job.seconds for job in jobs if job.seconds is not None]
    seconds = None
    if device.is_timed:
        seconds = (calls * sum(low for low, _ in timed), calls * sum(high for _, high in timed))
    untimed = max((shape.untimed for shape in shapes), default=0)
    notes = [note for job in jobs for note in job.extra.text]
    return Estimate(
        device=device.name,
        calls=calls,
        jobs=calls * len(jobs),
        circuits=calls * sum(work.circuits for work in works),
        executions=calls * sum(job.load.executions for job in jobs),
        shots=tuple(sorted({job.shots for job in jobs})),
        depth=max((shape.depth for shape in shapes), default=0),
        two_qubit_gates=max((shape.two_qubit_gates for shape in shapes), default=0),
        two_qubit_depth=max((shape.two_qubit_depth for shape in shapes), default=0),
        circuit_seconds=max((shape.seconds for shape in shapes), default=0.0)
        if device.is_timed
        else None,
        seconds=seconds,
        limits=hits_of([job.load for job in jobs], calls, 0.0 if seconds is None else seconds[1]),
        assumptions=(*_text(device, untimed, given), *dict.fromkeys(notes)),
    )


def _text(device: Device, untimed: int, given: Assumptions) -> tuple[str, ...]:
    if not device.is_timed:
        return ("No device is known, so there is no machine time.",)
    return given.text(device.name, device.rep_delay, untimed)
