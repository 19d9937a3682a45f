"""The stated limits of the service, and jobs that keep to them.

Requests are split over several jobs nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from circuits.backends.ibm.plans import PubPlan
from circuits.cost.limits import EXECUTIONS, INSTRUCTIONS, LIMITS
from circuits.errors import ResourceLimitError

COSTS: Mapping[str, int] = {"barrier": 0, "measure": 10, "reset": 17}
"""Control instructions of an operation; other one-qubit operations count 2, pairs 5, rz 1."""
_INITIALISATION = 50

T = TypeVar("T")


def instructions(pub: PubPlan) -> int:
    """Control instructions of the busiest qubit in one run of a pub's circuit."""
    load: dict[object, int] = {}
    for entry in pub.circuit.data:
        name = entry.operation.name
        usual = 1 if name == "rz" else 2 if len(entry.qubits) == 1 else 5
        for qubit in entry.qubits:
            load[qubit] = load.get(qubit, _INITIALISATION) + COSTS.get(name, usual)
    return int(max(load.values(), default=0) * sum(pub.factors))


def at_most(pub: PubPlan) -> int:
    """An upper bound of `instructions` that is cheap to have."""
    return int((_INITIALISATION + max(COSTS.values()) * len(pub.circuit.data)) * sum(pub.factors))


def most_points(pub: PubPlan, shots: int) -> int:
    """How many points of a pub fit into one job.

    Raises:
        ResourceLimitError: If not even one does.
    """
    one = pub.bases * len(pub.factors) * shots
    small = at_most(pub) * pub.bases * pub.points <= LIMITS[INSTRUCTIONS]
    if small and one * pub.points <= LIMITS[EXECUTIONS]:
        return pub.points
    most = min(
        LIMITS[EXECUTIONS] // one,
        LIMITS[INSTRUCTIONS] // max(1, instructions(pub) * pub.bases),
    )
    if most < 1:
        raise ResourceLimitError(
            f"A single point needs {one} executions (measured circuits times shots) and "
            f"{instructions(pub) * pub.bases} instructions on one qubit; a job of the service may "
            f"have {LIMITS[EXECUTIONS]} and {LIMITS[INSTRUCTIONS]}. Use fewer shots, observables "
            "or gates; nothing was sent."
        )
    return most


def packed(pubs: Sequence[tuple[T, PubPlan]], shots: int) -> list[list[T]]:
    """Pubs in order, in as few jobs as the limits allow when order is kept.

    Args:
        pubs: What to pack, each with its plan; each fits into a job on its own.
        shots: Shots of all of them.
    """
    total = sum(plan.circuits * shots for _, plan in pubs)
    bound = sum(at_most(plan) * plan.points * plan.bases for _, plan in pubs)
    if total <= LIMITS[EXECUTIONS] and bound <= LIMITS[INSTRUCTIONS]:
        return [[item for item, _ in pubs]]
    jobs: list[list[T]] = []
    executions = load = 0
    for item, plan in pubs:
        own = plan.circuits * shots
        busy = instructions(plan) * plan.points * plan.bases
        full = executions + own > LIMITS[EXECUTIONS] or load + busy > LIMITS[INSTRUCTIONS]
        if not jobs or full:
            jobs.append([])
            executions = load = 0
        jobs[-1].append(item)
        executions, load = executions + own, load + busy
    return jobs
