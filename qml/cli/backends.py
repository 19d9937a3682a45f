"""The backends of `--backend`, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import circuits
from circuits import Backend
from circuits.cost import Budget
from circuits.errors import InvalidArgumentError
from circuits.jobs import progress_lines

from .names import known_name


@dataclass(frozen=True)
class Place:
    """A kind of backend.

    Args:
        make: From what follows the colon, and options, to the backend.
        shots: Whether it needs shots.
        seeded: Whether measurements can be seeded.
        jobs: Whether its jobs are kept in the ledger and cost machine time.
    """

    make: Callable[[str, Mapping[str, Any]], Backend]
    shots: bool = False
    seeded: bool = True
    jobs: bool = False


def _aer(name: str, options: Mapping[str, Any]) -> Backend:
    backend: Backend = circuits.Aer(name or "automatic")
    return backend


def _pennylane(name: str, options: Mapping[str, Any]) -> Backend:
    backend: Backend = circuits.PennyLane(name or "default.qubit")
    return backend


def _fake(name: str, options: Mapping[str, Any]) -> Backend:
    return circuits.IBM(f"fake:{name}", options["shots"])


def _ibm(name: str, options: Mapping[str, Any]) -> Backend:
    return circuits.IBM(
        f"ibm:{name}",
        options["shots"],
        budget=options.get("budget"),
        progress=progress_lines(60) if options.get("say") else None,
    )


PLACES: dict[str, Place] = {
    "ibm": Place(_ibm, shots=True, seeded=False, jobs=True),
    "fake": Place(_fake, shots=True),
    "aer": Place(_aer),
    "pennylane": Place(_pennylane),
}

HELP = (
    "Where circuits run: ibm:NAME, a machine of your account; fake:NAME, a simulated device such "
    "as fake:boston, or fake:boston:4 for its best 4 qubits; aer or aer:METHOD; pennylane:DEVICE."
)


def place_of(text: str) -> Place:
    """The kind of backend that a name stands for.

    Raises:
        InvalidArgumentError: If there is none.
    """
    return PLACES[known_name(text.partition(":")[0], PLACES, "kind of backend")]


def backend_named(
    text: str, shots: int | None, *, budget: Budget | None = None, say: bool = False
) -> Backend:
    """The backend of a name.

    Args:
        text: `"ibm:NAME"`, `"fake:NAME"`, `"fake:NAME:QUBITS"`, `"aer"`, `"aer:METHOD"` or
            `"pennylane:DEVICE"`.
        shots: Measurements of each value.
        budget: Machine time that may be spent.
        say: Whether waits for jobs are told on standard error.

    Raises:
        InvalidArgumentError: If it is none of these, or shots are missing.
    """
    place = place_of(text)
    name = text.partition(":")[2]
    if place.shots and shots is None:
        raise InvalidArgumentError(
            f"--backend {text} measures: say with --shots how often each value is measured."
        )
    if place.shots and not name:
        raise InvalidArgumentError(f"--backend {text}: name the device, as in {text}:boston.")
    if budget is not None and not place.jobs:
        raise InvalidArgumentError(f"--budget has no effect with --backend {text}; leave it out.")
    return place.make(name, {"shots": shots, "budget": budget, "say": say})
