"""What one request sends to Aer, and what becomes of the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from qiskit_aer import AerSimulator

from circuits.backends.qiskit import outcomes
from circuits.backends.qiskit.aer_circuits import saving_probabilities, saving_values
from circuits.backends.qiskit.prepared import Prepared
from circuits.errors import ResourceLimitError, UnsupportedOperationError
from circuits.execution import Request, Result, as_generator
from circuits.machines.machine import Machine
from circuits.simulators.readout import Readout, read_observable, read_probabilities
from circuits.simulators.sampling import measurement_groups

Data = list[dict[str, Any]]
"""What Aer returns for each circuit and point, in order."""


@final
@dataclass(frozen=True, slots=True)
class Simulator:
    """A simulator of some qubits, their readout errors and their gates."""

    simulator: AerSimulator
    readout: Readout
    machine: Machine | None


@final
@dataclass(frozen=True, slots=True)
class Job:
    """A request that is ready: placed, converted, and with the metadata of its result."""

    request: Request
    prepared: Prepared
    where: Simulator
    facts: dict[str, Any]
    shots: int | None


@final
@dataclass(frozen=True, slots=True)
class Task:
    """Circuits with the values of their parameters, options of the run, and how to read it.

    Attributes:
        circuits: Circuits.
        bind: Values of their parameters; without parameters there is a circuit for each point.
        options: Those of `AerSimulator.run`.
        where: Where they run.
        finish: From the answer to the result.
        own_stream: Whether the request brought its own randomness.
    """

    circuits: list[Any]
    bind: dict[Any, np.ndarray]
    options: dict[str, Any]
    where: Simulator
    finish: Callable[[Data], Result]
    own_stream: bool = False


def exact_task(job: Job, stream: torch.Generator | None) -> Task:
    """Values of the final state; with shots, normal noise of variance 1 / shots is added.

    Args:
        job: What to run.
        stream: Source of the normal noise.
    """
    request, prepared, where, facts = job.request, job.prepared, job.where, job.facts
    bind = _bind(job)
    options = {"method": facts["method"], "shots": 1, "seed_simulator": 0}
    same = {q: q for q in range(request.circuit.n_qubits)}
    if request.qubits is None:
        read = [read_observable(o, where.readout, same) for o in request.observables]
        circuit = saving_values(prepared.circuit, read)
    else:
        circuit = saving_probabilities(prepared.circuit, request.qubits, request.rotations)

    def finish(data: Data) -> Result:
        if request.points == 0:
            return outcomes.nothing(request, job.shots, facts)
        if request.qubits is None:
            names = [f"o{k}" for k in range(len(request.observables))]
            table = np.array([[np.real(one[name]) for name in names] for one in data])
        else:
            table = np.array([one["p"] for one in data])
        values = outcomes.as_tensor(table, request).expand(request.points, -1).clone()
        if request.qubits is not None:
            values = read_probabilities(values, request.qubits, where.readout, same)
        if job.shots is None:
            return Result(values=values, metadata=facts)
        device = "cpu" if stream is None else stream.device
        drawn = torch.randn(values.shape, generator=stream, dtype=torch.float64, device=device)
        noisy = values + (drawn / job.shots**0.5).to(values)
        variances = torch.full_like(values, 1 / job.shots)
        return Result(values=noisy, variances=variances, metadata=facts)

    return Task([circuit] if request.points else [], bind, options, where, finish)


def sampled_task(job: Job) -> Task:
    """Samples of qubits, or estimates from one measurement per commuting group and shot."""
    request, where, facts, shots = job.request, job.where, job.facts, job.shots
    own = as_generator(request.generator)
    options: dict[str, Any] = {"method": facts["method"], "shots": shots}
    if own is not None:
        options["seed_simulator"] = draw_seed(own)
    bind = _bind(job)
    groups, constants = measurement_groups(request.observables)
    if request.qubits is not None:
        options["memory"] = True
        circuits = [job.prepared.measured(request.rotations, request.qubits, where.machine)]
    else:
        circuits = [
            job.prepared.measured(group.basis, outcomes.measured_qubits(group), where.machine)
            for group in groups
        ]
    if not request.points:
        circuits = []
    elif not bind:
        circuits = [circuit for circuit in circuits for _ in range(request.points)]

    def finish(data: Data) -> Result:
        if request.points == 0:
            return outcomes.nothing(request, shots, facts)
        if request.qubits is not None:
            width = len(request.qubits)
            bits = np.stack([outcomes.bits_of(one["memory"], width) for one in data])
            return Result(samples=outcomes.as_samples(bits, request), metadata=facts)
        means, variances = outcomes.constants_of(constants, request.points)
        for g, group in enumerate(groups):
            for point in range(request.points):
                counts = data[g * request.points + point]["counts"]
                found, number = outcomes.of_counts(counts, len(group.basis))
                outcomes.add_group(group, point, found, number, means, variances)
        return Result(
            values=outcomes.as_tensor(means, request),
            variances=outcomes.as_tensor(variances, request),
            metadata=facts,
        )

    return Task(circuits, bind, options, where, finish, own is not None)


def _bind(job: Job) -> dict[Any, np.ndarray]:
    angles = job.prepared.angles(job.request)
    return {p: angles[:, k] for k, p in enumerate(job.prepared.parameters)}


def draw_seed(generator: torch.Generator | None) -> int:
    """A seed for Aer, drawn from a stream."""
    device = "cpu" if generator is None else generator.device
    return int(torch.randint(2**31 - 1, (1,), generator=generator, device=device))


def run_job(tasks: Sequence[Task], stream: torch.Generator | None) -> list[Result]:
    """Run tasks of one simulator and equal options as one job of Aer.

    Args:
        tasks: At least one.
        stream: Where the seed is drawn from if the options have none.

    Raises:
        ResourceLimitError: If Aer lacks memory.
        UnsupportedOperationError: If Aer cannot run a circuit.
    """
    circuits = [circuit for task in tasks for circuit in task.circuits]
    data: Data = []
    if circuits:
        options = dict(tasks[0].options)
        if "seed_simulator" not in options:
            options["seed_simulator"] = draw_seed(stream)
        binds = [task.bind for task in tasks for _ in task.circuits]
        job = tasks[0].where.simulator.run(circuits, parameter_binds=binds, **options)
        result = job.result()
        if not result.success:
            raise _failure(result)
        data = [result.data(k) for k in range(len(result.results))]
    found, first = [], 0
    for task in tasks:
        points = len(next(iter(task.bind.values()))) if task.bind else 1
        size = points * len(task.circuits)
        found.append(task.finish(data[first : first + size]))
        first += size
    assert first == len(data)
    return found


def _failure(result: Any) -> Exception:
    texts = [str(one.status) for one in result.results if not one.success]
    text = "; ".join(dict.fromkeys(texts)) or str(result.status)
    if "memory" in text.lower():
        return ResourceLimitError(
            f"Aer needs more memory than there is: {text}. Use fewer qubits, "
            "method='matrix_product_state', or shots."
        )
    return UnsupportedOperationError(f"Aer cannot run the circuit: {text}.")
