"""`ketwork demo`: a hybrid classifier of handwritten digits beside two classical networks."""

from __future__ import annotations

import shlex
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from qml.training import write_result

from . import reports, runs
from .console import output, print_facts, print_files, print_next, progress_output
from .demo_stages import FILES, STAGES, Demo
from .options import OUTPUT_PANEL, Debug, Overwrite, Quiet, Seed
from .outputs import prepare_folder
from .settings import Settings

_SETTINGS = Settings(
    model="hybrid", data="digits", n_qubits=8, layers=2, epochs=40, batch_size=32, lr=0.02,
    scheduler="cosine",
)  # fmt: skip


def demo(
    *,
    seed: Seed = None,
    epochs: Annotated[int, typer.Option(min=1, hidden=True)] = _SETTINGS.epochs,
    limit: Annotated[int | None, typer.Option(min=1, hidden=True)] = None,
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="Folder for everything that is written.",
            rich_help_panel=OUTPUT_PANEL,
        ),
    ] = Path("ketwork-demo"),
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Train a hybrid classical-quantum classifier on handwritten digits.

    The ten digits of scikit-learn's bundled data set, so nothing is downloaded. The hybrid is
    compared with a classical network of as many parameters, and with itself without the circuit;
    then its circuit is measured a finite number of times, as on a device, and simulated with the
    noise of a device of IBM's, without and with error mitigation.

    It takes less than a minute:

    [cyan]ketwork demo --out ketwork-demo[/]
    """
    begin = time.perf_counter()
    prepare_folder(out, [name for name, _ in FILES], overwrite=overwrite)
    console, progress = output(quiet), progress_output(quiet)
    settings = replace(_SETTINGS, seed=seed or 0, epochs=epochs, limit=limit)
    state = Demo(runs.prepare(settings, None), out, console, progress)
    print_facts(console, reports.facts(state.run))
    numbers: dict[str, object] = {}
    try:
        for stage in STAGES:
            numbers |= stage(state)
    except KeyboardInterrupt:
        progress.print("Interrupted; start again with --overwrite.", markup=False)
        raise typer.Exit(130) from None
    seconds = time.perf_counter() - begin
    write_result(out, command="demo", **numbers, total_seconds=seconds)
    print_facts(console, [("Total", f"{seconds:.1f} s")])
    print_files(console, out, FILES)
    print_next(
        console,
        [
            f"ketwork predict {shlex.quote(str(out / 'model.ckpt'))}",
            "ketwork train --model qcnn --data digits --classes 0,1 --out runs/qcnn",
            "ketwork train --help",
        ],
    )
