"""`ketwork mitigate`: a circuit without noise, with it, and with its errors mitigated."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from circuits.errors import InvalidArgumentError
from noise.mitigation.extrapolation import EXTRAPOLATORS
from noise.mitigation.zne import FOLDS

from . import mitigate_report as reports
from .console import output, print_facts, print_files, progress_output
from .mitigate_runs import compare, simulator
from .mitigate_sources import Job, job_from_checkpoint, job_from_qasm
from .mitigation_methods import METHODS, Choices, names_of
from .names import known_name
from .noise_source import noise_source
from .options import DATA_PANEL, OUTPUT_PANEL, DataDir, Debug, Overwrite, Quiet, Seed
from .outputs import prepare_folder

_METHOD_PANEL = "Mitigation"
_QASM = (".qasm", ".inc", ".qasm3")


def mitigate(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="CIRCUIT",
            help="An OpenQASM 2 or 3 file, or model.ckpt of a trained quantum model (or its run).",
        ),
    ],
    *,
    noise: Annotated[
        str,
        typer.Option(
            metavar="NOISE",
            help="A fake device (FakeManilaV2), a noise model (model.json), or rules such as "
            "depolarizing:0.01+readout:0.02.",
            rich_help_panel=_METHOD_PANEL,
        ),
    ],
    method: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAMES",
            help=f"What to compare: {', '.join(METHODS)}; chains like readout+zne, the first "
            "nearest to the machine. Repeat, or separate by commas.",
            show_default="zne",
            rich_help_panel=_METHOD_PANEL,
        ),
    ] = None,
    factors: Annotated[
        str | None,
        typer.Option(
            metavar="F,F,..",
            help="zne: noise factors, at least 1.",
            show_default="1,3,5",
            rich_help_panel=_METHOD_PANEL,
        ),
    ] = None,
    fold: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"zne: how noise is made stronger: {', '.join(FOLDS)}.",
            show_default="global",
            rich_help_panel=_METHOD_PANEL,
        ),
    ] = None,
    extrapolator: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"zne: {', '.join(EXTRAPOLATORS)}; several separated by commas fall back in "
            "order.",
            show_default="richardson",
            rich_help_panel=_METHOD_PANEL,
        ),
    ] = None,
    shots: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Shots in total for each value, by every method. Default: exact noisy values.",
            show_default=False,
            rich_help_panel=_METHOD_PANEL,
        ),
    ] = None,
    trajectories: Annotated[
        int | None,
        typer.Option(
            min=2,
            metavar="N",
            help="Simulate by N random trajectories per value instead of exactly.",
            show_default="exactly up to 10 qubits, 200 beyond",
            rich_help_panel=_METHOD_PANEL,
        ),
    ] = None,
    observable: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PAULIS",
            help='QASM: such as "Z0 Z1"; repeat for several. Default: Z on each measured qubit.',
            show_default=False,
            rich_help_panel=DATA_PANEL,
        ),
    ] = None,
    angles: Annotated[
        str | None,
        typer.Option(
            metavar="A,A,..",
            help="QASM: values of the circuit's parameters, in order.",
            show_default=False,
            rich_help_panel=DATA_PANEL,
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Checkpoint: so many test samples.",
            show_default="64",
            rich_help_panel=DATA_PANEL,
        ),
    ] = None,
    data_dir: DataDir = None,
    seed: Seed = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder for numbers and plots.", rich_help_panel=OUTPUT_PANEL
        ),
    ] = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Compare a circuit's exact values, its noisy ones, and what error mitigation makes of them.

    A circuit in a file, on the calibration data of a device:

    [cyan]ketwork mitigate circuit.qasm --noise FakeManilaV2 --method zne,readout+zne --out m[/]

    A trained model's accuracy under noise, with and without mitigation:

    [cyan]ketwork mitigate runs/iris/model.ckpt --noise depolarizing:0.01 --method zne,cdr[/]
    """
    chains = ["+".join(names_of(chain)) for text in method or ["zne"] for chain in text.split(",")]
    if len(set(chains)) < len(chains):
        raise InvalidArgumentError(f"--method names a method twice: {', '.join(chains)}.")
    if trajectories is not None and shots is not None:
        raise InvalidArgumentError(
            "--trajectories has no effect with --shots: each shot is a trajectory of its own. "
            "Leave one of them out."
        )
    if overwrite and out is None:
        raise InvalidArgumentError("--overwrite has no effect without --out; leave it out.")
    job = _job(source, observable, angles, limit, data_dir)
    own = _choices(chains, factors, fold, extrapolator, seed or 0, job.circuit.n_qubits)
    source_of_noise = noise_source(noise, job.circuit.n_qubits)
    if out is not None:
        prepare_folder(out, [name for name, _ in reports.FILES], overwrite=overwrite)
    console, progress = output(quiet), progress_output(quiet)
    machine = simulator(job, source_of_noise, trajectories, own.seed)
    print_facts(console, reports.facts(job, source_of_noise, machine, shots))
    comparison = compare(job, machine, source_of_noise, chains, own, shots, progress)
    reports.print_report(console, job, comparison)
    if out is not None:
        reports.write(out, job, source_of_noise, comparison, own, shots)
        print_files(console, out, reports.FILES)


def _job(
    source: Path,
    observable: list[str] | None,
    angles: str | None,
    limit: int | None,
    data_dir: Path | None,
) -> Job:
    """What to run; raises for options that have no effect on it."""
    if source.suffix.lower() in _QASM:
        if limit is not None:
            raise InvalidArgumentError("--limit has no effect on a QASM file; leave it out.")
        numbers = None if angles is None else _numbers(angles, "--angles")
        return job_from_qasm(source, observable, numbers)
    for name, value in (("--observable", observable), ("--angles", angles)):
        if value is not None:
            raise InvalidArgumentError(f"{name} has no effect on a checkpoint; leave it out.")
    return job_from_checkpoint(source, 64 if limit is None else limit, data_dir)


def _choices(
    chains: list[str],
    factors: str | None,
    fold: str | None,
    extrapolator: str | None,
    seed: int,
    n_qubits: int,
) -> Choices:
    given: dict[str, object] = {"seed": seed, "n_qubits": n_qubits}
    if factors is not None:
        given["factors"] = tuple(_numbers(factors, "--factors"))
    if fold is not None:
        given["fold"] = known_name(fold, FOLDS, "way of folding")
    if extrapolator is not None:
        given["extrapolator"] = tuple(
            known_name(name.strip(), EXTRAPOLATORS, "extrapolator")
            for name in extrapolator.split(",")
        )
    for name in ("factors", "fold", "extrapolator"):
        if name in given and not any("zne" in names_of(chain) for chain in chains):
            raise InvalidArgumentError(
                f"--{name} has no effect without zne among the methods ({', '.join(chains)})."
            )
    return Choices(**given)  # type: ignore[arg-type]


def _numbers(text: str, option: str) -> list[float]:
    try:
        return [float(number) for number in text.split(",")]
    except ValueError:
        raise InvalidArgumentError(
            f"{option} must be numbers separated by commas, got {text!r}."
        ) from None
