"""`Aer`: Qiskit's simulators as a backend, exact or with shots."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch

from circuits.arguments import integer, one_of
from circuits.compact import compact
from circuits.errors import (
    InvalidArgumentError,
    MissingDependencyError,
    ResourceLimitError,
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
from circuits.machines.machine import Machine
from circuits.simulators.readout import Readout, read_observable, read_probabilities
from circuits.simulators.sampling import measurement_groups

if importlib.util.find_spec("qiskit_aer") is None:
    raise MissingDependencyError("qiskit_aer", extra="aer", purpose="Running circuits on Aer")

from qiskit_aer import AerSimulator

from circuits.backends.qiskit import outcomes
from circuits.backends.qiskit.aer_circuits import saving_probabilities, saving_values, unroller
from circuits.backends.qiskit.aer_noise import as_noise, readout_of
from circuits.backends.qiskit.prepared import Prepared, prepare

METHODS = (
    "automatic",
    "statevector",
    "density_matrix",
    "matrix_product_state",
    "stabilizer",
    "extended_stabilizer",
)
_OURS = ("method", "noise_model", "shots", "seed_simulator", "memory")
_SIMULATORS_KEPT = 32


@dataclass(frozen=True, slots=True)
class _Machine:
    """A simulator of some qubits, their readout errors and their gates."""

    simulator: AerSimulator
    readout: Readout
    machine: Machine | None


@dataclass(frozen=True, slots=True)
class _Task:
    """What one request sends to Aer, and how its result is made."""

    circuits: list[Any]
    binds: list[dict[Any, np.ndarray]]
    options: dict[str, Any]
    where: _Machine
    finish: Callable[[list[dict[str, Any]]], Result]
    own_stream: bool = False


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
        self._noise = as_noise(noise_model)
        self._machines: dict[Any, _Machine] = {}
        self._said: set[str] = set()

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
        return {**self.__dict__, "_machines": {}, "_said": set()}

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
            found = _run([tasks[k] for k in members], stream)
            results.update(zip(members, found, strict=True))
        return [results[k] for k in range(len(requests))]

    # === one request ===

    def _task(self, request: Request, stream: torch.Generator | None) -> _Task:
        shots = self.shots if request.shots is None else request.shots
        self._report(request)
        if self.shot_noise == "gaussian" and (shots is None or request.qubits is not None):
            raise InvalidArgumentError(
                "shot_noise='gaussian' adds noise to expectation values from shots: it needs "
                "`shots`, and observables rather than qubits. Use shot_noise='sampled'."
            )
        request, where = self._placed(request)
        exact = shots is None or self.shot_noise == "gaussian"
        method = self._exact_method(request) if exact else self.method
        prepared = prepare(request.circuit, unroller(method))
        facts = {
            **request.tags,
            "backend": repr(self),
            "shots": shots,
            "method": method,
        }
        binds = _binds(prepared, request)
        if request.points == 0:
            return _Task([], [], {}, where, lambda _: outcomes.nothing(request, shots, facts))
        if exact:
            return self._exact(request, prepared, where, binds, facts, shots, stream)
        generator = as_generator(request.generator)
        options: dict[str, Any] = {"method": method, "shots": shots}
        own = generator is not None
        if generator is not None:
            options["seed_simulator"] = _seed(generator)
        if request.qubits is not None:
            options["memory"] = True
            circuit = prepared.measured(request.rotations, request.qubits, where.machine)
            circuits = _repeated([circuit], binds, request.points)

            def read_samples(data: list[dict[str, Any]]) -> Result:
                assert request.qubits is not None
                width = len(request.qubits)
                bits = np.stack([outcomes.bits_of(one["memory"], width) for one in data])
                return Result(samples=outcomes.as_samples(bits, request), metadata=facts)

            return _Task(circuits, [binds] * len(circuits), options, where, read_samples, own)
        groups, constants = measurement_groups(request.observables)
        measured = [
            prepared.measured(group.basis, outcomes.measured_qubits(group), where.machine)
            for group in groups
        ]
        circuits = _repeated(measured, binds, request.points)

        def read_groups(data: list[dict[str, Any]]) -> Result:
            means, variances = outcomes.constants_of(constants, request.points)
            for g, group in enumerate(groups):
                for point in range(request.points):
                    counts = data[g * request.points + point]["counts"]
                    bits, number = outcomes.of_counts(counts, len(group.basis))
                    outcomes.add_group(group, point, bits, number, means, variances)
            return Result(
                values=outcomes.as_tensor(means, request),
                variances=outcomes.as_tensor(variances, request),
                metadata=facts,
            )

        return _Task(circuits, [binds] * len(circuits), options, where, read_groups, own)

    def _exact(
        self,
        request: Request,
        prepared: Prepared,
        where: _Machine,
        binds: dict[Any, np.ndarray],
        facts: dict[str, Any],
        shots: int | None,
        stream: torch.Generator | None,
    ) -> _Task:
        options = {"method": facts["method"], "shots": 1, "seed_simulator": 0}
        rows = range(request.circuit.n_qubits)
        if request.qubits is None:
            new = {q: q for q in rows}
            read = [read_observable(o, where.readout, new) for o in request.observables]
            circuit = saving_values(prepared.circuit, read)
        else:
            circuit = saving_probabilities(prepared.circuit, request.qubits, request.rotations)

        def finish(data: list[dict[str, Any]]) -> Result:
            if request.qubits is None:
                names = [f"o{k}" for k in range(len(request.observables))]
                table = np.array([[np.real(one[name]) for name in names] for one in data])
            else:
                table = np.array([one["p"] for one in data])
            values = outcomes.as_tensor(table, request)
            values = values.expand(request.points, -1).clone()
            if request.qubits is not None:
                here = {q: q for q in rows}
                values = read_probabilities(values, request.qubits, where.readout, here)
            if shots is None:
                return Result(values=values, metadata=facts)
            generator = as_generator(request.generator)
            drawn = torch.randn(
                values.shape,
                generator=stream if generator is None else generator,
                dtype=torch.float64,
            )
            noisy = values + (drawn / shots**0.5).to(values)
            variances = torch.full_like(values, 1 / shots)
            return Result(values=noisy, variances=variances, metadata=facts)

        return _Task([circuit], [binds], options, where, finish)

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
        digest = request.circuit.content_hash
        if digest not in self._said:
            self._noise.check(request.circuit)
            self._said.add(digest)

    def _placed(self, request: Request) -> tuple[Request, _Machine]:
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
        if used not in self._machines:
            if len(self._machines) >= _SIMULATORS_KEPT:
                self._machines.clear()
            self._machines[used] = self._machine(used, request.circuit.n_qubits)
        return request, self._machines[used]

    def _machine(self, used: tuple[int, ...] | None, width: int) -> _Machine:
        model = self._noise.model(used)
        machine = self._noise.machine
        if machine is not None and used is not None and machine.n_qubits is not None:
            machine = machine.moved({q: k for k, q in enumerate(used)})
        readout = readout_of(model, range(width))
        return _Machine(AerSimulator(noise_model=model, **self.options), readout, machine)


def _binds(prepared: Prepared, request: Request) -> dict[Any, np.ndarray]:
    angles = prepared.angles(request)
    return {p: angles[:, k] for k, p in enumerate(prepared.parameters)}


def _repeated(circuits: list[Any], binds: Mapping[Any, Any], points: int) -> list[Any]:
    """Without parameters, one copy per point, so that points are drawn independently."""
    return circuits if binds else [circuit for circuit in circuits for _ in range(points)]


def _seed(generator: torch.Generator | None) -> int:
    device = "cpu" if generator is None else generator.device
    return int(torch.randint(2**31 - 1, (1,), generator=generator, device=device))


def _run(tasks: Sequence[_Task], stream: torch.Generator | None) -> list[Result]:
    """One job of Aer."""
    circuits = [circuit for task in tasks for circuit in task.circuits]
    data: list[dict[str, Any]] = []
    if circuits:
        options = dict(tasks[0].options)
        if "seed_simulator" not in options:
            options["seed_simulator"] = _seed(stream)
        binds = [bind for task in tasks for bind in task.binds]
        result = tasks[0].where.simulator.run(circuits, parameter_binds=binds, **options).result()
        if not result.success:
            raise _failure(result)
        data = [result.data(k) for k in range(len(result.results))]
    found, first = [], 0
    for task in tasks:
        size = sum(len(next(iter(bind.values()))) if bind else 1 for bind in task.binds)
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
