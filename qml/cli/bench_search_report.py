"""What `ketwork bench search` says and writes: a row per problem and method, and the curves."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from optim.problems import Problem
from optim.search import Candidate, SearchResult
from qml.training import atomic_write, write_result

from .pictures import COLOURS, figure_of, save_figure

FILES = (
    ("results.md", "the table, for reading"),
    ("result.json", "the numbers of every row and run"),
    ("error.png", "error against candidates, median over runs"),
)
COLUMNS = (
    *("method", "runs", "error, best", "error, median", "reached", "after"),
    *("depth", "CNOTs", "rotations", "parameters", "candidates", "energies", "s"),
)
_SHOWN = {
    **{"method": "method", "error, best": "error", "error, median": "median"},
    **{"reached": "hit", "depth": "depth", "CNOTs": "CNOTs", "rotations": "rot.", "s": "s"},
    **{"candidates": "cand.", "energies": "energies"},
}  # what fits a terminal
NOTE = (
    "Error: exact energy of the circuit above the ground energy, in the problem's unit, angles "
    "polished at the end. Reached: runs within the problem's accuracy; after: the median number of "
    "candidates that those took. Depth, gates and parameters are those of the best run's whole "
    "circuit, fixed initial gates included; parameters are the free angles. Candidates, energies "
    "(a value with gradient counts as one, polishing included) and seconds are means over runs. "
    "The matrix product start itself costs no candidates."
)
_FLOOR = 1e-12  # errors below are drawn there


class Entry(NamedTuple):
    """A row: a problem and a method, with its start."""

    problem: str
    method: str


class Table(NamedTuple):
    """What was run: the problems by name, and the results by row."""

    problems: dict[str, Problem]
    results: dict[Entry, list[SearchResult]]


def numbers(results: Sequence[SearchResult], accuracy: float) -> dict[str, Any]:
    """The numbers of a row.

    Args:
        results: The runs.
        accuracy: Error at which the problem counts as solved.
    """
    errors = [result.error for result in results]
    best = min(results, key=lambda r: (round(r.error, 10), r.cnots, r.depth))
    circuit = whole(best)
    first = [hit for hit in (reached_after(result, accuracy) for result in results) if hit]
    return {
        "runs": len(results),
        "error": best.error,
        "error_mean": statistics.fmean(errors),
        "error_median": statistics.median(errors),
        "error_worst": max(errors),
        "reached": sum(error <= accuracy for error in errors),
        "reached_after": statistics.median(first) if first else None,
        "depth": circuit.depth,
        "cnots": circuit.cnots,
        "rotations": circuit.rotations,
        "parameters": best.parameters,
        "best_seed": best.seed,
        "candidates": statistics.fmean(result.candidates for result in results),
        "evaluations": statistics.fmean(
            result.evaluations + result.polish_evaluations for result in results
        ),
        "seconds": statistics.fmean(result.seconds for result in results),
    }


def whole(result: SearchResult) -> Candidate:
    """The circuit with its fixed initial gates, all of which are counted."""
    return result.candidate if result.initial is None else result.initial + result.candidate


def reached_after(result: SearchResult, accuracy: float) -> int | None:
    """Candidates after which the best circuit was within the accuracy, before any polishing."""
    for row in result.history["best"]:
        if row["error"] <= accuracy:
            return int(row["candidates"])
    return None


def tables(table: Table) -> list[tuple[str, Sequence[str], list[list[str]]]]:
    """Title, columns and rows, a table for each problem."""
    found: list[tuple[str, Sequence[str], list[list[str]]]] = []
    for name, problem in table.problems.items():
        rows = [
            _row(entry.method, numbers(results, problem.accuracy))
            for entry, results in table.results.items()
            if entry.problem == name
        ]
        title = f"{name}: {problem.n_qubits} qubits, ground energy {problem.ground_energy:.9f}"
        found.append((title, COLUMNS, rows))
    return found


def shown(table: Table) -> list[tuple[str, Sequence[str], list[list[str]]]]:
    """The tables with those columns that fit a terminal."""
    places = [COLUMNS.index(column) for column in _SHOWN]
    return [
        (title, list(_SHOWN.values()), [[row[place] for place in places] for row in rows])
        for title, _, rows in tables(table)
    ]


def _row(method: str, row: dict[str, Any]) -> list[str]:
    after = row["reached_after"]
    return [
        method, str(row["runs"]), f"{row['error']:.1e}", f"{row['error_median']:.1e}",
        f"{row['reached']}/{row['runs']}", "-" if after is None else f"{after:.0f}",
        str(row["depth"]), str(row["cnots"]), str(row["rotations"]), str(row["parameters"]),
        f"{row['candidates']:.0f}", f"{row['evaluations']:.0f}", f"{row['seconds']:.1f}",
    ]  # fmt: skip


def write(out: Path, table: Table, facts: Sequence[tuple[str, str]]) -> None:
    """Writes Markdown, numbers and the plot."""
    with atomic_write(out / "results.md") as file:
        file.write(markdown(table, facts).encode())
    rows = [
        {
            "problem": entry.problem,
            "method": entry.method,
            **numbers(results, table.problems[entry.problem].accuracy),
            "errors": [result.error for result in results],
        }
        for entry, results in table.results.items()
    ]
    best = min(row["error"] for row in rows)
    seconds = sum(result.seconds for results in table.results.values() for result in results)
    write_result(out, command="bench search", error=best, seconds=seconds, rows=rows)
    _save_curves(table, out / "error.png")


def markdown(table: Table, facts: Sequence[tuple[str, str]]) -> str:
    """The tables as Markdown."""
    lines = ["# Search methods at equal numbers of candidates", ""]
    lines += [f"* {name}: {text}" for name, text in facts]
    for title, columns, rows in tables(table):
        rule = ["---", *["---:"] * (len(columns) - 1)]
        lines += ["", f"## {title}", ""]
        lines += [f"| {' | '.join(cells)} |" for cells in (columns, rule, *rows)]
    return "\n".join([*lines, "", NOTE, ""])


def _save_curves(table: Table, path: Path) -> None:
    methods = list(dict.fromkeys(entry.method for entry in table.results))
    figure = figure_of(4.6 * len(table.problems), 3.9)
    for panel, (name, problem) in enumerate(table.problems.items()):
        axes = figure.add_subplot(1, len(table.problems), panel + 1)
        for entry, results in table.results.items():
            if entry.problem == name:
                index = methods.index(entry.method)
                style = ("-", "--", ":")[index // len(COLOURS) % 3]
                colour = COLOURS[index % len(COLOURS)]
                places, errors = median_curve(results)
                axes.step(places, errors, style, where="post", color=colour, label=entry.method)
        axes.axhline(problem.accuracy, color="#999999", lw=0.8, ls="--")
        axes.set(xlabel="candidates", yscale="log", xscale="log")
        axes.set_title(name, fontsize=9)
        axes.grid(alpha=0.25)
        if panel == 0:
            axes.set_ylabel("error, median over runs")
            axes.legend(frameon=False, fontsize=7)
    save_figure(figure, path)


def median_curve(results: Sequence[SearchResult]) -> tuple[list[int], list[float]]:
    """Numbers of candidates, and the median over runs of the best error so far.

    Runs that ended earlier keep their last error.
    """
    rows = [result.history["best"] for result in results]
    places = sorted({int(row["candidates"]) for run in rows for row in run})
    places = sorted({*places, max(result.candidates for result in results)})
    curves = []
    for run in rows:
        at = np.searchsorted([row["candidates"] for row in run], places, side="right")
        errors = np.minimum.accumulate([row["error"] for row in run])
        curves.append([float(errors[k - 1]) if k else np.inf for k in at])
    medians = np.median(np.array(curves), axis=0)
    return places, [max(float(error), _FLOOR) for error in medians]
