"""Writing files so that a crash leaves either the old content or the new one, never a mixture."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from circuits import errors


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Opens a temporary file beside `path` that takes its place when the block ends well.

    The content is flushed to the disk before the file is renamed. If the block raises, `path`
    keeps what it held. Missing parent folders are made.

    Args:
        path: The file to write.

    Yields:
        A binary file to write to.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    _flush_folder(target.parent)


def write_json(path: str | os.PathLike[str], data: Mapping[str, Any]) -> Path:
    """Writes a dictionary as indented JSON, atomically.

    Args:
        path: The file to write.
        data: Strings, numbers, booleans, None, and lists and dictionaries of those; NumPy and
            torch scalars are written as plain numbers.

    Returns:
        The path written.

    Raises:
        InvalidArgumentError: If a value is not one of these, or is NaN or infinite.
    """
    text = json.dumps(plain_json(data), indent=2, allow_nan=False)
    with atomic_write(path) as file:
        file.write(text.encode() + b"\n")
    return Path(path)


def write_result(out: str | os.PathLike[str], **numbers: Any) -> Path:
    """Writes `result.json` into the folder `out`: one plain name per number.

    Args:
        out: Folder; made if missing.
        **numbers: What to store, e.g. `accuracy=0.97, loss=0.1, parameters=120, seconds=3.2`.

    Returns:
        The path of `result.json`.

    Raises:
        InvalidArgumentError: If a value is no plain number, text, list or dictionary, or is NaN
            or infinite.
    """
    return write_json(Path(out) / "result.json", numbers)


def plain_json(value: Any, name: str = "") -> Any:
    """Returns `value` with NumPy and torch scalars replaced by Python numbers.

    Args:
        value: A tree of dictionaries, lists, tuples, numbers, text and None.
        name: Where `value` stands in the tree, for the error message.

    Returns:
        The same tree made of JSON types.

    Raises:
        InvalidArgumentError: If a leaf has another type, or is NaN or infinite.
    """
    if isinstance(value, Mapping):
        return {str(k): plain_json(v, f"{name}.{k}" if name else str(k)) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(v, f"{name}[{i}]") for i, v in enumerate(value)]
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        raise errors.InvalidArgumentError(
            f"`{name}` is {value}, which JSON cannot hold; expected a finite number. "
            "Leave the entry out, or store None."
        )
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise errors.InvalidArgumentError(
        f"`{name}` has type {type(value).__name__}; expected a number, text, None, a list or a "
        "dictionary. Convert it first, for example with `.tolist()`."
    )


def _flush_folder(folder: Path) -> None:
    """Makes the renaming itself survive a power cut (folders cannot be opened on Windows)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
