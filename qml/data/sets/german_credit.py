"""Statlog German credit: numbers as they are, categories one-hot with the documented codes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from circuits import errors

from ..formats.csv import integer_labels, parse_numbers, read_lines
from ..locate import FileSpec, Layout
from ..raw import RawSet, TableRows
from .record import FILE_OPTIONS, Query, Record


@dataclass(frozen=True)
class _Column:
    """A column: its name, and the codes of its categories (none for a number)."""

    name: str
    codes: tuple[str, ...] = ()


def _categories(name: str, attribute: int, first: int, last: int) -> _Column:
    return _Column(name, tuple(f"A{attribute}{code}" for code in range(first, last + 1)))


_COLUMNS = (
    _categories("checking account", 1, 1, 4),
    _Column("duration (months)"),
    _categories("credit history", 3, 0, 4),
    _categories("purpose", 4, 0, 10),
    _Column("credit amount"),
    _categories("savings", 6, 1, 5),
    _categories("employment since", 7, 1, 5),
    _Column("instalment rate (% of income)"),
    _categories("personal status and sex", 9, 1, 5),
    _categories("other debtors", 10, 1, 3),
    _Column("residence since (years)"),
    _categories("property", 12, 1, 4),
    _Column("age (years)"),
    _categories("other instalment plans", 14, 1, 3),
    _categories("housing", 15, 1, 3),
    _Column("existing credits"),
    _categories("job", 17, 1, 4),
    _Column("people liable for"),
    _categories("telephone", 19, 1, 2),
    _categories("foreign worker", 20, 1, 2),
)


def _read(query: Query) -> RawSet:
    layout, folder = query.folder()
    spec = layout.files[0]
    path = spec.find(folder)
    assert path is not None
    lines, record = read_lines(path, query.checksum(spec), query.max_bytes)
    query.check_rows(spec, path, len(lines))
    cells = [line.split() for line in lines]
    for number, row in enumerate(cells, start=1):
        if len(row) != len(_COLUMNS) + 1:
            raise errors.DataCorruptedError(
                f"{path}: expected {len(_COLUMNS) + 1} cells per line, received {len(row)} in line "
                f"{number}"
            )
    columns = list(zip(*cells, strict=True))
    encoded = [_encode(path, c, list(v)) for c, v in zip(_COLUMNS, columns, strict=False)]
    names = tuple(
        f"{column.name} = {code}" if code else column.name
        for column in _COLUMNS
        for code in column.codes or ("",)
    )
    classes = parse_numbers(path, list(columns[-1]), 1)[:, 0] - 1
    rows = TableRows(np.concatenate(encoded, axis=1), integer_labels(path, classes, 2))
    notes = (*query.notes(layout), "categories are one-hot over the documented codes")
    return RawSet({"all": rows}, query.record.class_names, names, (record,), notes)


def _encode(path: Path, column: _Column, values: list[str]) -> NDArray[np.float64]:
    if not column.codes:
        return parse_numbers(path, values, 1)
    unknown = sorted(set(values) - set(column.codes))
    if unknown:
        raise errors.DataCorruptedError(
            f"{path}: expected codes {column.codes[0]} .. {column.codes[-1]} in the column "
            f"{column.name!r}, received {unknown[0]!r}"
        )
    return (np.array(values)[:, None] == np.array(column.codes)).astype(np.float64)


RECORDS = (
    Record(
        "german_credit",
        "Statlog German credit",
        "directory",
        "H. Hofmann (1994), UCI Machine Learning Repository",
        "CC BY 4.0 (UCI)",
        _read,
        ("good", "bad"),
        "ketwork downloads nothing: get german.data from https://archive.ics.uci.edu/dataset/144 "
        "and put it into the folder german_credit of the data directory.",
        (Layout(("german_credit", "statlog", "."), (FileSpec(("german.data",), n_rows=1000),)),),
        FILE_OPTIONS,
    ),
)
