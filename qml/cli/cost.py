"""`ketwork cost`: what a training or a prediction would cost on a machine, before it is spent."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import circuits
from circuits import Backend, estimate_cost
from circuits.errors import InvalidArgumentError
from noise import NoiseModel

from . import cost_report as reports
from .console import output, print_facts, print_files, progress_output
from .cost_workload import GRADIENTS, workload
from .mitigation_methods import METHODS, NONE, Choices, names_of, wrapped
from .names import known_name
from .noise_source import NoiseSource
from .options import DATA_PANEL, OUTPUT_PANEL, DataDir, Debug, Overwrite, Quiet
from .outputs import prepare_folder
from .train_options import BatchSize, DataName, Layers, Qubits

if TYPE_CHECKING:
    from circuits import IBM

_MACHINE_PANEL = "Machine"
_SHOTS = 1024


def cost(
    source: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A model's name (ketwork train --help lists them), model.ckpt, or a run's folder.",
        ),
    ],
    *,
    backend: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="fake:sherbrooke (works offline), fake:boston:4 for its best 4 qubits, or "
            "ibm:NAME for a machine of your account.",
            rich_help_panel=_MACHINE_PANEL,
        ),
    ],
    shots: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="N",
            help="Shots for each value, in total over a mitigation's circuits.",
            rich_help_panel=_MACHINE_PANEL,
        ),
    ] = _SHOTS,
    diff_method: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="parameter-shift or spsa; none prices prediction instead of training.",
            rich_help_panel=_MACHINE_PANEL,
        ),
    ] = GRADIENTS[0],
    mitigation: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAMES",
            help=f"none, {', '.join(METHODS)}; chains like readout+zne, the first nearest to the "
            "machine. Repeat, or separate by commas, to compare.",
            show_default="none",
            rich_help_panel=_MACHINE_PANEL,
        ),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="Machine time that you have: says how many steps it allows.",
            rich_help_panel=_MACHINE_PANEL,
        ),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Steps of training, or batches of prediction.",
            show_default="the model's whole training",
            rich_help_panel=DATA_PANEL,
        ),
    ] = None,
    batch_size: BatchSize = None,
    data: DataName = None,
    data_dir: DataDir = None,
    n_qubits: Qubits = None,
    layers: Layers = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for result.json.", rich_help_panel=OUTPUT_PANEL),
    ] = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Say what a model's training or prediction would cost on a machine. Nothing is run or sent.

    Offline, on the calibration data of a device, with and without mitigation:

    [cyan]ketwork cost reupload --data iris --backend fake:sherbrooke --mitigation none,zne[/]

    What two minutes of machine time allow, by the gradient that needs fewest circuits:

    [cyan]ketwork cost runs/iris --backend fake:boston --diff-method spsa --budget 120[/]
    """
    gradient = known_name(diff_method, GRADIENTS, "method of differentiation on a machine")
    gradient = gradient.replace("_", "-")
    chains = _chains(mitigation)
    if budget is not None and not 0 < budget < float("inf"):
        raise InvalidArgumentError(f"--budget must be a positive number of seconds, got {budget}.")
    if overwrite and out is None:
        raise InvalidArgumentError("--overwrite has no effect without --out; leave it out.")
    if ":" not in backend:
        raise InvalidArgumentError(
            f"--backend {backend}: write fake:NAME for a device's calibration data, such as "
            "fake:sherbrooke, or ibm:NAME for a machine of your account."
        )
    console, progress = output(quiet), progress_output(quiet)
    machine = circuits.IBM(backend, shots)
    with progress.status("one step on a backend that computes nothing"):
        work = workload(
            source, data, data_dir, batch_size=batch_size, steps=steps, shots=shots,
            gradient=gradient, options={"n_qubits": n_qubits, "layers": layers},
        )  # fmt: skip
    if out is not None:
        prepare_folder(out, [name for name, _ in reports.FILES], overwrite=overwrite)
    print_facts(console, reports.facts(work, backend, shots))
    noise = functools.cache(lambda: _noise(machine, backend))
    estimates = {}
    for chain in chains:
        with progress.status(chain):
            around = _around(chain, machine, noise, work.n_qubits)
            estimates[chain] = estimate_cost(work.calls, around, calls=work.steps)
    reports.print_report(console, estimates, work.steps, budget)
    if out is not None:
        reports.write(out, work, backend, shots, estimates, budget)
        print_files(console, out, reports.FILES)


def _chains(given: list[str] | None) -> list[str]:
    texts = [chain.strip() for text in given or [NONE] for chain in text.split(",")]
    chains = [text if text == NONE else "+".join(names_of(text)) for text in texts]
    if len(set(chains)) < len(chains):
        raise InvalidArgumentError(f"--mitigation names a method twice: {', '.join(chains)}.")
    return chains


def _around(chain: str, machine: IBM, noise: Callable[[], NoiseSource], n_qubits: int) -> Backend:
    """The machine within a chain of methods."""
    if chain == NONE:
        return machine
    return wrapped(chain, machine, noise(), Choices(n_qubits=n_qubits))


def _noise(machine: IBM, name: str) -> NoiseSource:
    """What the device's calibration data say, for methods that need to know the noise."""
    device = machine.mode.backend
    return NoiseSource(NoiseModel.from_backend(device), name, device)
