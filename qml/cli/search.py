"""`ketwork search`: look for a circuit that solves a problem, gate by gate."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from circuits.errors import InvalidArgumentError
from noise import NoiseModel
from optim.problems import Problem
from optim.search.minimizers import MINIMIZERS

from . import search_report as reports
from .console import output, print_facts, print_files, progress_output
from .names import known_name
from .noise_source import noise_source
from .options import OUTPUT_PANEL, Debug, Overwrite, Quiet
from .outputs import prepare_folder
from .search_board import board
from .search_methods import FAMILIES, FORMULAS, METHODS, problem_of, search_of
from .search_runs import PLAN, STARTS, Plan, check_plan, run_all

_PROBLEM_PANEL, _SEARCH_PANEL = "Problem", "Search"
_BUDGET = 1000


def search(
    problem: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help=f"{', '.join((*FORMULAS, *FAMILIES))}, or a molecule's full name such as "
            "LiH_r2.2_orb1-2-5.",
            rich_help_panel=_PROBLEM_PANEL,
        ),
    ],
    *,
    qubits: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Number of qubits.",
            show_default="the problem's",
            rich_help_panel=_PROBLEM_PANEL,
        ),
    ] = None,
    noise: Annotated[
        str | None,
        typer.Option(
            metavar="NOISE",
            help="Evaluate candidates on noisy qubits: a fake device (FakeManilaV2), whose best "
            "connected qubits and coupling are used; model.json; or rules such as "
            "depolarizing:0.01.",
            show_default="none",
            rich_help_panel=_PROBLEM_PANEL,
        ),
    ] = None,
    shots: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Measurements per energy and group of observables.",
            show_default="exact energies",
            rich_help_panel=_PROBLEM_PANEL,
        ),
    ] = None,
    agent: Annotated[
        str,
        typer.Option(metavar="NAME", help=f"{', '.join(METHODS)}.", rich_help_panel=_SEARCH_PANEL),
    ] = "crlqas",
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="crlqas: default, or paper for the published network and budgets (days).",
            show_default="default",
            rich_help_panel=_SEARCH_PANEL,
        ),
    ] = None,
    budget: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="N",
            help="Candidates, circuits whose angles are optimised, per run.",
            rich_help_panel=_SEARCH_PANEL,
        ),
    ] = _BUDGET,
    until: Annotated[
        float | None,
        typer.Option(
            metavar="ERROR",
            help="Stop a run at this error of the energy.",
            show_default="run to the budget",
            rich_help_panel=_SEARCH_PANEL,
        ),
    ] = None,
    max_gates: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Largest number of gates.",
            show_default="the method's",
            rich_help_panel=_SEARCH_PANEL,
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="mps: begin with the gates of the best matrix product state of bond dimension 2; "
            "mps-fixed: these, unchanged.",
            show_default="no gates",
            rich_help_panel=_SEARCH_PANEL,
        ),
    ] = None,
    optimizer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"How angles are optimised: {', '.join(MINIMIZERS)}.",
            show_default="bfgs; cobyla with --shots",
            rich_help_panel=_SEARCH_PANEL,
        ),
    ] = None,
    max_evaluations: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="N",
            help="Largest number of energies per candidate.",
            rich_help_panel=_SEARCH_PANEL,
        ),
    ] = 1000,
    seed: Annotated[
        int,
        typer.Option(
            min=0, metavar="N", help="Seed of the first run.", rich_help_panel=_SEARCH_PANEL
        ),
    ] = 0,
    runs: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="N",
            help="Independent runs, with the seeds N, N + 1, ...",
            rich_help_panel=_SEARCH_PANEL,
        ),
    ] = 1,
    workers: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="N",
            help="Processes that the runs are spread over, or the episodes of one run of crlqas.",
            rich_help_panel=_SEARCH_PANEL,
        ),
    ] = 1,
    out: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Folder of the search.", rich_help_panel=OUTPUT_PANEL),
    ] = Path("search-results"),
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on with the runs in --out; give the same options again.",
            rich_help_panel=OUTPUT_PANEL,
        ),
    ] = False,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Search a circuit of low energy: by reinforcement learning, or by simpler methods.

    The ground state of lithium hydride on six qubits, five runs on two processes:

    [cyan]ketwork search --problem LiH --agent crlqas --runs 5 --workers 2[/]

    A circuit found on the noisy qubits of a device, with its coupling:

    [cyan]ketwork search --problem H2_r0.70 --noise FakeManilaV2 --agent anneal --budget 300[/]
    """
    agent = known_name(agent, METHODS, "agent")
    target = problem_of(problem, qubits)
    target, model = _noisy(target, noise)
    plan = Plan(
        target, agent, budget, preset, max_gates,
        start=None if start is None else known_name(start, STARTS, "start").replace("_", "-"),
        noise=model, shots=shots,
        optimizer=None if optimizer is None else known_name(optimizer, MINIMIZERS, "optimizer"),
        max_evaluations=max_evaluations, until=until,
        ahead=workers if workers > 1 and runs == 1 else None,
    )  # fmt: skip
    search_of(agent, preset=preset, max_gates=max_gates, start=None)
    seeds = list(range(seed, seed + runs))
    if workers > 1 and runs == 1 and agent != "crlqas":
        raise InvalidArgumentError(
            f"--workers spreads runs over processes and has no effect on one run of {agent}: ask "
            "for more with --runs, or leave it out."
        )
    _prepare(out, seeds, plan, resume=resume, overwrite=overwrite)
    console, progress = output(quiet), progress_output(quiet)
    print_facts(console, reports.facts(plan, seeds, workers))
    results = _run(plan, seeds, out, workers, progress)
    reports.print_report(console, plan, results)
    reports.write(out, plan, results, seeds)
    print_files(console, out, reports.FILES)


