"""From requests to pubs of the client's primitives, in jobs, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import torch

from circuits.backends.ibm.limits import most_points, packed
from circuits.backends.ibm.options import ESTIMATOR, SAMPLER
from circuits.backends.ibm.parameters import with_own_parameters
from circuits.backends.ibm.plans import JobPlan, PubPlan
from circuits.backends.qiskit import outcomes
from circuits.backends.qiskit.prepared import prepare
from circuits.backends.qiskit.pubs import Pubs, estimated, sampled
from circuits.execution import Request, Result
from circuits.machines.machine import Machine
from circuits.simulators.sampling import measurement_groups


@final
@dataclass(frozen=True, slots=True)
class Task:
    """What a request asks of a primitive.

    Attributes:
        kind: `"estimator"` or `"sampler"`.
        shots: Shots of each measured circuit.
        pubs: Its pubs, and how its result follows from theirs.
        plans: What each pub costs.
        generator: Source of its seeds in local mode.
    """

    kind: str
    shots: int
    pubs: Pubs
    plans: tuple[PubPlan, ...]
    generator: torch.Generator | None


@final
@dataclass(frozen=True, slots=True)
class Job:
    """Pubs that are sent together.

    Attributes:
        plan: What it is.
        contents: The pubs.
        members: For each pub the numbers of its task and of the pub in that task.
        generators: For each pub the source of its seed.
    """

    plan: JobPlan
    contents: tuple[Any, ...]
    members: tuple[tuple[int, int], ...]
    generators: tuple[torch.Generator | None, ...]


def task_of(
    request: Request,
    shots: int,
    machine: Machine,
    observer: str,
    factors: tuple[float, ...],
    generator: torch.Generator | None,
    facts: dict[str, Any],
) -> Task:
    """The pubs of a lowered request.

    Args:
        request: What is wanted.
        shots: Its shots.
        machine: Gates for the sampler's basis changes.
        observer: The primitive that measures observables.
        factors: Noise factors of the client's mitigation.
        generator: Source of its seeds in local mode.
        facts: Metadata of its result.

    Raises:
        NonFiniteError: If an angle is not finite.
        ResourceLimitError: If a single point exceeds the service's limits.
    """
    kind = SAMPLER if request.qubits is not None else observer
    prepared = prepare(request.circuit, with_own_parameters)
    prepared.angles(request)
    if request.points == 0:
        empty = Pubs([], lambda _: outcomes.nothing(request, shots, facts))
        return Task(kind, shots, empty, (), generator)
    bases = 1
    if kind == ESTIMATOR:
        bases = max(1, len(measurement_groups(request.observables)[0]))
    else:
        factors = (1.0,)
    most = most_points(PubPlan(prepared.circuit, request.points, bases, factors), shots)
    limit = most if most < request.points else None
    if kind == ESTIMATOR:
        pubs = estimated(request, prepared, shots, limit, facts)
    else:
        pubs, bases = sampled(request, prepared, shots, limit, machine, facts), 1
    plans = tuple(PubPlan(pub[0], _points(pub, kind), bases, factors) for pub in pubs.pubs)
    return Task(kind, shots, pubs, plans, generator)


def jobs_of(
    tasks: Sequence[Task],
    device: str,
    target: Any,
    programs: Mapping[str, str],
    options: Mapping[str, Mapping[str, Any]],
) -> list[Job]:
    """One job for each primitive and number of shots, or more where the limits demand it."""
    groups: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for number, task in enumerate(tasks):
        for k in range(len(task.pubs.pubs)):
            groups.setdefault((task.kind, task.shots), []).append((number, k))
    jobs = []
    for (kind, shots), places in groups.items():
        with_plans = [((number, k), tasks[number].plans[k]) for number, k in places]
        for members in packed(with_plans, shots):
            plans = tuple(tasks[number].plans[k] for number, k in members)
            plan = JobPlan(kind, programs[kind], device, target, shots, plans, options[kind])
            contents = tuple(tasks[number].pubs.pubs[k] for number, k in members)
            generators = tuple(tasks[number].generator for number, _ in members)
            jobs.append(Job(plan, contents, tuple(members), generators))
    return jobs


def finished(
    tasks: Sequence[Task],
    jobs: Sequence[Job],
    found: Sequence[Sequence[Any]],
    facts: Callable[[list[int]], Mapping[str, Any]],
) -> Iterator[Result]:
    """The results of the tasks, in order.

    Args:
        tasks: What was asked.
        jobs: In which jobs.
        found: The results of their pubs.
        facts: Metadata of the jobs of these numbers.
    """
    by_place: dict[tuple[int, int], Any] = {}
    jobs_by_task: dict[int, list[int]] = {}
    for position, (job, results) in enumerate(zip(jobs, found, strict=True)):
        by_place.update(zip(job.members, results, strict=True))
        for number in sorted({number for number, _ in job.members}):
            jobs_by_task.setdefault(number, []).append(position)
    for number, task in enumerate(tasks):
        mine = [by_place[number, k] for k in range(len(task.pubs.pubs))]
        result = task.pubs.finish(mine)
        metadata = {**result.metadata, **facts(jobs_by_task.get(number, []))}
        yield Result(result.values, result.variances, result.samples, metadata)


def _points(pub: Sequence[Any], kind: str) -> int:
    angles = pub[2 if kind == ESTIMATOR else 1]
    return 1 if angles is None else len(angles)
