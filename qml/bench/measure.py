"""One workload, all contestants: first calls one after another, then warm calls in turn."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from qml.bench.contestants import Contestant
from qml.bench.peers.base import Results
from qml.bench.process import ContestantError, Process
from qml.bench.workloads import WORKLOADS

_VARIANTS = 5


@dataclass(frozen=True)
class Limits:
    """How long things may take, in seconds.

    Attributes:
        start: Imports of a contestant.
        first: First call of a workload, its compilation included.
        call: A warm call; contestants that loop over samples get fewer samples beyond it.
        measure: Timed calls of one contestant on one workload, together.
        rounds: Turns that each contestant gets at most.
    """

    start: float = 120.0
    first: float = 60.0
    call: float = 2.5
    measure: float = 2.0
    rounds: int = 7


QUICK_LIMITS = Limits(start=60.0, first=12.0, call=0.5, measure=0.6, rounds=5)


@dataclass
class Measurement:
    """What one contestant did on one workload.

    Attributes:
        contestant: Its key.
        workload: Key of the workload.
        seconds: Times of the warm calls, scaled to the whole batch.
        first: Times of first calls: building the circuit, compilation, first run; in seconds.
        memory: Growth of the peak resident memory over what was in use before, in bytes.
        batch: Samples that were run; fewer than the workload's if that took too long.
        settings: The configuration in words.
        failure: Why there are no times; empty if there are.
        deviation: Largest deviation from our float64 results, relative where above 1.
        kernels: Times of the compiled kernels within the warm calls; zeros where not counted.
        operations: Floating-point operations of a call; 0 where not counted.
        traffic: Bytes between memory and caches in a call; 0 where not counted, or none.
        threads: Median time by number of threads, ours only.
    """

    contestant: str
    workload: str
    seconds: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    memory: int = 0
    batch: int = 0
    settings: str = ""
    failure: str = ""
    deviation: float | None = None
    kernels: list[float] = field(default_factory=list)
    operations: float = 0.0
    traffic: float = 0.0
    threads: dict[str, float] = field(default_factory=dict)

    @property
    def median(self) -> float | None:
        """Median time of a warm call, seconds."""
        return statistics.median(self.seconds) if self.seconds else None

    @property
    def kernel(self) -> float | None:
        """Median time of the kernels within a warm call, seconds; `None` if it is not known."""
        found = statistics.median(self.kernels) if self.kernels else 0.0
        return found or None

    @property
    def first_call(self) -> float | None:
        """Median time of a first call, seconds."""
        return statistics.median(self.first) if self.first else None

    @property
    def scaled(self) -> bool:
        """Whether fewer samples were run and the time was scaled."""
        return bool(self.seconds) and self.batch < WORKLOADS[self.workload].batch


class _Turn:
    """One contestant within a workload."""

    def __init__(self, contestant: Contestant, key: str) -> None:
        self.result = Measurement(contestant.key, key)
        self.process = Process(contestant)
        self.arrays: Results = {}
        self.estimate = 0.0
        self.turns_left = 0
        self.calls = 1

    def guarded(self, action: Callable[..., None], *arguments: Any) -> None:
        """Run an action on this turn; note a failure and end the process instead of raising."""
        if self.result.failure:
            return
        try:
            action(self, *arguments)
        except ContestantError as error:
            self.result.failure = str(error)
            self.process.close()


def measure(
    key: str,
    contestants: Sequence[Contestant],
    limits: Limits,
    say: Callable[[str], None] = lambda text: None,
) -> list[Measurement]:
    """Run one workload.

    Args:
        key: Name of the workload.
        contestants: Who takes part; results are compared with the first one's.
        limits: Time limits.
        say: Receives a line on what is going on.
    """
    turns: list[_Turn] = []
    try:
        for contestant in contestants:
            turns.append(_Turn(contestant, key))
            turns[-1].guarded(_started)
        for turn in turns:
            turn.guarded(_heard, limits)
        with tempfile.TemporaryDirectory() as folder:
            for turn in turns:
                say(f"{key}: first call of {turn.result.contestant}")
                turn.guarded(_first_calls, key, Path(folder), limits)
        say(f"{key}: warm calls in turn")
        for number in range(limits.rounds):
            for turn in turns:
                if number < turn.turns_left:
                    turn.guarded(_timed, key, limits)
        for turn in turns:
            turn.guarded(_memory)
        for turn in turns:
            if turn.result.kernel is not None:
                turn.guarded(_threads, limits)
    finally:
        for turn in turns:
            turn.process.close()
    _compare(turns)
    return [turn.result for turn in turns]


def _started(turn: _Turn) -> None:
    turn.process.tell("start")


def _heard(turn: _Turn, limits: Limits) -> None:
    turn.process.hear(limits.start)


def _first_calls(turn: _Turn, key: str, folder: Path, limits: Limits) -> None:
    result = turn.result
    path = folder / f"{result.contestant}.npz"
    variants = range(_VARIANTS) if key == "first" else range(1)
    for variant in reversed(variants):
        if sum(result.first) > limits.call and variant:
            continue
        answer = turn.process.ask(
            "prepare",
            limit=limits.first,
            key=key,
            variant=variant,
            longest=limits.call,
            path="" if variant else str(path),
        )
        if "unsupported" in answer:
            result.failure = answer["unsupported"]
            return
        result.first.append(answer["first"])
        result.batch, result.settings = answer["batch"], answer["settings"]
        result.operations, result.traffic = answer["operations"], answer["traffic"]
    with np.load(path) as arrays:
        turn.arrays = dict(arrays)
    scale = WORKLOADS[key].batch / result.batch
    once = turn.process.ask("run", limit=limits.first, times=1, warm=0)["seconds"][0]
    turn.estimate = once
    if once > limits.measure / 2:
        result.seconds.append(once * scale)
    turn.turns_left = max(1, min(limits.rounds, round(limits.measure / once)))
    turn.calls = max(1, min(50, int(limits.measure / limits.rounds / once)))


def _timed(turn: _Turn, key: str, limits: Limits) -> None:
    warm = 1 if turn.estimate < limits.measure / limits.rounds / 2 else 0
    found = turn.process.ask("run", limit=limits.first, times=turn.calls, warm=warm)
    scale = WORKLOADS[key].batch / turn.result.batch
    turn.result.seconds += [seconds * scale for seconds in found["seconds"]]
    turn.result.kernels += [seconds * scale for seconds in found["kernels"]]


def _memory(turn: _Turn) -> None:
    found = turn.process.ask("memory", limit=30.0)
    turn.result.memory = max(0, found["peak"] - found["base"])


def _threads(turn: _Turn, limits: Limits) -> None:
    longest = limits.measure / limits.rounds
    turn.result.threads = turn.process.ask("threads", limit=limits.first, longest=longest)[
        "threads"
    ]


def _compare(turns: Sequence[_Turn]) -> None:
    reference = turns[0].arrays
    for turn in turns[1:]:
        if turn.arrays and reference:
            turn.result.deviation = deviation(turn.arrays, reference, turn.result.scaled)


def deviation(found: Results, reference: Results, part: bool) -> float:
    """Largest deviation, divided by the reference's largest entry where that is above 1.

    Args:
        found: Values and gradients of a contestant.
        reference: Ours.
        part: Whether only the first samples were run: then rows are compared, and the gradient
            of the weights, a sum over all samples, is not.
    """
    worst = 0.0
    for name, theirs in found.items():
        if part and name == "weights":
            continue
        ours = reference[name].reshape(-1, *theirs.shape[1:])[: len(theirs)]
        difference = float(np.abs(theirs - ours).max())
        worst = max(worst, difference / max(1.0, float(np.abs(ours).max())))
    return worst