def _noisy(problem: Problem, noise: str | None) -> tuple[Problem, NoiseModel | None]:
    """The problem on the machine that the noise is of: its coupling, if it has one."""
    if noise is None:
        return problem, None
    source = noise_source(noise, problem.n_qubits)
    model = source.model
    if source.device is not None:
        from circuits import cut_out

        model = NoiseModel.from_backend(cut_out(source.device, n_qubits=problem.n_qubits))
    if model.coupling is None:
        return problem, model
    pairs = {(min(pair), max(pair)) for pair in model.coupling}
    inside = tuple(sorted(pair for pair in pairs if max(pair) < problem.n_qubits))
    return replace(problem, coupling=inside), model


def _prepare(out: Path, seeds: list[int], plan: Plan, *, resume: bool, overwrite: bool) -> None:
    if resume and overwrite:
        raise InvalidArgumentError("--resume and --overwrite exclude each other; pass one of them.")
    if not resume:
        older = [path.name for path in out.glob("seed-*")] if out.is_dir() else []
        names = [*(name for name, _ in reports.FILES), *older]
        hint = "pass --resume to go on with it, " if (out / PLAN).is_file() else ""
        prepare_folder(out, names, overwrite=overwrite, remedy=hint)
    elif not (out / PLAN).is_file():
        raise InvalidArgumentError(f"--resume: there is no search in {out}. Leave --resume out.")
    check_plan(out, plan)


def _run(
    plan: Plan, seeds: list[int], out: Path, workers: int, progress: Console
) -> reports.Results:
    results: reports.Results = {}
    try:
        with board(progress, seeds, plan.budget) as show:
            for seed, result in run_all(plan, seeds, out, workers, show):
                results[seed] = result
    except KeyboardInterrupt:
        text = f"Interrupted. The same command with --resume --out {shlex.quote(str(out))} goes on."
        progress.print(text, markup=False, soft_wrap=True)
        raise typer.Exit(130) from None
    return results
