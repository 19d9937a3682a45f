"""Text tables: the published ones and files of the user's own."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
import torch

from circuits import errors
from qml import data


def _write(folder, name, lines, zipped=False):
    folder.mkdir(parents=True, exist_ok=True)
    content = ("\n".join(lines) + "\n").encode()
    (folder / (f"{name}.gz" if zipped else name)).write_bytes(
        gzip.compress(content) if zipped else content
    )


def _banknotes(n=40):
    rng = np.random.default_rng(0)
    return [",".join(f"{v:.4f}" for v in rng.normal(size=4)) + f",{k % 2}" for k in range(n)]


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("header", [[], ["Variance, Skewness, Kurtosis, Entropy, Class"]])
def test_banknote_with_and_without_header(tmp_path, header, zipped):
    name = "data_banknote_authentication.txt"
    _write(tmp_path / "banknote_authentication", name, header + _banknotes(), zipped)
    notes = data.load("banknote", data_dir=tmp_path, verify=False)
    assert [len(notes.x_train), len(notes.x_val), len(notes.x_test)] == [29, 3, 8]
    assert notes.feature_names == ("variance", "skewness", "kurtosis", "entropy")
    rows = torch.cat([notes.x_train, notes.x_val, notes.x_test])
    written = torch.tensor([[float(v) for v in line.split(",")[:4]] for line in _banknotes()])
    assert torch.equal(rows.sort(0).values, written.sort(0).values)
    with pytest.raises(errors.DataCorruptedError, match="expected 1372 rows, received 40"):
        data.load("banknote", data_dir=tmp_path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,2,3,4", "row that is not"),
        ("1,2,3,x,0", "row that is not"),
        ("1,2,3,nan,0", "data row 41, column 4"),
        ("1,2,inf,4,0", "data row 41, column 3"),
        ("1,2,3,4,2", r"labels 0 \.\. 1, received 2"),
        ("1,2,3,4,0.5", r"labels 0 \.\. 1, received 0.5"),
    ],
)
def test_wrong_cells_are_errors(tmp_path, line, message):
    _write(tmp_path, "data_banknote_authentication.txt", [*_banknotes(), line])
    with pytest.raises(errors.DataCorruptedError, match=message):
        data.load("banknote", data_dir=tmp_path, verify=False)


def test_creditcard_as_published_and_with_row_numbers(tmp_path):
    columns = ["Time", *(f"V{k}" for k in range(1, 29)), "Amount", "Class"]
    rows = [[float(k), *np.linspace(0, k, 28), 9.5] for k in range(20)]
    header = ",".join(f'"{column}"' for column in columns)
    lines = [",".join(map(str, row)) + f',"{k % 2}"' for k, row in enumerate(rows)]
    _write(tmp_path / "creditcard", "creditcard.csv", [header, *lines])
    full = data.load("creditcard", data_dir=tmp_path, verify=False)
    numbered = [f"{k},{line}" for k, line in enumerate(lines)]
    sample = tmp_path / "sample" / "creditcard_fraud_sample"
    _write(sample, "creditcard_sample.csv", ["," + header, *numbered], zipped=True)
    other = data.load("creditcard", data_dir=tmp_path / "sample", verify=False)
    assert torch.equal(full.x_train, other.x_train)
    assert full.class_names == ("normal", "fraud")
    assert full.feature_names is not None
    assert full.feature_names[0] == "Time"
    assert full.n_features == 30
    assert any("row numbers" in note for note in other.provenance.notes)


GERMAN = (
    "A11 6 A34 A43 1169 A65 A75 4 A93 A101 4 A121 67 A143 A152 2 A173 1 A192 A201 {}",
    "A12 48 A32 A410 5951 A61 A73 2 A92 A101 2 A121 22 A143 A152 1 A173 1 A191 A201 {}",
)


def test_german_credit_is_one_hot(tmp_path):
    lines = [GERMAN[k % 2].format(1 + k % 2) for k in range(20)]
    _write(tmp_path, "german.data", ["", *lines])
    whole = {"test_fraction": 0.0, "val_fraction": 0.0}
    german = data.load("german_credit", data_dir=tmp_path, verify=False, **whole)
    assert german.n_features == 63
    row = german.x_train[german.y_train == 1][0]
    assert german.feature_names is not None
    values = dict(zip(german.feature_names, row.tolist(), strict=True))
    assert values["purpose = A410"] == 1
    assert values["purpose = A41"] == 0
    assert values["age (years)"] == 22
    assert row.sum() == 13 + 48 + 5951 + 2 + 2 + 22 + 1 + 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (GERMAN[0].format(3), r"labels 0 \.\. 1"),
        (GERMAN[0].replace("A43", "A49X").format(1), "A49X"),
        ("A11 6", "21 cells"),
    ],
)
def test_german_credit_errors(tmp_path, line, message):
    _write(tmp_path, "german.data", [GERMAN[0].format(1)] * 10 + [line])
    with pytest.raises(errors.DataCorruptedError, match=message):
        data.load("german_credit", data_dir=tmp_path, verify=False)


def test_own_csv_in_its_three_forms(tmp_path):
    rows = [f"{k / 10},{k % 3},{k % 2}" for k in range(20)]
    forms = {
        "plain.csv": (rows, ("x0", "x1"), ("0", "1")),
        "named.csv": (["length,width,label", *rows], ("length", "width"), ("0", "1")),
        "sklearn.csv": (["20,2,red,blue", *rows], ("x0", "x1"), ("red", "blue")),
    }
    for name, (lines, features, classes) in forms.items():
        _write(tmp_path, name, lines)
        own = data.load("csv", file=tmp_path / name)
        assert own.feature_names == features
        assert own.class_names == classes
        assert len(own.x_train) == 14


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "received none"),
        (["a,b"], "rows below the header"),
        (["1", "2"], "one column"),
        (["a,b,c", "1,0"], "2 cells in the header"),
        (["1,0", "2,-1"], "received -1"),
        (["1,0", "2,100000"], "received 100000"),
        (["2,1,red", "1,0", "2,1"], "2 class names"),
    ],
)
def test_own_csv_errors(tmp_path, lines, message):
    _write(tmp_path, "a.csv", lines)
    with pytest.raises(errors.DataCorruptedError, match=message):
        data.load("csv", file=tmp_path / "a.csv")


def test_text_that_is_no_text(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"1,2\n\xff\xfe\n")
    with pytest.raises(errors.DataCorruptedError, match="UTF-8"):
        data.load("csv", file=tmp_path / "a.csv")
    (tmp_path / "a.csv").write_bytes(gzip.compress(bytes(10_000_000)))
    with pytest.raises(errors.DataCorruptedError, match="max_bytes"):
        data.load("csv", file=tmp_path / "a.csv", max_bytes=1_000_000)
