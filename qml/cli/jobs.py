"""`ketwork jobs`: what was sent to remote machines, and what became of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from circuits.errors import InvalidArgumentError, JobError, JobNotFoundError
from circuits.jobs import JobRecord, Jobs, JobState, Ledger, failure, open_service

from . import jobs_export as exports
from . import jobs_report as reports
from .console import output, print_error, print_facts, print_files, progress_output
from .jobs_progress import watched
from .names import known_name
from .options import OUTPUT_PANEL, Debug, Overwrite, Quiet
from .outputs import prepare_folder

_OPEN = [state for state in JobState if not state.is_final]

jobs = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

LedgerFile = Annotated[
    Path | None,
    typer.Option(
        "--ledger",
        metavar="FILE",
        help="The job ledger.",
        envvar="KETWORK_LEDGER",
        show_envvar=True,
        show_default="in the user's data folder",
    ),
]
Names = Annotated[
    list[str],
    typer.Argument(
        metavar="JOB...", help="Number, tag, key, or the service's id, as `list` shows them."
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        min=0.0,
        metavar="SECONDS",
        help="Stop waiting after so long; the jobs go on.",
        show_default="as long as it takes",
    ),
]


@jobs.callback()
def jobs_command() -> None:
    """Jobs on remote machines: list, watch, take up again, cancel, export.

    Every job is written down before it is sent, so none is lost when a program or a machine dies:

    [cyan]ketwork jobs list[/]

    [cyan]ketwork jobs resume && ketwork jobs wait 7[/]
    """


@jobs.command("list")
def list_jobs(
    *,
    state: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STATE",
            help=f"Only jobs in this state: open, {', '.join(JobState)}. Repeat for several.",
            show_default="all",
        ),
    ] = None,
    service: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Only jobs of this service.", show_default="all"),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, metavar="N", help="Only the N newest.", show_default="20")
    ] = 20,
    ledger: LedgerFile = None,
    debug: Debug = False,
) -> None:
    """List the jobs, newest last."""
    console, found, damage = output(), Ledger(ledger), list[JobError]()
    states = _states(state)
    if not found.path.exists():
        console.print(f"No jobs yet: there is no job ledger {found.path}.", markup=False)
        return
    records = found.records(states=states, service=service, on_damage=damage.append)
    reports.print_jobs(console, found, records[-limit:], len(records))
    for error in damage:
        print_error(str(error))
    if damage:
        raise typer.Exit(1)


@jobs.command()
def show(names: Names, *, ledger: LedgerFile = None, debug: Debug = False) -> None:
    """Show all that is known of jobs, and their history."""
    console, book = output(), _existing(ledger)
    for record in _records(book, names):
        print_facts(console, reports.facts(book, record))
        reports.print_history(console, book, record)


@jobs.command()
def wait(
    names: Names,
    *,
    timeout: Timeout = None,
    ledger: LedgerFile = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Wait until jobs have ended and their results are stored; Ctrl-C leaves the jobs alone."""
    book, failed = _existing(ledger), list[JobError]()
    for record in _records(book, names):
        with watched(progress_output(quiet)) as progress:
            ended = _jobs(book, record.service).wait(record.tag, timeout=timeout, progress=progress)
        print_facts(output(quiet), [reports.outcome(ended)])
        if ended.state is not JobState.DONE:
            failed.append(failure(ended))
    if failed:
        raise failed[0]


@jobs.command()
def resume(
    *,
    service: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Only jobs of this service.", show_default="all"),
    ] = None,
    timeout: Timeout = None,
    ledger: LedgerFile = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Take up all jobs that have not ended: send, look for what was cut off, fetch results.

    Nothing is sent twice: a job that was cut off while it was sent is looked for by its tag first.
    """
    book, errors = _existing(ledger), list[JobError]()
    records = book.records(states=_OPEN, service=service, on_damage=errors.append)
    for name in sorted({record.service for record in records}):
        with watched(progress_output(quiet)) as progress:
            resumed = _jobs(book, name).resume(timeout=timeout, progress=progress)
        print_facts(output(quiet), [reports.outcome(record) for record in resumed])
    if not records:
        print_facts(output(quiet), [("Jobs", "none to take up")])
    if errors:
        raise errors[0]


@jobs.command()
def cancel(
    names: Names, *, ledger: LedgerFile = None, quiet: Quiet = False, debug: Debug = False
) -> None:
    """Cancel jobs, at the service too."""
    book = _existing(ledger)
    for record in _records(book, names):
        cancelled = _jobs(book, record.service).cancel(record.tag)
        print_facts(output(quiet), [reports.outcome(cancelled)])


@jobs.command()
def export(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[JOB...]", help="Which jobs.", show_default="all"),
    ] = None,
    *,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder to write to.", rich_help_panel=OUTPUT_PANEL)
    ],
    ledger: LedgerFile = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Write jobs to a folder: what the ledger knows as JSON and CSV, requests and results as sent.

    [cyan]ketwork jobs export 7 --out job-7[/]
    """
    book = _existing(ledger)
    records = _records(book, names) if names else book.records()
    prepare_folder(out, exports.earlier(out), overwrite=overwrite)
    exports.write(out, book, records)
    print_files(output(quiet), out, exports.files(records))


def _states(names: list[str] | None) -> list[JobState]:
    known = [
        known_name(name, ["open", *(state.value for state in JobState)], "state")
        for name in names or []
    ]
    return [state for name in known for state in (_OPEN if name == "open" else [JobState(name)])]


def _existing(path: Path | None) -> Ledger:
    ledger = Ledger(path)
    if not ledger.path.exists():
        raise JobNotFoundError(f"There is no job ledger {ledger.path}, so there are no jobs.")
    return ledger


def _records(ledger: Ledger, names: list[str]) -> list[JobRecord]:
    records = [ledger.get(name) for name in names]
    if len({record.number for record in records}) < len(records):
        raise InvalidArgumentError(f"A job is named twice: {' '.join(names)}.")
    return records


def _jobs(ledger: Ledger, service: str) -> Jobs:
    return Jobs(open_service(service), ledger)
