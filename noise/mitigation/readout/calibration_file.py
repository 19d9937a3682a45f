"""Readout calibrations as JSON files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from circuits.errors import InvalidArgumentError

_FORMAT = "ketwork readout calibration"
_VERSION = 1


def write(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write arrays, mappings from qubits to arrays, and `None`s."""
    content = {name: _plain(value) for name, value in arrays.items()}
    text = json.dumps({"format": _FORMAT, "version": _VERSION, **content}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def read(path: Path) -> dict[str, Any]:
    """The arguments of `ReadoutCalibration` that `write` put into a file.

    Raises:
        InvalidArgumentError: If the file is not of this format and version.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as problem:
        raise InvalidArgumentError(f"File {path} is not JSON: {problem}.") from None
    marks = (content.pop("format", None), content.pop("version", None)) if isinstance(
        content, dict
    ) else (None, None)  # fmt: skip
    if marks != (_FORMAT, _VERSION):
        raise InvalidArgumentError(
            f"File {path} is not a readout calibration of version {_VERSION}: it says {marks}. "
            "Write it with ReadoutCalibration.save."
        )
    names = {"confusions", "joint", "standard_errors", "joint_errors"}
    if set(content) != names:
        raise InvalidArgumentError(f"File {path} must hold {sorted(names)}, got {sorted(content)}.")
    try:
        return {name: _by_qubit(value) for name, value in content.items()}
    except ValueError as problem:
        raise InvalidArgumentError(f"File {path} has a key that is no qubit: {problem}.") from None


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else value


def _by_qubit(value: Any) -> Any:
    return {int(key): entry for key, entry in value.items()} if isinstance(value, dict) else value
