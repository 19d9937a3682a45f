"""The registry's record type and what a reader is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch

from circuits import errors

from ..formats.content import MAX_BYTES
from ..locate import FileSpec, Layout, data_directory, locate
from ..raw import RawSet


@dataclass(frozen=True)
class Query:
    """What the caller of `load` asked a reader for.

    Args:
        record: The data set's record.
        data_dir: Data directory, for sets that are read from files.
        generator: Source of randomness, for generated sets.
        verify: Whether checksums are compared.
        max_bytes: Largest accepted uncompressed size of one file.
        n_samples: Number of samples to generate.
        noise: Standard deviation of the noise to generate.
        file: File to read, for sets of the user's own.
    """

    record: Record
    data_dir: str | None
    generator: torch.Generator
    verify: bool = True
    max_bytes: int = MAX_BYTES
    n_samples: int | None = None
    noise: float | None = None
    file: str | None = None

    def checksum(self, spec: FileSpec) -> str | None:
        """The sum to compare with, or None if the caller asked not to."""
        return spec.checksum if self.verify else None

    def check_rows(self, spec: FileSpec, path: Path, n_rows: int) -> None:
        """Raise DataCorruptedError if a table is known to have another number of rows."""
        if self.verify and spec.n_rows is not None and n_rows != spec.n_rows:
            raise errors.DataCorruptedError(
                f"{path}: expected {spec.n_rows} rows, received {n_rows}; the file is cut off or "
                "is another edition: replace it, or pass verify=False to read it as it is"
            )

    def folder(self) -> tuple[Layout, Path]:
        """The layout that was found below the data directory, and its folder."""
        record = self.record
        root = data_directory(self.data_dir, record.name, record.how_to_get)
        number, folder = locate(root, record.layouts, record.name, record.how_to_get)
        return record.layouts[number], folder

    def own_file(self) -> Path:
        """The user's own file: as given, or relative to the data directory."""
        if self.file is None:
            raise errors.InvalidArgumentError(
                f"file: data set {self.record.name!r} needs the file to read, e.g. "
                f"load({self.record.name!r}, file='my_data{self.record.suffix}')"
            )
        path = Path(self.file).expanduser()
        if path.is_file():
            return path
        root = data_directory(self.data_dir, self.record.name, f"File {self.file!r} not found.")
        if not (root / path).is_file():
            raise errors.DataNotFoundError(
                f"{self.record.name}: file not found; looked for {path.absolute()} and "
                f"{root / path}"
            )
        return root / path

    def notes(self, layout: Layout) -> tuple[str, ...]:
        """What to say about checks that were not made."""
        if not self.verify:
            return ("checksums were not compared, as asked for by verify=False",)
        return tuple(
            f"no published checksum is known for {spec.names[0]}"
            + ("; its number of rows is right" if spec.n_rows else "")
            for spec in layout.files
            if spec.checksum is None
        )


@dataclass(frozen=True)
class Record:
    """One data set in the registry.

    Args:
        name: Name for `load`.
        title: Full name.
        kind: ``"embedded"``, ``"generated"``, ``"directory"`` or ``"file"``.
        origin: Who made it, with the reference to cite.
        licence: Licence as its makers state it.
        read: Reads or makes the data.
        class_names: Names of the classes, where they are known beforehand.
        how_to_get: Where the files come from, for error messages.
        layouts: Acceptable layouts of the files.
        options: Optional arguments of `load` that have an effect for this set.
        suffix: Suffix of a file of the user's own.
    """

    name: str
    title: str
    kind: str
    origin: str
    licence: str
    read: Callable[[Query], RawSet] = field(repr=False)
    class_names: tuple[str, ...] = ()
    how_to_get: str = ""
    layouts: tuple[Layout, ...] = ()
    options: frozenset[str] = frozenset()
    suffix: str = ""


FILE_OPTIONS = frozenset({"verify", "max_bytes"})
