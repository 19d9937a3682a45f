"""What `ketwork search` says and writes: a row per run, and the best circuit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console

from circuits import Circuit
from optim.search import SearchResult
from qml.training import atomic_write, write_result

from .console import print_facts, print_table
from .pictures import COLOURS, figure_of, save_circuit, save_figure
from .search_methods import METHODS
from .search_runs import PLAN, Plan

FILES = (
    ("result.json", "the numbers of the best run, and of all runs"),
    ("circuit.qasm", "the best circuit, OpenQASM 2"),
    ("circuit.png", "the best circuit"),
    ("circuit.txt", "the best circuit as text"),
    ("error.png", "error against candidates"),
    (PLAN, "what was asked for"),
)
_COLUMNS = ("seed", "error", "energy", "depth", "CNOTs", "rotations", "candidates", "energies", "s")

Results = dict[int, SearchResult]


def facts(plan: Plan, seeds: list[int], workers: int) -> list[tuple[str, str]]:
    """What is run, as lines to print."""
    problem = plan.problem
    size = f"{problem.n_qubits} qubits, {len(problem.hamiltonian.terms)} Pauli terms"
    lines = [
        ("Problem", f"{problem.name}: {size}, ground energy {problem.ground_energy:.9f}"),
        ("Method", f"{plan.agent}: {METHODS[plan.agent].title}"),
        ("Budget", f"{plan.budget} candidates for each of {len(seeds)} run(s)"),
    ]
    if plan.noise is not None:
        lines.append(("Noise", repr(plan.noise)))
    if problem.coupling is not None:
        pairs = sorted({(min(pair), max(pair)) for pair in problem.coupling})
        lines.append(("Coupling", ", ".join(f"{a}-{b}" for a, b in pairs)))
    if workers > 1:
        lines.append(("Workers", str(min(workers, len(seeds)))))
    return lines


def best_of(results: Results) -> SearchResult:
    """The run of the lowest energy, exact and without noise; of equal ones the shortest circuit."""
    return min(results.values(), key=lambda r: (round(r.energy, 10), r.cnots, r.depth))


def print_report(console: Console, plan: Plan, results: Results) -> None:
    """Prints a row per run, and what the best one found."""
    rows = [
        [
            str(seed), f"{r.error:.2e}", f"{r.energy:.9f}", str(r.depth), str(r.cnots),
            str(r.rotations), str(r.candidates), str(r.evaluations + r.polish_evaluations),
            f"{r.seconds:.1f}",
        ]
        for seed, r in sorted(results.items())
    ]  # fmt: skip
    title = "Runs (error: exact energy of the circuit minus the ground energy)"
    print_table(console, title, _COLUMNS, rows)
    best = best_of(results)
    reached = "reached" if best.error <= plan.problem.accuracy else "not reached"
    lines = [("Best", f"seed {best.seed}, error {best.error:.3g}")]
    lines.append(("Accuracy", f"{plan.problem.accuracy:g} is {reached}"))
    if plan.noise is not None or plan.shots:
        lines.append(("As measured", f"energy {best.measured:.9f}"))
    print_facts(console, lines)


def write(out: Path, plan: Plan, results: Results, seeds: list[int]) -> None:
    """Writes numbers, circuit and plot."""
    best = best_of(results)
    write_result(
        out,
        command="search",
        problem=plan.problem.name,
        agent=plan.agent,
        seeds=seeds,
        ground_energy=plan.problem.ground_energy,
        **_numbers(best),
        seed=best.seed,
        accuracy_reached=bool(best.error <= plan.problem.accuracy),
        total_seconds=sum(r.seconds for r in results.values()),
        runs=[{"seed": seed, **_numbers(r)} for seed, r in sorted(results.items())],
    )
    circuit: Circuit = best.circuit
    with atomic_write(out / "circuit.qasm") as file:
        file.write(circuit.to_qasm().encode())
    save_circuit(circuit, out)
    _save_errors(plan, results, out / "error.png")


def _numbers(result: SearchResult) -> dict[str, Any]:
    names = (
        *("energy", "error", "measured", "depth", "cnots", "rotations", "parameters"),
        *("candidates", "evaluations", "polish_evaluations", "seconds"),
    )
    return {name: getattr(result, name) for name in names}


def _save_errors(plan: Plan, results: Results, path: Path) -> None:
    figure = figure_of(6.4, 3.9)
    axes = figure.add_subplot()
    ground = plan.problem.ground_energy
    for index, (seed, result) in enumerate(sorted(results.items())):
        rows = result.history["best"]
        places = [*(row["candidates"] for row in rows), result.candidates]
        errors = [max(row["energy"] - ground, 1e-12) for row in rows]
        errors.append(errors[-1])
        colour = COLOURS[index % len(COLOURS)]
        axes.step(places, errors, where="post", color=colour, label=f"seed {seed}", lw=1.4)
        axes.plot(result.candidates, max(result.error, 1e-12), "o", color=colour, ms=4)
    axes.axhline(plan.problem.accuracy, color="#999999", lw=0.8, ls="--", label="accuracy")
    axes.set(xlabel="candidates", ylabel="error of the best energy", yscale="log")
    axes.set_title(f"{plan.problem.name}: {METHODS[plan.agent].title}", fontsize=10)
    axes.grid(alpha=0.25)
    axes.legend(frameon=False, fontsize=8)
    save_figure(figure, path)
