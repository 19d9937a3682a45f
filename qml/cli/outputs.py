"""The folder that a command writes to."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from circuits.errors import InvalidArgumentError


def prepare_folder(out: Path, files: Iterable[str], *, overwrite: bool, remedy: str = "") -> None:
    """Makes the folder, and refuses one that holds something unless told to overwrite.

    Args:
        out: The folder.
        files: Names of files and folders that the command may write. With `overwrite`, those of an
            older run are removed first, so that the folder never mixes two runs; other files are
            left alone.
        overwrite: Whether a folder that is not empty is accepted.
        remedy: A further way out, for the error message.

    Raises:
        InvalidArgumentError: If `out` is a file, or holds something and `overwrite` is false.
    """
    if out.exists() and not out.is_dir():
        raise InvalidArgumentError(
            f"--out must be a folder, but {str(out)!r} is a file. Choose another name."
        )
    present = sorted(path.name for path in out.iterdir()) if out.exists() else []
    if present and not overwrite:
        more = f" and {len(present) - 3} more" if len(present) > 3 else ""
        raise InvalidArgumentError(
            f"--out {out} is not empty: it holds {', '.join(present[:3])}{more}. Choose another "
            f"folder, {remedy}or pass --overwrite to replace what an earlier run wrote there."
        )
    for path in (out / name for name in files):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    out.mkdir(parents=True, exist_ok=True)
