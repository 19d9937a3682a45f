"""`IBM`: machines of IBM's service, and fake ones, as a backend."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, final

from circuits.arguments import integer, one_of
from circuits.backends.ibm import options as settings
from circuits.backends.ibm.checks import check_native, check_request
from circuits.backends.ibm.machines import native_machine, readable
from circuits.backends.ibm.modes import Mode, ServiceMode, mode_of
from circuits.backends.ibm.passes import lower_with
from circuits.backends.ibm.plans import JobPlan
from circuits.backends.ibm.runners import LocalRunner, Runner
from circuits.backends.ibm.tasks import Job, Task, finished, jobs_of, task_of
from circuits.cost import as_budget
from circuits.errors import InvalidArgumentError, UnsupportedOperationError
from circuits.execution import Backend, Request, Result, as_generator, check_shots
from circuits.jobs import Ledger, Pace, content_digest
from circuits.jobs.progress import ProgressCallback
from circuits.machines.lowering import is_native, lower_request
from circuits.machines.machine import Machine


@final
class IBM(Backend):
    """IBM's machines, through the current primitives of qiskit-ibm-runtime, and fake devices.

    The circuit with its symbols is brought to the device's gates once; observables follow its
    layout, values are bound by the machine. One call of `run` is one job for each primitive and
    number of shots, shifted points and commuting groups included; only the service's stated limits
    (`circuits.cost.LIMITS`) split it further. Results come in the order of the
    requests. Whatever the machine could not run is refused before anything is sent.

    Jobs of the service are written into a ledger before they are sent (`circuits.jobs`): none is
    lost when the process dies, none is sent twice, and `ketwork jobs` lists and continues them.
    Other backends, and sessions on them, are simulated in this process (local mode) with the
    device's noise; only the qubits that a job uses are simulated.

    Nothing is mitigated that is not asked for: `resilience_level` is 0 unless `options` say
    otherwise (IBM's default is 1), and `noise`'s mitigation wraps this backend like any other.

    Randomness: a machine has its own, and requests with a generator are refused. In local mode the
    seed of each pub is drawn from the request's generator, or else from torch's default
    generator. The option `simulator.seed_simulator` starts every job from the same seeds instead.

    Args:
        mode: A Qiskit `BackendV2`, a `Session` or a `Batch`; or a name: `"ibm_boston"` for a
            machine of the account in the environment or on disk, `"fake:boston"` for a fake device,
            `"fake:boston:4"` for its best 4 connected qubits (see `circuits.cut_out`).
        shots: Measurements of each point and commuting group, for requests that name none.
        options: Options of qiskit-ibm-runtime's estimator and sampler, a dictionary; one that the
            mode would ignore raises.
        primitive: What measures observables: `"estimator"`, or `"sampler"`, which runs one
            measured circuit per commuting group. Samples are the sampler's in any case.
        legacy: Whether to use the deprecated top-level primitives of qiskit-ibm-runtime, which
            leave mitigation to the service (and do without it in local mode).
        pass_manager: A Qiskit pass manager that translates circuits to the device, instead of
            Qiskit's preset one. Circuits that the device can run as they are, are left alone.
        optimization_level: Of the preset pass manager, 0 to 3; from 2 on it looks for qubits of
            small errors. Qubits with a readout error above 0.25 are left out.
        seed_transpiler: Of the preset pass manager.
        ledger: A `jobs.Ledger` or its path; by default the user's ledger. Local mode has none.
        reuse: Whether an identical request that has finished before is served from the ledger, so
            that nothing is sent. Its measurements are the same measurements.
        budget: Seconds of machine time that may be spent, or a `circuits.cost.Budget`; a job that
            would pass it is not sent. In local mode the estimates count.
        timeout: Seconds for which `run` waits; the job goes on afterwards.
        progress: Told how waits go.
        per_minute: Submissions in any minute; `"auto"` is the service's limit of 5.
        pace: How often the service is asked.

    Raises:
        MissingDependencyError: If qiskit-ibm-runtime is not installed, or Aer in local mode.
        KetworkError: If arguments are invalid or have no effect.

    References:
        https://quantum.cloud.ibm.com/docs/guides/primitives,
        https://quantum.cloud.ibm.com/docs/guides/job-limits.
    """

    exact = False

    def __init__(
        self,
        mode: Any,
        shots: int | None = 1024,
        options: Any = None,
        *,
        primitive: str = settings.ESTIMATOR,
        legacy: bool = False,
        pass_manager: Any = None,
        optimization_level: int = 2,
        seed_transpiler: int = 0,
        ledger: Ledger | str | os.PathLike[str] | None = None,
        reuse: bool = False,
        budget: Any = None,
        timeout: float | None = None,
        progress: ProgressCallback | None = None,
        per_minute: int | str | None = "auto",
        pace: Pace | None = None,
    ) -> None:
        self.mode: Mode = mode_of(mode)
        self.shots = check_shots(shots)
        self.primitive = one_of(primitive, settings.PRIMITIVES, "primitive")
        self.options = settings.checked(options)
        self.pass_manager = pass_manager
        self.optimization_level = integer(optimization_level, "optimization_level", 0)
        self.seed_transpiler = integer(seed_transpiler, "seed_transpiler", 0)
        self.legacy = bool(legacy)
        split = settings.split_legacy if self.legacy else settings.split
        self._options = split(self.options, self.mode.local, self.primitive)
        self._factors = settings.noise_factors(self._options[settings.ESTIMATOR], self.legacy)
        waits = {"timeout": timeout, "progress": progress, "pace": pace}
        self.budget = as_budget(budget)
        self._runner = self._make_runner(ledger, reuse, per_minute, waits)
        self._machine: Machine | None = None
        self._readable: Machine | None = None
        if pass_manager is not None and not callable(getattr(pass_manager, "run", None)):
            raise InvalidArgumentError(
                "Argument `pass_manager` must be a Qiskit pass manager, got "
                f"{type(pass_manager).__name__}."
            )

    def _make_runner(
        self, ledger: Any, reuse: bool, per_minute: Any, waits: Mapping[str, Any]
    ) -> Runner:
        given = {"ledger": ledger, "reuse": reuse or None, **waits}
        given["per_minute"] = None if per_minute in ("auto", None) else per_minute
        if self.mode.local:
            useless = next((name for name, value in given.items() if value is not None), None)
            if useless is not None:
                raise UnsupportedOperationError(
                    f"Argument `{useless}` has no effect in local mode, where jobs are simulated "
                    "in this process. Leave it out."
                )
            return LocalRunner(self.mode, self.legacy)
        assert isinstance(self.mode, ServiceMode)
        from circuits.backends.ibm.remote import ServiceRunner

        return ServiceRunner(
            self.mode, ledger, reuse, self.budget, per_minute, legacy=self.legacy, **waits
        )

    def __repr__(self) -> str:
        parts = [self.mode.text, f"shots={self.shots}"]
        if self.primitive != settings.ESTIMATOR:
            parts.append(f"primitive={self.primitive!r}")
        if self.legacy:
            parts.append("legacy=True")
        if self.options:
            parts.append(f"options={self.options!r}")
        return f"IBM({', '.join(parts)})"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_machine": None, "_readable": None}

    @property
    def machine(self) -> Machine:
        """The device's gates and where they exist."""
        if self._machine is None:
            self._machine = native_machine(self.mode.backend.target)
            self._readable = readable(self._machine, self.mode.backend.target)
        return self._machine

    def lower(self, request: Request) -> Request:
        if is_native(self.machine, request.circuit):
            return request
        if self.pass_manager is not None:
            return lower_with(self.pass_manager, self.machine, request)
        assert self._readable is not None
        return lower_request(self._readable, request, self.optimization_level, self.seed_transpiler)

    def plan(self, requests: Sequence[Request]) -> list[JobPlan]:
        """The jobs that `run` would make of requests, on the device's qubits; sends nothing."""
        return [job.plan for job in self._jobs(self._checked(requests))[1]]

    def run(self, requests: Sequence[Request]) -> list[Result]:
        checked = self._checked(requests)
        tasks, jobs = self._jobs(checked, placed=True)
        content = ""
        spent = self.budget if self.mode.local else None
        if not self.mode.local:
            settled: dict[str, Any] = {"options": self._options, "primitive": self.primitive}
            settled |= {"legacy": True} if self.legacy else {}
            content = content_digest([entry[1] for entry in checked], self.mode.name, settled)
        plans = [] if spent is None else [job.plan for job in self._jobs(checked)[1]]
        if spent is not None:
            spent.admit_all(plans)
        found, facts = self._runner.run(jobs, self._options, content)
        for plan in plans:
            self.budget.settle(plan, None)

        def merged(positions: list[int]) -> Mapping[str, Any]:
            own = [facts[k] for k in positions]
            usages = [fact.get("usage") for fact in own]
            return {
                "primitive": own[0]["primitive"] if own else None,
                "job_ids": [fact["job_id"] for fact in own if "job_id" in fact],
                "job_tags": [fact["tag"] for fact in own if "tag" in fact],
                "usage": None if None in usages else sum(usages),
            }

        return list(finished(tasks, jobs, found, merged))

    @staticmethod
    def token_from(source: Callable[[], str] | None) -> None:
        """Lets connections of this process ask a function for the account's key.

        Without one the key comes from the environment (`QISKIT_IBM_TOKEN`) or the saved account.
        It is never written anywhere.

        Args:
            source: Called at every login; `None` takes it back.

        Raises:
            InvalidArgumentError: If it cannot be called.
        """
        from circuits.backends.ibm.connection import token_from

        token_from(source)

    def name_jobs(self, prefix: str | None) -> None:
        """From now on the n-th job has the ledger key `"{prefix} job {n}"`; `None` ends that.

        A program that was killed and repeats itself takes up the jobs that it sent before, or
        their results, instead of sending them again.

        Args:
            prefix: A name that is unique to this run of the program, and the same each time.

        Raises:
            UnsupportedOperationError: In local mode, which has no ledger.
        """
        self._runner.name_jobs(prefix)

    @contextmanager
    def keyed(self, prefix: str) -> Iterator[None]:
        """`name_jobs` within a block."""
        self.name_jobs(prefix)
        try:
            yield
        finally:
            self.name_jobs(None)

    def _checked(self, requests: Sequence[Request]) -> list[tuple[Request, Request, int]]:
        """Requests, what they are on the device, and their shots."""
        local, name = self.mode.local, repr(self)
        shots = [check_request(request, self.shots, name, local) for request in requests]
        lowered = [self.lower(request) for request in requests]
        for request in lowered:
            check_native(request, self.machine, self.mode.name)
        return list(zip(requests, lowered, shots, strict=True))

    def _jobs(
        self, checked: Sequence[tuple[Request, Request, int]], placed: bool = False
    ) -> tuple[list[Task], list[Job]]:
        """What the primitives are asked; all that can go wrong does so before anything is sent.

        Args:
            checked: Requests, lowered ones, and shots.
            placed: Whether requests are brought to where they run (the qubits of a simulator).
        """
        machine, requests = self.machine, [lowered for _, lowered, _ in checked]
        if placed:
            machine, requests = self._runner.placed(machine, requests)
        tasks = []
        for request, (given, _, shots) in zip(requests, checked, strict=True):
            facts = {**given.tags, "backend": repr(self), "shots": shots}
            seeds = as_generator(given.generator)
            task = task_of(request, shots, machine, self.primitive, self._factors, seeds, facts)
            tasks.append(task)
        programs = {kind: kind if self.legacy else "executor" for kind in settings.PRIMITIVES}
        target = self.mode.backend.target
        return tasks, jobs_of(tasks, self.mode.name, target, programs, self._options)
