"""Find a data set's files below the data directory, in any of the layouts that tools leave."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from circuits import errors

ENVIRONMENT = "KETWORK_DATA"
"""Environment variable that names the data directory."""


@dataclass(frozen=True)
class FileSpec:
    """One file of a data set.

    Args:
        names: Accepted names, best first; each is also looked for with ``.gz`` behind it.
        checksum: ``"md5:<hex>"`` or ``"sha256:<hex>"`` of the uncompressed content, if known.
        n_rows: Number of rows of a table of which several editions are in use, so that no single
            sum fits.
    """

    names: tuple[str, ...]
    checksum: str | None = None
    n_rows: int | None = None

    def find(self, folder: Path) -> Path | None:
        """The first of the accepted names that is a file in `folder`."""
        for name in self.names:
            for path in (folder / name, folder / f"{name}.gz"):
                if path.is_file():
                    return path
        return None


@dataclass(frozen=True)
class Layout:
    """Files that together make a data set, and the folders in which they may lie.

    Args:
        folders: Folders relative to the data directory, best first.
        files: Files that must all be there.
        subfolders: Folders that must all be there (class folders).
    """

    folders: tuple[str, ...]
    files: tuple[FileSpec, ...] = ()
    subfolders: tuple[str, ...] = ()

    def missing(self, folder: Path) -> list[str]:
        """Names of what `folder` lacks."""
        lacking = [f"{spec.names[0]}[.gz]" for spec in self.files if spec.find(folder) is None]
        return lacking + [f"{name}/" for name in self.subfolders if not (folder / name).is_dir()]


def data_directory(data_dir: str | os.PathLike[str] | None, name: str, how_to_get: str) -> Path:
    """The data directory: the argument, else the environment variable `KETWORK_DATA`.

    Args:
        data_dir: The caller's argument.
        name: Data set that needs it, for the error message.
        how_to_get: Where its files come from, for the error message.

    Returns:
        An existing directory.

    Raises:
        DataNotFoundError: If neither is given, or the directory does not exist.
    """
    given, source = data_dir, "data_dir"
    if given is None:
        given, source = os.environ.get(ENVIRONMENT) or None, f"the variable {ENVIRONMENT}"
    if given is None:
        raise errors.DataNotFoundError(
            f"{name}: no data directory given. Pass data_dir= (on the command line --data-dir) or "
            f"set the environment variable {ENVIRONMENT}. {how_to_get}"
        )
    root = Path(given).expanduser()
    if not root.is_dir():
        raise errors.DataNotFoundError(
            f"{name}: {source} is {str(root)!r}, which is not an existing directory. {how_to_get}"
        )
    return root


def locate(root: Path, layouts: tuple[Layout, ...], name: str, how_to_get: str) -> tuple[int, Path]:
    """Find the first folder that holds all of a layout's files.

    Args:
        root: The data directory.
        layouts: Acceptable layouts, best first.
        name: Data set, for the error message.
        how_to_get: Where its files come from, for the error message.

    Returns:
        Which layout was found, and the folder.

    Raises:
        DataNotFoundError: If there is none; lists what was looked for and where, and folders that
            hold a part.
    """
    searched, incomplete = [], []
    for number, layout in enumerate(layouts):
        wanted = len(layout.files) + len(layout.subfolders)
        for relative in layout.folders:
            folder = root / relative
            missing = layout.missing(folder)
            if not missing:
                return number, folder
            if len(missing) < wanted:
                incomplete.append(f"{folder} lacks {', '.join(missing)}")
        files = [f"{spec.names[0]}[.gz]" for spec in layout.files]
        files += [f"{folder}/" for folder in layout.subfolders]
        places = ", ".join(str(root / relative) for relative in layout.folders)
        searched.append(f"{', '.join(files)} in {places}")
    parts = f" Incomplete: {'; '.join(incomplete)}." if incomplete else ""
    raise errors.DataNotFoundError(
        f"{name}: files not found. Looked for {'; or '.join(searched)}.{parts} {how_to_get}"
    )
