"""`ketwork info`: versions, packages, devices."""

from __future__ import annotations

import json
from typing import Annotated

import typer

import ketwork

from .options import Debug


def info(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    debug: Debug = False,
) -> None:
    """Show versions, packages, devices and the data folder: what a bug report needs.

    Example:  [cyan]ketwork info --json[/]
    """
    facts = ketwork.info()
    typer.echo(json.dumps(facts, indent=2) if as_json else ketwork.format_info(facts))
