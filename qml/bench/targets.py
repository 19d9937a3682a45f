"""What we promise, as records, and whether a run keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from qml.bench.contestants import OURS, OURS32
from qml.bench.measure import Measurement
from qml.bench.workloads import WORKLOADS

Runs = Mapping[str, Mapping[str, Measurement]]
"""Workload to contestant to measurement."""

_ANY = ("default.qubit", "lightning.qubit", "tensorcircuit", "pyqtorch", "qulacs", "qiskit-ml")
_LARGE = ("default.qubit", "lightning.qubit", "pyqtorch", "qulacs")


@dataclass(frozen=True)
class Target:
    """A promise.

    Attributes:
        workload: Key of its workload.
        text: The promise in words.
        goal: The number to reach.
        value: The measured number, `None` if it was not measured.
        unit: What follows the number.
        at_least: Whether more is better.
        stretch: A further goal.
    """

    workload: str
    text: str
    goal: float
    value: Callable[[Mapping[str, Measurement]], float | None]
    unit: str = "x"
    at_least: bool = True
    stretch: float | None = None


class Verdict(NamedTuple):
    """A target, what was measured, and "met", "stretch met", "missed" or "not measured"."""

    target: Target
    measured: float | None
    verdict: str


def speedup(row: Mapping[str, Measurement], peers: tuple[str, ...]) -> float | None:
    """Time of the fastest of the peers over ours; `None` if either is missing."""
    mine = row[OURS].median if OURS in row else None
    times = [row[name].median for name in peers if name in row]
    known = [seconds for seconds in times if seconds is not None]
    return min(known) / mine if mine and known else None


def _faster_than(*peers: str) -> Callable[[Mapping[str, Measurement]], float | None]:
    return lambda row: speedup(row, peers)


def _single_precision(row: Mapping[str, Measurement]) -> float | None:
    if OURS not in row or OURS32 not in row:
        return None
    double, single = row[OURS].median, row[OURS32].median
    return double / single if double and single else None


def _states(row: Mapping[str, Measurement]) -> float | None:
    mine = row.get(OURS)
    if mine is None or mine.median is None:
        return None
    return mine.memory / (16 * 2 ** WORKLOADS[mine.workload].n_qubits)


def _first_excess(row: Mapping[str, Measurement]) -> float | None:
    mine = row.get(OURS)
    if mine is None or mine.median is None or mine.first_call is None:
        return None
    return 1e3 * (mine.first_call - 2 * mine.median)


def _beyond_kernels(row: Mapping[str, Measurement]) -> float | None:
    mine = row.get(OURS)
    if mine is None or mine.median is None:
        return None
    return 1e3 * (mine.median - (mine.kernel or 0.0))


TARGETS = (
    Target("r4", "default.qubit", 45, _faster_than("default.qubit"), stretch=80),
    Target("r4", "tensorcircuit", 4, _faster_than("tensorcircuit"), stretch=8),
    Target("r8", "default.qubit", 80, _faster_than("default.qubit")),
    Target("r8", "tensorcircuit", 30, _faster_than("tensorcircuit")),
    Target("r12", "default.qubit", 60, _faster_than("default.qubit")),
    Target(
        "r12",
        "best of pyqtorch, qulacs, tensorcircuit",
        50,
        _faster_than("pyqtorch", "qulacs", "tensorcircuit"),
    ),
    Target("r16", "best of PennyLane, pyqtorch, qulacs", 12, _faster_than(*_LARGE)),
    Target("r20", "best of PennyLane, pyqtorch, qulacs", 15, _faster_than(*_LARGE)),
    Target("r20", "peak memory", 8, _states, unit=" states", at_least=False),
    Target("qcnn", "default.qubit", 40, _faster_than("default.qubit")),
    Target("vqe", "best peer", 8, _faster_than(*_ANY)),
    Target("first", "first call minus 2 warm calls", 20, _first_excess, unit=" ms", at_least=False),
    *(
        Target(key, "float32 against our float64", 1.6, _single_precision)
        for key in ("r8", "r12", "r16", "r20")
    ),
    Target(
        "r4-b1",
        "layer(x) and backward() beyond the kernels",
        0.2,
        _beyond_kernels,
        unit=" ms",
        at_least=False,
    ),
)


def judge(runs: Runs) -> list[Verdict]:
    """All targets whose workload was run."""
    return [_judged(target, runs[target.workload]) for target in TARGETS if target.workload in runs]


def _judged(target: Target, row: Mapping[str, Measurement]) -> Verdict:
    value = target.value(row)
    if value is None:
        return Verdict(target, None, "not measured")

    def reached(goal: float) -> bool:
        return value >= goal if target.at_least else value <= goal

    if target.stretch is not None and reached(target.stretch):
        return Verdict(target, value, "stretch met")
    return Verdict(target, value, "met" if reached(target.goal) else "missed")
