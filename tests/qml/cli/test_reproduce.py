"""`ketwork reproduce`: tables at smoke scale, what is printed and written, errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from qml.reproduce import TABLES
from tests.qml.cli.support import is_png, ketwork, result_of, words, works
from tests.qml.reproduce.tiny import TABLE


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that trains in no time."""
    monkeypatch.setitem(TABLES, "tiny", TABLE)


def test_list_names_every_table_and_row() -> None:
    shown = words(works("reproduce", "--list").out)
    for name, table in TABLES.items():
        assert f"{name} {table.title}" in shown
        assert all(row.name in shown for row in table.rows)
    assert "FIRST: 90.00 ± 2.00 %" in shown


def test_a_table_is_printed_and_written(tmp_path: Path) -> None:
    out = tmp_path / "tiny"
    ran = works("reproduce", "tiny", "--scale", "smoke", "--seeds", 2, "--seed", 5, "--out", out)
    assert "A tiny table (scale: smoke)" in ran.out
    assert "FIRST 90.00 ± 2.00 %" in words(ran.out)
    assert "twin: TWIN" in ran.out
    for name in ("table.md", "result.json", "table.png", "curves.png"):
        assert name in ran.out
        assert (out / name).is_file()
    assert is_png(out / "table.png")
    assert is_png(out / "curves.png")
    assert "FIRST, seed 5: epoch 1/3" in ran.err
    assert ", test " in ran.err
    assert "validation" not in ran.err
    assert "Smoke scale shows only that everything runs" in words(ran.out)
    numbers = result_of(out)
    assert numbers["rows"][0]["ours"]["seeds"] == [5, 6]
    assert numbers["parameters"] == 310
    assert numbers["seconds"] > 0


def test_the_same_command_goes_on_and_overwrite_begins_anew(tmp_path: Path) -> None:
    arguments = ["reproduce", "tiny", "--scale", "smoke", "--row", "b", "--out", tmp_path / "x"]
    assert "there already" not in works(*arguments).err
    assert works(*arguments).err.count("there already") == 2
    assert works(*arguments, "--quiet").err == ""
    assert result_of(tmp_path / "x")["rows"][0]["ours"]["value"] is None
    assert "there already" not in works(*arguments, "--overwrite").err
    wrong = ketwork("reproduce", "tiny", "--row", "c", "--out", tmp_path / "x", "--overwrite")
    assert "no row 'c'" in wrong.err
    assert works(*arguments).err.count("there already") == 2
    mine = tmp_path / "mine" / "runs" / "thesis.tex"
    mine.parent.mkdir(parents=True)
    mine.write_text("x")
    assert ketwork("reproduce", "tiny", "--out", tmp_path / "mine", "--overwrite").code == 2
    assert mine.is_file()


def test_interruption_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("qml.reproduce.reproduce", interrupted)
    ran = ketwork("reproduce", "tiny", "--out", tmp_path / "x")
    assert ran.code == 130
    assert "The same command again goes on from here" in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tinny", "--out", "x"], "Did you mean 'tiny'?"),
        (["tiny", "--scale", "papr", "--out", "x"], "Did you mean 'paper'?"),
        (["tiny"], "--out is needed"),
        ([], "TABLE is needed; one of qkan-function"),
        (["tiny", "--list"], "--list excludes TABLE"),
        (["--list", "--out", "x"], "--list excludes --out"),
        (["--list", "--overwrite"], "--list excludes --overwrite"),
        (["tiny", "--row", "c", "--out", "x"], "no row 'c'. Its rows: a, b"),
        (["tiny", "--device", "cuda:99", "--out", "x"], "is not available"),
    ],
)
def test_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = ketwork("reproduce", *arguments)
    assert ran.code == 2
    assert message in words(ran.err)
    assert not (tmp_path / "x" / "runs").exists()


def test_missing_data_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KETWORK_DATA", raising=False)
    ran = ketwork(
        "reproduce", "qkan-mnist", "--data-dir", tmp_path / "none", "--out", tmp_path / "x"
    )
    assert ran.code == 1
    assert "mnist" in ran.err
