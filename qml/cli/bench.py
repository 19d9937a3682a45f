"""`ketwork bench`: ketwork against other simulators, in one run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from circuits.errors import InvalidArgumentError

from .bench_search import bench_search
from .console import output, print_files, print_table, progress_output
from .names import known_name
from .options import Debug, Overwrite
from .outputs import prepare_folder

_FILES = (
    ("results.md", "tables and notes"),
    ("result.json", "every measured time"),
    ("plots.png", "time against qubits and batch, first call, memory"),
)
_CHOICES = {
    "engine": ("auto", "native", "torch"),
    "dtype": ("both", "float64", "float32"),
    "device": ("cpu", "cuda"),
}


bench = typer.Typer(
    invoke_without_command=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
bench.command("search")(bench_search)


@bench.callback()
def bench_simulators(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option(help="Folder for results and plots.")] = None,
    workload: Annotated[
        list[str] | None,
        typer.Option(help="Workload to run; repeat for several. Default: all."),
    ] = None,
    peer: Annotated[
        list[str] | None,
        typer.Option(help="Simulator to compare with; repeat for several, or none."),
    ] = None,
    engine: Annotated[str, typer.Option(help="Our engine: auto, native or torch.")] = "auto",
    dtype: Annotated[str, typer.Option(help="Our precision: both, float64 or float32.")] = "both",
    device: Annotated[str, typer.Option(help="Our device: cpu or cuda.")] = "cpu",
    quick: Annotated[
        bool, typer.Option("--quick", help="Small workloads and few repetitions.")
    ] = False,
    overwrite: Overwrite = False,
    debug: Debug = False,
) -> None:
    """Time ketwork and every installed simulator on the same circuits; compare their results.

    [cyan]ketwork bench search[/] compares methods of architecture search instead.

    Each runs in its own process and they take turns, call by call. Peers that are not installed
    are named; the extra "bench" installs them all. Exit code 1 if results disagree.

    Example:  [cyan]ketwork bench --quick --out bench-results[/]
    """
    if context.invoked_subcommand is not None:
        _refuse_options(context)
        return
    from qml.bench.contestants import PEERS
    from qml.bench.measure import QUICK_LIMITS, Limits
    from qml.bench.plots import save_plots
    from qml.bench.run import run
    from qml.bench.workloads import QUICK, WORKLOADS

    engine, dtype, device = (
        known_name(value, _CHOICES[name], name)
        for name, value in (("engine", engine), ("dtype", dtype), ("device", device))
    )
    keys = [known_name(key, WORKLOADS, "workload") for key in workload or ()]
    names = [known_name(key, [*PEERS, "none"], "peer") for key in peer or PEERS]
    if "none" in names and len(names) > 1:
        raise InvalidArgumentError("--peer none excludes every other --peer: leave one out.")
    if out is not None:
        prepare_folder(out, [name for name, _ in _FILES], overwrite=overwrite)
    progress = progress_output()
    with progress.status("starting"):
        report = run(
            keys or list(QUICK if quick else WORKLOADS),
            [] if names == ["none"] else names,
            engine=engine,
            dtype=dtype,
            device=device,
            limits=QUICK_LIMITS if quick else Limits(),
            say=lambda text: progress.print(text, style="dim"),
        )
    console = output()
    for table in report.tables():
        print_table(console, *table)
    for line in report.notes():
        console.print(line, markup=False, soft_wrap=True)
    if out is not None:
        report.write(out)
        save_plots(report.runs, out / "plots.png")
        print_files(console, out, _FILES)
    if report.disagreements:
        raise typer.Exit(1)


def _refuse_options(context: typer.Context) -> None:
    """Options in front of a subcommand would have no effect."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    given = [name for name, source in sources.items() if source and source.name == "COMMANDLINE"]
    if given:
        raise InvalidArgumentError(
            f"--{given[0]} in front of {context.invoked_subcommand!r} has no effect there: give "
            f"options behind it, as `ketwork bench {context.invoked_subcommand} --help` shows them."
        )
