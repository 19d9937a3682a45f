"""What `ketwork mitigate` says: tables, `result.json`, and its plots."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from torch import Tensor

from circuits.execution import Backend
from noise import Trajectories
from qml.training import write_result

from .console import percent, print_table
from .mitigate_plots import extrapolations, save_extrapolation, save_values
from .mitigate_runs import RAW, Comparison, Outcome
from .mitigate_sources import Job
from .mitigation_methods import Choices, names_of
from .noise_source import NoiseSource
from .pictures import save_circuit

FILES = (
    ("result.json", "every value with its error"),
    ("values.png", "exact, noisy and mitigated values"),
    ("extrapolation.png", "values against the noise factor, and the fit"),
    ("circuit.png", "the circuit"),
    ("circuit.txt", "the circuit as text"),
    ("noise.json", "the noise model"),
)
COLUMNS = ("method", "mean |error|", "smaller by", "circuits", "shots", "seconds")
_SHOWN, _COLUMNS = 24, 5


def facts(
    job: Job, noise: NoiseSource, machine: Backend, shots: int | None
) -> list[tuple[str, str]]:
    """What is run, as lines to print."""
    circuit = job.circuit
    two_qubit = sum(len(op.qubits) == 2 for op in circuit.ops)
    text = f"{job.name}: {circuit.n_qubits} qubits, depth {circuit.depth()}, {two_qubit} two-qubit"
    lines = [("Circuit", f"{text} gates, {len(job.observables)} observables")]
    if job.classifier is not None:
        lines.append(("Samples", f"{len(job.classifier.y)} of the test part"))
    lines.append(("Noise", noise.text))
    lines += [("", line) for line in noise.model.report]
    if shots is not None:
        values = f"estimates from {shots} shots in total for each"
    elif isinstance(machine, Trajectories):
        values = f"means over {machine.n} random trajectories, with their standard errors"
    else:
        values = "exact noisy values"
    return [*lines, ("Values", values)]


def print_report(console: Console, job: Job, comparison: Comparison) -> None:
    """Prints each value of a single circuit, and how large the errors are in the mean."""
    if job.classifier is None:
        for begin in range(0, len(comparison.outcomes), _COLUMNS):
            _print_values(console, job, comparison, comparison.outcomes[begin : begin + _COLUMNS])
        print_table(console, "Errors", COLUMNS, rows_of(comparison))
    else:
        columns = [COLUMNS[0], "accuracy", *COLUMNS[1:]]
        print_table(console, _samples_title(job, comparison), columns, rows_of(comparison))


def _print_values(
    console: Console, job: Job, comparison: Comparison, outcomes: Sequence[Outcome]
) -> None:
    columns = ["observable", "exact", *(outcome.name for outcome in outcomes)]
    rows = [
        [name, _number(comparison.exact[0, k])] + [_value(outcome, k) for outcome in outcomes]
        for k, name in enumerate(job.names[:_SHOWN])
    ]
    title = "Expectation values"
    if any(outcome.standard_errors is not None for outcome in outcomes):
        title += " (in brackets the standard error of the last digits)"
    if len(job.names) > len(rows):
        title += f" (the first {_SHOWN} of {len(job.names)} observables)"
    print_table(console, title, columns, rows)


def _samples_title(job: Job, comparison: Comparison) -> str:
    assert comparison.accuracy is not None
    return f"Accuracy and errors of the circuit's values (without noise {_share(job, comparison)})"


def _share(job: Job, comparison: Comparison) -> str:
    assert job.classifier is not None
    assert comparison.accuracy is not None
    return percent(comparison.accuracy, len(job.classifier.y))


def rows_of(comparison: Comparison) -> list[list[str]]:
    """Rows of the table of methods; the accuracy is in it if the job is a classifier."""
    raw = comparison.outcomes[0]
    rows = []
    for outcome in comparison.outcomes:
        cost = cost_of(outcome)
        ratio = "" if outcome is raw or not outcome.error else f"{raw.error / outcome.error:.1f}x"
        row = [outcome.name, f"{outcome.error:.4f}", ratio, str(cost["circuits"])]
        row += [str(cost["shots"] or ""), f"{outcome.seconds:.1f}"]
        if outcome.accuracy is not None:
            row.insert(1, percent(outcome.accuracy))
        rows.append(row)
    return rows


def cost_of(outcome: Outcome) -> dict[str, int | None]:
    """Circuits and shots of an outcome, per point."""
    metadata = outcome.result.metadata
    return {"circuits": metadata.get("circuits", 1), "shots": metadata.get("shots")}


def write(
    out: Path,
    job: Job,
    noise: NoiseSource,
    comparison: Comparison,
    own: Choices,
    shots: int | None,
) -> None:
    """Writes `result.json`, the plots, the circuit and the noise model.

    In `result.json`, `mitigated`, `error` and `accuracy` are those of the chain that was named
    first, and `best` is the chain with the least error, which only the exact values tell.

    Args:
        out: The folder.
        job: What was run.
        noise: Its noise.
        comparison: What came out.
        own: Options of the methods.
        shots: Shots in total per value.
    """
    raw, first = comparison.outcomes[:2]
    numbers: dict[str, Any] = {
        "command": "mitigate",
        "circuit": job.name,
        "noise": noise.text,
        "n_qubits": job.circuit.n_qubits,
        "depth": job.circuit.depth(),
        "observables": list(job.names),
        "shots": shots,
        "seed": own.seed,
        "exact": _plain(job, comparison.exact),
        "raw": _plain(job, raw.values),
        "raw_error": raw.error,
        "mitigated": _plain(job, first.values),
        "error": first.error,
        "best": comparison.best.name,
        "methods": {outcome.name: _numbers(job, outcome) for outcome in comparison.outcomes},
        "seconds": sum(outcome.seconds for outcome in comparison.outcomes),
    }
    if job.classifier is not None:
        numbers |= {
            "samples": len(job.classifier.y),
            "exact_accuracy": comparison.accuracy,
            "raw_accuracy": raw.accuracy,
            "accuracy": first.accuracy,
        }
    if any("zne" in names_of(outcome.name) for outcome in comparison.outcomes[1:]):
        numbers |= {
            "factors": list(own.factors),
            "fold": own.fold,
            "extrapolator": list(own.extrapolator),
        }
    write_result(out, **numbers)
    save_circuit(job.circuit, out)
    noise.model.save(out / "noise.json")
    save_values(job, comparison, out / "values.png")
    fits = extrapolations(comparison)
    if fits:
        save_extrapolation(job, comparison, fits, out / "extrapolation.png")


def _numbers(job: Job, outcome: Outcome) -> dict[str, Any]:
    errors = outcome.standard_errors
    steps = [] if outcome.name == RAW else names_of(outcome.name)
    return {
        "methods": steps,
        "values": _plain(job, outcome.values),
        "standard_errors": None if errors is None else _plain(job, errors),
        "error": outcome.error,
        "accuracy": outcome.accuracy,
        "seconds": outcome.seconds,
        **cost_of(outcome),
    }


def _plain(job: Job, values: Tensor) -> list[Any]:
    """Numbers of one circuit `(m,)`, or of all samples `(points, m)`."""
    rows = [[None if x != x else x for x in row] for row in values.tolist()]
    return rows if job.classifier is not None else rows[0]


def _value(outcome: Outcome, column: int) -> str:
    errors = outcome.standard_errors
    value = float(outcome.values[0, column])
    return with_error(value, None if errors is None else float(errors[0, column]))


def with_error(value: float, error: float | None) -> str:
    """A value with the standard error of its last digits in brackets.

    >>> with_error(0.12345, 0.0012), with_error(-0.5, None), with_error(0.25, 0.31)
    ('+0.1235(12)', '-0.5000', '+0.2500(3100)')
    """
    text = f"{value:+.4f}"
    if error is None:
        return text
    return f"{text}(?)" if math.isnan(error) else f"{text}({round(1e4 * error)})"


def _number(value: Tensor) -> str:
    return with_error(float(value), None)
