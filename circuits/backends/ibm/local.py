"""Local mode: what the client would send is simulated here, by Aer with the device's noise."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, final

import numpy as np
import torch

from circuits.errors import JobFailedError, MissingDependencyError, ResourceLimitError

if importlib.util.find_spec("qiskit_aer") is None:
    raise MissingDependencyError(
        "qiskit_aer", extra="aer", purpose="Local mode, which simulates jobs"
    )

from qiskit_aer import AerSimulator
from qiskit_ibm_runtime.fake_provider.executor.run_quantum_program import run_quantum_program
from qiskit_ibm_runtime.fake_provider.local_runtime_job import LocalRuntimeJob
from qiskit_ibm_runtime.quantum_program import QuantumProgram
from qiskit_ibm_runtime.results import QuantumProgramResult

from circuits.backends.ibm.recorder import recorded
from circuits.backends.qiskit.aer_noise import DeviceNoise
from circuits.backends.qiskit.device import cut_out
from circuits.circuit import Circuit
from circuits.compact import compact_request
from circuits.execution import Request
from circuits.remembered import Remembered

_KEPT = 16
_WIDEST = 40


@final
class Simulators:
    """Simulators of a device, each of the qubits that a job uses.

    The estimator of qiskit-ibm-runtime keeps idle qubits busy, so the memory for a whole device
    would not suffice; unused qubits do not change what the used ones do.

    Args:
        device: A device or a simulator; a simulator is used as it is.
    """

    def __init__(self, device: Any) -> None:
        self.device = device
        self.whole = isinstance(device, AerSimulator)
        self._kept = Remembered[Any](_KEPT)

    def of(self, qubits: tuple[int, ...]) -> Any:
        """The simulator of some qubits, numbered in that order."""
        if self.whole:
            return self.device
        return self._kept.of((), qubits, lambda: self._simulator(qubits))

    def _simulator(self, qubits: tuple[int, ...]) -> Any:
        simulator = AerSimulator.from_backend(cut_out(self.device, qubits))
        simulator.set_options(noise_model=DeviceNoise(self.device).model(qubits))
        return simulator


def used_qubits(requests: Sequence[Request]) -> tuple[int, ...]:
    """The qubits on which something happens in one of the requests, or that are read."""
    used: set[int] = set()
    for request in requests:
        used |= {q for o in request.observables for q in o.qubits} | {*(request.qubits or ())}
        for op in request.circuit.ops:
            if op.kind not in ("barrier", "delay", "id", "global_phase"):
                used |= set(op.qubits)
    return tuple(sorted(used or {0}))


def on_qubits(request: Request, qubits: tuple[int, ...]) -> Request:
    """The request on some of the qubits, among them all that it uses, renumbered in order."""
    circuit = request.circuit
    if circuit.n_qubits <= qubits[-1]:
        wide = Circuit(qubits[-1] + 1, circuit.ops, measured=circuit.measured)
        request = request.with_circuit(wide)
    return compact_request(request, qubits)


def check_width(width: int) -> None:
    """Refuse what would need the memory of a whole device.

    Raises:
        ResourceLimitError: If there are too many qubits.
    """
    if width > _WIDEST:
        raise ResourceLimitError(
            f"A simulator of {width} qubits cannot run the estimator of qiskit-ibm-runtime, which "
            "keeps idle qubits busy. Pass the device itself as `mode`, of which only the used "
            "qubits are simulated, or circuits.cut_out(device)."
        )


def seeds_of(generator: torch.Generator | None, number: int) -> list[int]:
    """Fresh seeds for simulators.

    Args:
        generator: Their source; `None` is torch's default generator.
        number: How many.
    """
    drawn = torch.randint(2**31 - 1, (number,), generator=generator)
    return [int(seed) for seed in drawn]


def streams(seed: int, number: int) -> list[int]:
    """Independent seeds that follow from one."""
    return [int(s) >> 1 for s in np.random.SeedSequence(seed).generate_state(number)]


def simulated(
    kind: str,
    pubs: Sequence[Any],
    options: Mapping[str, Any],
    simulator: Any,
    seeds: Sequence[int],
    *,
    legacy: bool = False,
) -> list[Any]:
    """The results of one job.

    Args:
        kind: `"estimator"` or `"sampler"`.
        pubs: Its pubs.
        options: Its options.
        simulator: Where it runs.
        legacy: Whether the deprecated primitives run, which know one seed for the whole job.
        seeds: One for each pub. (The client would start each pub from the same seed, so that their
            errors were the same.)

    Raises:
        JobFailedError: If the simulation fails.
    """
    start = partial(_started, seeds=tuple(seeds))
    if legacy:
        chosen = {**options.get("simulator", {}), "seed_simulator": seeds[0]}
        options = {**options, "simulator": chosen}
    job = recorded(kind, pubs, options, simulator, start, legacy=legacy)
    try:
        return list(job.result())
    except Exception as error:  # Aer's and the client's own classes
        raise JobFailedError(
            f"The job failed in local mode: {type(error).__name__}: {error}", job_may_exist=False
        ) from error


def _started(backend: Any, options: Any, program: Any, seeds: tuple[int, ...]) -> Any:
    job = LocalRuntimeJob(
        function=partial(_run, seeds=seeds),
        backend=backend,
        primitive="executor",
        inputs=program,
        options=options,
    )
    job._submit()
    return job


def _run(backend: Any, program: Any, options: Any, seeds: tuple[int, ...]) -> Any:
    """Runs a program's items one by one, each from its own seed.

    Mitigation makes more items than there are pubs.
    """
    seeds = (*seeds, *streams(seeds[0], len(program.items)))
    data = []
    for item, seed in zip(program.items, seeds, strict=False):
        own = options.model_copy(update={"seed_simulator": seed})
        single = QuantumProgram(shots=program.shots, items=[item], meas_level=program.meas_level)
        data += run_quantum_program(backend=backend, program=single, options=own)
    result = QuantumProgramResult(
        data=data, metadata=None, passthrough_data=program.passthrough_data
    )
    result._semantic_role = program._semantic_role
    return result
