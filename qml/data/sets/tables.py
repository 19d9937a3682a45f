"""Tables of numbers: banknotes, credit card fraud, and files of the user's own."""

from __future__ import annotations

from circuits import errors

from ..formats.csv import integer_labels, parse_numbers, read_lines, split_header
from ..locate import FileSpec, Layout
from ..raw import RawSet, TableRows
from .record import FILE_OPTIONS, Query, Record

_MAX_CLASSES = 1000


def _read_named(query: Query) -> RawSet:
    """Read a table whose last column is the class, dropping an unnamed column of row numbers."""
    layout, folder = query.folder()
    spec = layout.files[0]
    path = spec.find(folder)
    assert path is not None
    lines, record = read_lines(path, query.checksum(spec), query.max_bytes)
    header, body = split_header(path, lines)
    columns = _COLUMNS[query.record.name]
    notes = list(query.notes(layout))
    numbered = header is not None and header[0] == ""
    query.check_rows(spec, path, len(body))
    table = parse_numbers(path, body, len(columns) + 1 + numbered)
    if numbered:
        table = table[:, 1:]
        notes.append("the column of row numbers was dropped")
    labels = integer_labels(path, table[:, -1], len(query.record.class_names))
    rows = TableRows(table[:, :-1], labels)
    names = query.record.class_names
    return RawSet({"all": rows}, names, columns, (record,), tuple(notes))


def _read_own(query: Query) -> RawSet:
    """Read a table of the user's own: numbers, the last column is the class."""
    path = query.own_file()
    lines, record = read_lines(path, None, query.max_bytes)
    header, body = split_header(path, lines)
    table = parse_numbers(path, body)
    if table.shape[1] < 2:
        raise errors.DataCorruptedError(
            f"{path}: expected features and, in the last column, the class; received one column"
        )
    labels = integer_labels(path, table[:, -1], _MAX_CLASSES)
    n_classes, features = int(labels.max()) + 1, table.shape[1] - 1
    columns = tuple(f"x{k}" for k in range(features))
    class_names = tuple(map(str, range(n_classes)))
    if header is not None and header[:2] == [str(len(table)), str(features)]:
        class_names = tuple(header[2:])
        if len(class_names) != n_classes:
            raise errors.DataCorruptedError(
                f"{path}: expected {n_classes} class names in the header, received {class_names}"
            )
    elif header is not None:
        if len(header) != table.shape[1]:
            raise errors.DataCorruptedError(
                f"{path}: expected {table.shape[1]} cells in the header, received {len(header)}"
            )
        columns = tuple(header[:-1])
    note = f"{path.name}: a file of the user's own, without a checksum to compare with"
    return RawSet(
        {"all": TableRows(table[:, :-1], labels)}, class_names, columns, (record,), (note,)
    )


_COLUMNS: dict[str, tuple[str, ...]] = {
    "banknote": ("variance", "skewness", "kurtosis", "entropy"),
    "creditcard": ("Time", *(f"V{k}" for k in range(1, 29)), "Amount"),
}

RECORDS = (
    Record(
        "banknote",
        "Banknote authentication",
        "directory",
        "V. Lohweg (2012), UCI Machine Learning Repository",
        "CC BY 4.0 (UCI)",
        _read_named,
        ("0", "1"),
        "ketwork downloads nothing: get data_banknote_authentication.txt from "
        "https://archive.ics.uci.edu/dataset/267 and put it into the folder "
        "banknote_authentication of the data directory.",
        (
            Layout(
                ("banknote_authentication", "banknote", "."),
                (FileSpec(("data_banknote_authentication.txt",), n_rows=1372),),
            ),
        ),
        FILE_OPTIONS,
    ),
    Record(
        "creditcard",
        "Credit card fraud",
        "directory",
        "Machine Learning Group, ULB, and Worldline; A. Dal Pozzolo et al. (2015)",
        "Database Contents License (DbCL) 1.0",
        _read_named,
        ("normal", "fraud"),
        "ketwork downloads nothing: get creditcard.csv from "
        "https://www.kaggle.com/datasets/mlg-ulb/creditcardfraud and put it into the folder "
        "creditcard of the data directory.",
        (
            Layout(
                ("creditcard", "creditcardfraud", "creditcard_fraud", "."),
                (FileSpec(("creditcard.csv",), n_rows=284807),),
            ),
            Layout(
                ("creditcard_fraud_sample", "creditcard", "."),
                (
                    FileSpec(
                        ("creditcard_sample.csv",),
                        "sha256:2942d1f71d326ef41f8092c4affdb9a8aee8982599d5345df3ecaea29c4ef377",
                    ),
                ),
            ),
        ),
        FILE_OPTIONS,
    ),
    Record(
        "csv",
        "A table of numbers of your own, class number in the last column",
        "file",
        "a file of the user's own",
        "not known",
        _read_own,
        options=frozenset({"file", "max_bytes"}),
        suffix=".csv",
    ),
)
