"""What `ketwork cost` says: facts, a table of methods, `result.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from circuits.cost import Estimate
from qml.training import write_result

from .console import print_facts, print_table
from .cost_workload import PREDICT, Workload

FILES = (("result.json", "every number, with its assumptions"),)
COLUMNS = ("mitigation", "jobs", "circuits", "executions", "2q gates", "depth", "machine time")


def facts(work: Workload, backend: str, shots: int) -> list[tuple[str, str]]:
    """What is priced, as lines to print."""
    points = sum(request.points for call in work.calls for request in call)
    training = work.gradient != PREDICT
    what = f"training by {work.gradient}" if training else "prediction"
    more = [("", "scores during and after training are not in it: see --diff-method none")]
    return [
        ("Model", f"{work.name}: {work.n_qubits} qubits, {work.weights} weights of circuits"),
        ("Data", work.settings.data),
        ("Step", f"{what}, {work.batch_size} samples: {points:,} points"),
        ("Steps", f"{work.steps:,}"),
        *(more if training else []),
        ("Device", f"{backend}, {shots:,} shots for each value"),
    ]


def print_report(
    console: Console, estimates: Mapping[str, Estimate], steps: int, budget: float | None
) -> None:
    """Prints a row for each way of mitigation, then limits and assumptions."""
    rows = [
        [
            name,
            f"{found.jobs:,}",
            f"{found.circuits:,}",
            f"{found.executions:,}",
            str(found.two_qubit_gates),
            str(found.depth),
            _between(found),
        ]
        for name, found in estimates.items()
    ]
    print_table(console, f"All {steps:,} steps (2q gates, depth: of one circuit)", COLUMNS, rows)
    lines: list[tuple[str, str]] = []
    if budget is not None:
        lines += [("Budget", _affordable(n, e, steps, budget)) for n, e in estimates.items()]
    lines += [("Limit", text) for text in _limits(estimates)]
    shared = dict.fromkeys(text for found in estimates.values() for text in found.assumptions)
    print_facts(console, [*lines, *(("Assumed", text) for text in shared)])


def _limits(estimates: Mapping[str, Estimate]) -> list[str]:
    """A sentence for each limit that is hit, with the methods that hit it."""
    hits: dict[str, list[str]] = {}
    for name, found in estimates.items():
        for hit in found.limits:
            text = f"{hit.value:,.0f} {hit.text} (limit {hit.limit:,.0f})"
            hits.setdefault(text, []).append(name)
    if len(estimates) == 1:
        return list(hits)
    return [f"{text}: {', '.join(names)}" for text, names in hits.items()]


def _between(found: Estimate) -> str:
    if found.seconds is None:
        return ""
    return " to ".join(duration(seconds) for seconds in found.seconds)


def duration(seconds: float) -> str:
    """Seconds as people write them.

    >>> duration(7.26), duration(600), duration(86400)
    ('7.3 s', '10.0 min', '24.0 h')
    """
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def affordable(found: Estimate, steps: int, budget: float) -> int | None:
    """Steps that a budget certainly allows, by the upper estimate."""
    return None if found.seconds is None else min(steps, int(budget * steps / found.seconds[1]))


def _affordable(name: str, found: Estimate, steps: int, budget: float) -> str:
    return f"{name}: {duration(budget)} allow {affordable(found, steps, budget)} of {steps} steps"


def write(
    out: Path,
    work: Workload,
    backend: str,
    shots: int,
    estimates: Mapping[str, Estimate],
    budget: float | None,
) -> None:
    """Writes `result.json`: the numbers of the method that was named first, and of each method.

    Args:
        out: The folder.
        work: What is priced.
        backend: Name of the backend.
        shots: For each value.
        estimates: By method.
        budget: Seconds of machine time that may be spent.
    """
    first = next(iter(estimates.values()))
    own = {name: _plain(found, work.steps, budget) for name, found in estimates.items()}
    numbers: dict[str, Any] = {
        "command": "cost",
        "model": work.settings.model,
        "data": work.settings.data,
        "backend": backend,
        "n_qubits": work.n_qubits,
        "weights": work.weights,
        "batch_size": work.batch_size,
        "diff_method": work.gradient,
        "steps": work.steps,
        "shots": shots,
        "budget": budget,
        **_plain(first, work.steps, budget),
        "methods": own,
        "assumptions": list(first.assumptions),
    }
    write_result(out, **numbers)


def _plain(found: Estimate, steps: int, budget: float | None) -> dict[str, Any]:
    low, high = (None, None) if found.seconds is None else found.seconds
    return {
        "device": found.device,
        "jobs": found.jobs,
        "circuits": found.circuits,
        "executions": found.executions,
        "shots_per_circuit": list(found.shots),
        "depth": found.depth,
        "two_qubit_gates": found.two_qubit_gates,
        "two_qubit_depth": found.two_qubit_depth,
        "circuit_seconds": found.circuit_seconds,
        "seconds_low": low,
        "seconds_high": high,
        "limits": [asdict(hit) for hit in found.limits],
        "affordable_steps": None if budget is None else affordable(found, steps, budget),
    }
