"""Runs of the command line within the test's own process."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from typer.testing import CliRunner

from qml.cli import app
from qml.training import load_checkpoint

PNG = b"\x89PNG\r\n"


@dataclass(frozen=True)
class Ran:
    """What a command left behind: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


def ketwork(*arguments: object) -> Ran:
    """Runs `ketwork` with these arguments."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    unexpected = result.exception
    if unexpected is not None and not isinstance(unexpected, SystemExit):
        raise unexpected
    return Ran(result.exit_code, result.stdout, result.stderr)


def works(*arguments: object) -> Ran:
    """As `ketwork`, and requires success."""
    ran = ketwork(*arguments)
    assert ran.code == 0, ran.err
    return ran


def words(text: str) -> str:
    """Text without frames and line breaks, for messages that Typer wraps."""
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", text).split())


def result_of(folder: Path) -> dict[str, Any]:
    """The numbers in `result.json`."""
    numbers: dict[str, Any] = json.loads((folder / "result.json").read_text())
    return numbers


def weights_of(folder: Path, name: str = "model.ckpt") -> dict[str, torch.Tensor]:
    """The weights in a checkpoint."""
    return load_checkpoint(folder / name).model


def is_png(path: Path) -> bool:
    """Whether the file is a PNG picture of some size."""
    content = path.read_bytes()
    return content.startswith(PNG) and len(content) > 5000
