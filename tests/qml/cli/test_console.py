"""Tables show every number in full, however narrow the place."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from qml.cli.console import print_table

COLUMNS = ["row", "published", "reached (seeds)", "parameters", "time"]
ROWS = [
    [
        "MNIST, level 2: all layers quantum",
        "96.92 ± 0.36 %",
        "97.81 ± 0.12 % (3)",
        "172,048",
        "9 s",
    ],
    ["  twin: tanh units before the last layer", "", "92.31 ± 0.10 % (3)", "172,061", "8 s"],
]


def shown(width: int, terminal: bool) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=width, no_color=True)
    print_table(console, "Title", COLUMNS, ROWS)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [60, 80, 100, 150])
def test_nothing_is_cut_on_a_terminal(width: int) -> None:
    text = shown(width, terminal=True)
    assert "…" not in text
    for word in " ".join([*COLUMNS, *(cell for row in ROWS for cell in row)]).split():
        assert word in text


def test_lines_are_whole_where_there_is_no_terminal() -> None:
    lines = shown(60, terminal=False).splitlines()
    for row in ROWS:
        assert any(all(cell.strip() in line for cell in row) for line in lines)
