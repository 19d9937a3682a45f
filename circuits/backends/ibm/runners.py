"""Who runs jobs: local simulators, or the service."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from threading import get_ident
from typing import Any, final

from circuits.backends.ibm.modes import Mode
from circuits.backends.ibm.tasks import Job
from circuits.errors import UnsupportedOperationError
from circuits.execution import Request
from circuits.machines.machine import Machine

Found = tuple[list[list[Any]], list[dict[str, Any]]]
"""For each job the results of its pubs, and facts about it."""


class Runner(ABC):
    """Runs jobs."""

    def placed(
        self, machine: Machine, requests: Sequence[Request]
    ) -> tuple[Machine, list[Request]]:
        """The requests where they run, and the machine there."""
        return machine, list(requests)

    @abstractmethod
    def run(
        self, jobs: Sequence[Job], options: Mapping[str, Mapping[str, Any]], content: str
    ) -> Found:
        """Runs all jobs.

        Args:
            jobs: What to run.
            options: Options of each primitive.
            content: Digest of all that decides what they give.
        """

    @abstractmethod
    def name_jobs(self, prefix: str | None) -> None:
        """Names jobs in the ledger."""


@final
class LocalRunner(Runner):
    """Simulates jobs in this process.

    Args:
        mode: Where; its device is simulated.
        legacy: Whether the deprecated primitives are used.
    """

    def __init__(self, mode: Mode, legacy: bool = False) -> None:
        self.mode, self.legacy = mode, legacy
        self._qubits: dict[int, tuple[int, ...]] = {}
        self._simulators: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_simulators": None, "_qubits": {}}

    @property
    def simulators(self) -> Any:
        """Simulators of the device."""
        if self._simulators is None:
            from circuits.backends.ibm.local import Simulators

            self._simulators = Simulators(self.mode.backend)
        return self._simulators

    def placed(
        self, machine: Machine, requests: Sequence[Request]
    ) -> tuple[Machine, list[Request]]:
        from circuits.backends.ibm.local import on_qubits, used_qubits

        if self.simulators.whole:
            return machine, list(requests)
        self._qubits[get_ident()] = used = used_qubits(requests)
        small = machine.moved({q: k for k, q in enumerate(used)})
        return small, [on_qubits(request, used) for request in requests]

    def run(
        self, jobs: Sequence[Job], options: Mapping[str, Mapping[str, Any]], content: str
    ) -> Found:
        from circuits.backends.ibm.local import check_width, seeds_of, simulated, streams

        results, facts = [], []
        simulator = self.simulators.of(self._qubits.pop(get_ident(), ()))
        for job in jobs:
            own = options[job.plan.primitive]
            fixed = own.get("simulator", {}).get("seed_simulator")
            if self.simulators.whole:
                check_width(max(pub.circuit.num_qubits for pub in job.plan.pubs))
            if fixed is None:
                seeds = [seeds_of(generator, 1)[0] for generator in job.generators]
            elif any(generator is not None for generator in job.generators):
                raise UnsupportedOperationError(
                    "Argument `generator` has no effect beside the option "
                    "`simulator.seed_simulator`, which fixes the seed. Give one of the two."
                )
            else:
                seeds = streams(fixed, len(job.contents))
            kind, pubs = job.plan.primitive, job.contents
            results.append(simulated(kind, pubs, own, simulator, seeds, legacy=self.legacy))
            facts.append({"primitive": job.plan.primitive})
        return results, facts

    def name_jobs(self, prefix: str | None) -> None:
        raise UnsupportedOperationError(
            "Local mode has no ledger, so its jobs have no keys. They are repeatable by seeds."
        )
