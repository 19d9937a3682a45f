"""The application: its commands, and what becomes of an error that one of them raises."""

from __future__ import annotations

import errno
from dataclasses import fields
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import ketwork
from circuits.errors import ArgumentTypeError, InvalidArgumentError, KetworkError

from .bench import bench
from .console import print_error
from .cost import cost
from .demo import demo
from .info import info
from .jobs import jobs
from .mitigate import mitigate
from .names import with_flags
from .options import debugging
from .predict import predict
from .reproduce import reproduce
from .search import search
from .settings import Settings
from .train import train

_USAGE, _FAILURE = 2, 1
_OPTIONS = frozenset({*(field.name for field in fields(Settings)), "data_dir", "device", "row"})


class Commands(TyperGroup):
    """The commands; an error of ours is printed as one message, without a traceback.

    Exit codes: 2 for wrong options or arguments, 1 for whatever else went wrong, 130 after Ctrl-C.
    """

    def invoke(self, ctx: Any) -> Any:
        """Runs the command that the arguments name."""
        try:
            return super().invoke(ctx)
        except KetworkError as error:
            if debugging(ctx):
                raise
            print_error(with_flags(str(error), _OPTIONS))
            usage = isinstance(error, InvalidArgumentError | ArgumentTypeError)
            raise typer.Exit(_USAGE if usage else _FAILURE) from error
        except OSError as error:
            if debugging(ctx) or error.errno == errno.EPIPE:
                raise
            print_error(f"{error.strerror or error}: {error.filename or 'no file name'}")
            raise typer.Exit(_FAILURE) from error


app = typer.Typer(
    name="ketwork",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"ketwork {ketwork.__version__}")
        raise typer.Exit


@app.callback()
def ketwork_command(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Train quantum circuits, and networks that contain them, on real data.

    Start here; it takes less than a minute and downloads nothing:

    [cyan]ketwork demo --out ketwork-demo[/]

    Then train a model of your choice on data of your choice:

    [cyan]ketwork train --model reupload --data iris --out runs/iris[/]
    """


app.command()(demo)
app.command()(train)
app.command()(predict)
app.command()(search)
app.command()(mitigate)
app.command()(cost)
app.command()(reproduce)
app.add_typer(jobs, name="jobs")
app.command()(info)
app.add_typer(bench, name="bench")
