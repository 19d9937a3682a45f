"""`Aer`: Qiskit's simulators as a backend, exact or with shots."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any, final

import torch

from circuits.arguments import integer, one_of
from circuits.compact import compact
from circuits.errors import (
    InvalidArgumentError,
    MissingDependencyError,
    UnsupportedOperationError,
)
from circuits.execution import (
    Backend,
    Request,
    Result,
    Seed,
    Values,
    as_generator,
    check_shots,
)

if importlib.util.find_spec("qiskit_aer") is None:
    raise MissingDependencyError("qiskit_aer", extra="aer", purpose="Running circuits on Aer")

from qiskit_aer import AerSimulator

from circuits.backends.qiskit.aer_circuits import unroller
from circuits.backends.qiskit.aer_noise import AerNoise, as_noise, readout_of
from circuits.backends.qiskit.aer_tasks import (
    Job,
    Simulator,
    Task,
    exact_task,
    run_job,
    sampled_task,
)
from circuits.backends.qiskit.prepared import prepare
from circuits.remembered import Remembered

METHODS = (
    "automatic",
    "statevector",
    "density_matrix",
    "matrix_product_state",
    "stabilizer",
    "extended_stabilizer",
)
_REFUSED = {
    "unitary": "it computes matrices of circuits, no measurements",
    "superop": "it computes superoperators of circuits, no measurements",
    "tensor_network": "it needs a build of Aer for GPUs; matrix_product_state is the one for CPUs",
}
"""Methods of Aer that are not offered, and why."""
_OURS = ("method", "noise_model", "shots", "seed_simulator", "memory")
_SIMULATORS_KEPT = 32
_CIRCUITS_KEPT = 1024


@final
class Aer(Backend):
    """Qiskit Aer: exact values without shots, honest statistics of measurements with them.

    Circuits are lowered once to the gates and places that the noise is about, with their symbols;
    numbers are bound when they run, and what was lowered is never optimised again. Qubits on which
    nothing happens cost nothing. All points of a request, and all requests without a generator of
    their own, are one job.

    Without shots, values are those of the noisy state: basis changes are ideal and readout errors
    hit every measured qubit. With shots, the circuit, its basis changes in the machine's gates and
    its measurements run, once per commuting group of observables.

    Args:
        method: Aer's simulation method, one of `METHODS`. `"automatic"` is exact by a state
            vector, or a density matrix where there is noise; with shots, Aer chooses.
        noise_model: A `noise.NoiseModel`, a Qiskit device (fake or real: its calibration data), a
            `qiskit_aer.noise.NoiseModel`, or `None`.
        shots: Shots of requests that name none; `None` leaves them exact.
        seed: Seed or `torch.Generator` for requests that bring none; a seed gives the same draws
            in every run. `None` is torch's default generator.
        shot_noise: `"sampled"`: shots are measurements. `"gaussian"`: values are exact plus normal
            noise of variance 1 / shots whatever the observable, as Aer's own `EstimatorV2` does;
            faster, but not what a device does.
        optimization_level: Of Qiskit's transpiler, 0 to 3.
        seed_transpiler: Of Qiskit's transpiler.
        options: Further options of `AerSimulator`, such as `max_parallel_threads`.

    Raises:
        MissingDependencyError: If Qiskit Aer is not installed.

    >>> from circuits import Circuit, gates as g
    >>> bell = Circuit(2, [g.h(0), g.cx(0, 1)])
    >>> bell.expectation(["Z0 Z1", "X0 Z1"], backend=Aer()).tolist()
    [1.0, 0.0]
    """

    def __init__(
        self,
        method: str = "automatic",
        noise_model: Any = None,
        *,
        shots: int | None = None,
        seed: Seed = None,
        shot_noise: str = "sampled",
        optimization_level: int = 1,
        seed_transpiler: int = 0,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        if method in _REFUSED:
            raise InvalidArgumentError(
                f"Argument `method`: Aer's {method!r} is not offered, because {_REFUSED[method]}. "
                f"Methods: {', '.join(METHODS)}."
            )
        self.method = one_of(method, METHODS, "method")
        self.noise_model = noise_model
        self.shots = check_shots(shots)
        as_generator(seed)
        self.seed = seed
        self.shot_noise = one_of(shot_noise, ("sampled", "gaussian"), "shot_noise")
        self.optimization_level = integer(optimization_level, "optimization_level", 0)
        self.seed_transpiler = integer(seed_transpiler, "seed_transpiler", 0)
        self.options = _checked(options)
        self.exact = self.shots is None and self.shot_noise == "sampled"
        self.deterministic = self.shots is None
        self._noises = Remembered[AerNoise](1)
        as_noise(noise_model)
        self._machines: dict[Any, Simulator] = {}
        self._said: set[Any] = set()

    def __repr__(self) -> str:
        parts = [repr(self.method)]
        if self.noise_model is not None:
            name = getattr(self.noise_model, "name", None)
            text = name if isinstance(name, str) else type(self.noise_model).__name__
            parts.append(f"noise_model={text}")
        if self.shots is not None:
            parts.append(f"shots={self.shots}")
        if self.shot_noise != "sampled":
            parts.append(f"shot_noise={self.shot_noise!r}")
        return f"Aer({', '.join(parts)})"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_noises": Remembered(1), "_machines": {}, "_said": set()}

    @property
    def _noise(self) -> AerNoise:
        """What Aer is told about `noise_model`, which copies of the backend may have replaced."""
        return self._noises.of([self.noise_model], None, lambda: as_noise(self.noise_model))

    def lower(self, request: Request) -> Request:
        return self._noise.lower(request, self.optimization_level, self.seed_transpiler)

    def run(self, requests: Sequence[Request]) -> list[Result]:
        stream = as_generator(self.seed)
        tasks = [self._task(self.lower(request), stream) for request in requests]
        jobs: dict[Any, list[int]] = {}
        for position, task in enumerate(tasks):
            own = position if task.own_stream else None
            key = (id(task.where), tuple(sorted(task.options.items())), own)
            jobs.setdefault(key, []).append(position)
        results: dict[int, Result] = {}
        for members in jobs.values():
            found = run_job([tasks[k] for k in members], stream)
            results.update(zip(members, found, strict=True))
        return [results[k] for k in range(len(requests))]

    def _task(self, request: Request, stream: torch.Generator | None) -> Task:
        shots = self.shots if request.shots is None else request.shots
        normal = self.shot_noise == "gaussian"
        if normal and (shots is None or request.qubits is not None):
            raise InvalidArgumentError(
                "shot_noise='gaussian' adds noise to expectation values from shots: it needs "
                "`shots`, and observables rather than qubits. Use shot_noise='sampled'."
            )
        self._report(request)
        request, where = self._placed(request)
        exact = shots is None or normal
        method = self._exact_method(request) if exact else self.method
        prepared = prepare(request.circuit, unroller(method))
        facts = {**request.tags, "backend": repr(self), "shots": shots, "method": method}
        job = Job(request, prepared, where, facts, shots)
        if exact:
            own = as_generator(request.generator)
            return exact_task(job, stream if own is None else own)
        return sampled_task(job)

    def _exact_method(self, request: Request) -> str:
        channels = [op.name for op in request.circuit.ops if op.is_channel]
        noisy = bool(channels) or self.noise_model is not None
        if self.method == "automatic":
            return "density_matrix" if noisy else "statevector"
        why = "it approximates" if self.method == "extended_stabilizer" else ""
        if noisy and self.method != "density_matrix":
            cause = f"the channel `{channels[0]}`" if channels else "the noise model"
            why = f"it would take {cause} as random faults"
        if why:
            raise UnsupportedOperationError(
                f"Aer's method {self.method!r} has no exact values here: {why}. Give `shots`, or "
                "use method='automatic' or 'density_matrix'."
            )
        return self.method

    def _report(self, request: Request) -> None:
        """Let the noise model report gates without noise, once per circuit."""
        digest = (request.circuit.content_hash, self._noise.state)
        if digest not in self._said:
            self._noise.check(request.circuit)
            if len(self._said) >= _CIRCUITS_KEPT:
                self._said.clear()
            self._said.add(digest)

    def _placed(self, request: Request) -> tuple[Request, Simulator]:
        """The request on the qubits that are simulated, and their simulator."""
        used: tuple[int, ...] | None = None
        if self._noise.renumbers:
            measured = set(request.qubits or ()).union(*(o.qubits for o in request.observables))
            small, new = compact(request.circuit, sorted(measured))
            used = tuple(sorted(new, key=new.__getitem__))
            request = Request(
                small,
                Values(request.inputs, request.weights),
                [o.with_width(None).map_qubits(new) for o in request.observables],
                qubits=None if request.qubits is None else [new[q] for q in request.qubits],
                bases=request.bases,
                shots=request.shots,
                generator=request.generator,
                tags=request.tags,
            )
        key = (used, self._noise.state)
        if key not in self._machines:
            if len(self._machines) >= _SIMULATORS_KEPT:
                self._machines.clear()
            self._machines[key] = self._machine(used, request.circuit.n_qubits)
        return request, self._machines[key]

    def _machine(self, used: tuple[int, ...] | None, width: int) -> Simulator:
        model = self._noise.model(used)
        machine = self._noise.machine
        if machine is not None and used is not None and machine.n_qubits is not None:
            machine = machine.moved({q: k for k, q in enumerate(used)})
        readout = readout_of(model, range(width))
        return Simulator(AerSimulator(noise_model=model, **self.options), readout, machine)


def _checked(options: Mapping[str, Any] | None) -> dict[str, Any]:
    """Options of `AerSimulator` that exist and are not arguments of their own."""
    given = dict(options or {})
    known = set(AerSimulator().options)
    for name in given:
        if name in _OURS:
            raise InvalidArgumentError(f"Argument `options` holds `{name}`, an argument.")
        if name not in known:
            raise InvalidArgumentError(
                f"Argument `options` holds `{name}`, which AerSimulator does not have."
            )
    return given
