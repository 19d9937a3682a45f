"""`ketwork bench search`: search methods beside one another at equal numbers of candidates."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.console import Console

from circuits.errors import InvalidArgumentError
from optim.problems import Problem
from optim.search import SearchResult

from . import bench_search_report as reports
from .bench_search_report import Entry, Table
from .console import output, print_facts, print_files, print_table, progress_output
from .names import known_name
from .options import OUTPUT_PANEL, Debug, Overwrite, Quiet
from .outputs import prepare_folder
from .search_board import board
from .search_methods import METHODS, problem_of
from .search_runs import STARTS, Plan, check_plan, run_all

_RUNS = "runs"


class Scale(NamedTuple):
    """How much is run unless the options say otherwise."""

    problems: tuple[str, ...]
    budget: int
    runs: int
    started: tuple[str, ...] = ()


SCALES: dict[str, Scale] = {
    "small": Scale(("H2_r0.70", "LiH_r2.2_orb1-2-5"), 200, 2),
    "medium": Scale(
        ("H2_r0.70", "LiH_r2.2_orb1-2-5", "BeH2_r1.33_orb1-2-6", "H2O_eq_cas4_4"), 1000, 3,
        ("anneal:mps", "random:mps-fixed"),
    ),
    "large": Scale(
        ("H2_r0.70", "LiH_r2.2_orb1-2-5", "BeH2_r1.33_orb1-2-6", "H2O_eq_cas4_4"), 10_000, 5,
        ("anneal:mps", "random:mps-fixed", "crlqas:mps-fixed"),
    ),
}  # fmt: skip
"""Scales by name: minutes, an hour, and a day or two on one core."""


def bench_search(
    out: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Folder of the runs.", rich_help_panel=OUTPUT_PANEL),
    ] = Path("search-benchmark"),
    *,
    scale: Annotated[
        str,
        typer.Option(metavar="NAME", help=f"How much is run: {', '.join(SCALES)}."),
    ] = "small",
    problem: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Problem; repeat for several.", show_default="the scale's"
        ),
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help=f"{', '.join(METHODS)}; followed by :mps or :mps-fixed, started from a matrix "
            "product state. Repeat for several.",
            show_default="all that are installed",
        ),
    ] = None,
    budget: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Candidates of each run.", show_default="the scale's"
        ),
    ] = None,
    runs: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Seeds 0 to N - 1 of each.", show_default="the scale's"
        ),
    ] = None,
    max_evaluations: Annotated[
        int, typer.Option(min=1, metavar="N", help="Largest number of energies per candidate.")
    ] = 1000,
    workers: Annotated[
        int, typer.Option(min=1, metavar="N", help="Processes that the seeds are spread over.")
    ] = 1,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on with the runs in --out; give the same options again, or more methods, "
            "problems or seeds.",
            rich_help_panel=OUTPUT_PANEL,
        ),
    ] = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Compare search methods: error, gates and cost at the same number of candidates.

    Every method gets the same problems, budget, seeds and optimiser of angles. Each run is kept
    in a folder of its own and is resumable at any moment.

    Example:  [cyan]ketwork bench search --problem LiH --budget 1000 --runs 3[/]
    """
    chosen = SCALES[known_name(scale, SCALES, "scale")]
    seeds = list(range(chosen.runs if runs is None else runs))
    labels = _methods(method, chosen.started)
    targets = [problem_of(name, None) for name in problem or chosen.problems]
    plans = {
        Entry(target.name, label): _plan(target, label, budget or chosen.budget, max_evaluations)
        for target in targets
        for label in labels
    }
    if len(plans) < len(targets) * len(labels):
        raise InvalidArgumentError("--problem or --method names the same one twice; leave one out.")
    _prepare(out, resume=resume, overwrite=overwrite)
    console, progress = output(quiet), progress_output(quiet)
    facts = _facts(plans, len(seeds))
    print_facts(console, facts)
    results = _run(plans, seeds, out, workers, progress)
    table = Table({target.name: target for target in targets}, results)
    for title, columns, rows in reports.shown(table):
        print_table(console, title, columns, rows)
    reports.write(out, table, facts)
    print_files(console, out, reports.FILES)


def _methods(given: list[str] | None, started: tuple[str, ...]) -> list[str]:
    """Labels `method` or `method:start`."""
    if given is None:
        installed = importlib.util.find_spec("sb3_contrib") is not None
        return [name for name in METHODS if installed or name != "ppo"] + list(started)
    labels = []
    for text in given:
        name, colon, start = text.partition(":")
        label = known_name(name, METHODS, "method")
        if colon:
            label += ":" + known_name(start, STARTS, "method").replace("_", "-")
        labels.append(label)
    return labels


def _plan(target: Problem, label: str, budget: int, max_evaluations: int) -> Plan:
    agent, _, start = label.partition(":")
    return Plan(target, agent, budget, start=start or None, max_evaluations=max_evaluations)


def _facts(plans: dict[Entry, Plan], runs: int) -> list[tuple[str, str]]:
    first = next(iter(plans.values()))
    return [
        ("Problems", ", ".join(dict.fromkeys(entry.problem for entry in plans))),
        ("Methods", ", ".join(dict.fromkeys(entry.method for entry in plans))),
        ("Budget", f"{first.budget} candidates for each of {runs} run(s) per row"),
        ("Angles", f"BFGS, at most {first.max_evaluations} energies per candidate"),
    ]


def _prepare(out: Path, *, resume: bool, overwrite: bool) -> None:
    if resume and overwrite:
        raise InvalidArgumentError("--resume and --overwrite exclude each other; pass one of them.")
    if resume:
        if not (out / _RUNS).is_dir():
            raise InvalidArgumentError(
                f"--resume: there is no benchmark in {out}. Leave --resume out."
            )
        return
    hint = "pass --resume to go on with it, " if (out / _RUNS).is_dir() else ""
    names = [*(name for name, _ in reports.FILES), _RUNS]
    prepare_folder(out, names, overwrite=overwrite, remedy=hint)


def _run(
    plans: dict[Entry, Plan], seeds: list[int], out: Path, workers: int, progress: Console
) -> dict[Entry, list[SearchResult]]:
    found: dict[Entry, list[SearchResult]] = {}
    try:
        for entry, plan in plans.items():
            home = out / _RUNS / re.sub(r"[^\w.+-]+", "_", entry.problem)
            home /= entry.method.replace(":", "-")
            home.mkdir(parents=True, exist_ok=True)
            check_plan(home, plan)
            progress.print(f"{entry.problem}: {entry.method}", style="dim", markup=False)
            with board(progress, seeds, plan.budget) as show:
                results = dict(run_all(plan, seeds, home, workers, show))
            found[entry] = [results[seed] for seed in seeds]
    except KeyboardInterrupt:
        text = f"Interrupted. The same command with --resume --out {shlex.quote(str(out))} goes on."
        progress.print(text, markup=False, soft_wrap=True)
        raise typer.Exit(130) from None
    return found
