"""Text tables of numbers: comma- or space-separated, with or without a header line."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from circuits import errors

from ..dataset import FileRecord
from .content import MAX_BYTES, read_content, verify


def read_lines(
    path: Path, checksum: str | None, max_bytes: int = MAX_BYTES
) -> tuple[list[str], FileRecord]:
    """Read the lines of a text file that are not blank, with or without gzip.

    Args:
        path: The file.
        checksum: Sum of the uncompressed content to verify, or None.
        max_bytes: Largest accepted uncompressed size in bytes.

    Returns:
        The lines, and the record of the file.

    Raises:
        DataCorruptedError: If it is not UTF-8 text, is empty, or the checksum is wrong.
        DataNotFoundError: If the file cannot be read.
    """
    content = read_content(path, max_bytes)
    record = verify(path, content, checksum)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise errors.DataCorruptedError(
            f"{path}: expected UTF-8 text, received other bytes at position {error.start}"
        ) from error
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise errors.DataCorruptedError(f"{path}: expected lines of text, received none")
    return lines, record


def split_header(path: Path, lines: list[str]) -> tuple[list[str] | None, list[str]]:
    """Separate a header from comma-separated lines: a first line with a cell that is no number.

    An empty first cell, as some programs write above row numbers, counts as a header cell.

    Args:
        path: The file, for error messages.
        lines: Lines that are not blank.

    Returns:
        The cells of the header (None without one), and the other lines.

    Raises:
        DataCorruptedError: If only a header is there, or its cells cannot be parsed.
    """
    try:
        cells = [cell.strip() for cell in next(csv.reader(io.StringIO(lines[0])))]
    except csv.Error as error:
        raise errors.DataCorruptedError(
            f"{path}: expected comma-separated cells in line 1, received {error}"
        ) from error
    header, body = (None, lines) if all(map(_is_number, cells)) else (cells, lines[1:])
    if not body:
        raise errors.DataCorruptedError(f"{path}: expected rows below the header, received none")
    return header, body


def parse_numbers(
    path: Path, lines: list[str], n_columns: int | None = None
) -> NDArray[np.float64]:
    """Parse comma-separated numbers, quoted or not.

    Args:
        path: The file, for error messages.
        lines: Lines without the header.
        n_columns: Expected number of columns; None accepts any number that all rows share.

    Returns:
        The numbers ``(rows, columns)``.

    Raises:
        DataCorruptedError: If a cell is no finite number or a row has another number of columns.
    """
    try:
        table = np.loadtxt(lines, delimiter=",", quotechar='"', comments=None, ndmin=2)
    except ValueError as error:
        raise errors.DataCorruptedError(
            f"{path}: expected comma-separated numbers, received a row that is not ({error})"
        ) from error
    if n_columns is not None and table.shape[1] != n_columns:
        raise errors.DataCorruptedError(
            f"{path}: expected {n_columns} columns, received {table.shape[1]}"
        )
    if not np.isfinite(table).all():
        row, column = (int(place[0]) for place in np.nonzero(~np.isfinite(table)))
        raise errors.DataCorruptedError(
            f"{path}: expected finite numbers, received {table[row, column]} in data row "
            f"{row + 1}, column {column + 1}"
        )
    return table


def integer_labels(path: Path, column: NDArray[np.float64], n_classes: int) -> NDArray[np.int64]:
    """Turn a column of numbers into class numbers.

    Args:
        path: The file, for error messages.
        column: Numbers that must be integers in ``[0, n_classes)``.
        n_classes: Number of classes.

    Returns:
        The labels.

    Raises:
        DataCorruptedError: If one of them is not such an integer.
    """
    labels = column.astype(np.int64)
    wrong = (labels != column) | (labels < 0) | (labels >= n_classes)
    if wrong.any():
        raise errors.DataCorruptedError(
            f"{path}: expected labels 0 .. {n_classes - 1}, received {column[wrong][0]} in data "
            f"row {int(np.nonzero(wrong)[0][0]) + 1}"
        )
    return labels


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
