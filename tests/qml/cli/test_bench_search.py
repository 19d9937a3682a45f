"""`ketwork bench search`: the table, what is written, resumed and refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from circuits import Circuit
from circuits import gates as g
from optim.problems import molecule
from optim.search import Candidate, SearchResult
from qml.cli import bench_search_report as reports
from qml.cli.bench_search_report import Entry, median_curve, numbers, reached_after, whole

from .support import is_png, ketwork, result_of, words, works

SMALL = ("bench", "search", "--problem", "H2_r0.70", "--budget", 12, "--runs", 2)


def refused(*arguments: object) -> str:
    ran = ketwork(*arguments)
    assert ran.code == 2, ran.err
    return words(ran.err)


def result(errors: dict[int, float], final: float, **changes: Any) -> SearchResult:
    """A result whose best error fell to `errors[k]` at candidate k."""
    rows = [{"candidates": k, "error": error} for k, error in errors.items()]
    facts: dict[str, Any] = {
        "problem": "p", "method": "m", "candidate": Candidate(2, [("ry", (0,), 0.1)]),
        "energy": final - 1, "measured": final - 1, "error": final, "depth": 1, "cnots": 0,
        "rotations": 1, "parameters": 1, "candidates": 20, "evaluations": 100,
        "polish_evaluations": 10, "seconds": 1.0, "seed": 0, "history": {"best": rows},
    }  # fmt: skip
    return SearchResult(**{**facts, **changes})


def test_numbers_of_a_row() -> None:
    start = Candidate(2, [("ry", (1,), 0.4), ("cx", (1, 0))])
    runs = [
        result({1: 0.5, 4: 0.09}, 0.03),
        result({2: 0.6, 10: 0.08}, 0.01, seed=1, initial=start, candidates=30, seconds=2.0),
        result({1: 0.9}, 0.8, seed=2),
    ]
    row = numbers(runs, 0.1)
    assert (row["error"], row["error_median"], row["error_worst"]) == (0.01, 0.03, 0.8)
    assert row["error_mean"] == pytest.approx(0.28)
    assert (row["runs"], row["reached"], row["reached_after"]) == (3, 2, 7)
    assert row["best_seed"] == 1
    # The whole circuit is counted, with its fixed start; only free angles are parameters.
    assert (row["depth"], row["cnots"], row["rotations"], row["parameters"]) == (3, 1, 2, 1)
    assert whole(runs[1]).to_circuit() == Circuit(2, [g.ry(0.4, 1), g.cx(1, 0), g.ry(0.1, 0)])
    assert row["candidates"] == pytest.approx(70 / 3)
    assert row["evaluations"] == pytest.approx(110)
    assert row["seconds"] == pytest.approx(4 / 3)
    assert reached_after(runs[2], 0.1) is None
    assert numbers(runs[2:], 0.1)["reached_after"] is None


def test_median_curve() -> None:
    runs = [result({1: 4.0, 5: 2.0}, 0), result({2: 3.0}, 0), result({1: 5.0, 6: 1.0}, 0)]
    places, errors = median_curve(runs)
    assert places == [1, 2, 5, 6, 20]
    assert errors == [5.0, 4.0, 3.0, 2.0, 2.0]


def test_what_it_writes_and_how_it_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "b"
    ran = works(*SMALL, "--method", "random", "--method", "adapt:mps", "--out", out)
    found = result_of(out)
    assert [(row["problem"], row["method"]) for row in found["rows"]] == [
        ("H2_r0.70", "random"),
        ("H2_r0.70", "adapt:mps"),
    ]
    problem = molecule("H2_r0.70")
    for row in found["rows"]:
        home = out / "runs" / "H2_r0.70" / row["method"].replace(":", "-")
        stored = SearchResult.load(home / f"seed-{row['best_seed']}" / "search.json")
        assert stored.candidates <= 12
        assert row["error"] == pytest.approx(problem.error(stored.circuit), abs=1e-12)
        assert row["cnots"] == stored.circuit.count_ops().get("cx", 0)
        assert row["depth"] == stored.circuit.depth()
    assert found["rows"][1]["error"] < 1e-9
    text = (out / "results.md").read_text()
    assert "| random | 2 |" in text
    assert "-1.136189" in text
    assert "adapt:mps" in ran.out
    assert is_png(out / "error.png")

    stamps = {path: path.stat().st_mtime_ns for path in out.glob("runs/*/*/*/search.json")}
    assert len(stamps) == 4
    works(*SMALL, "--method", "random", "--method", "anneal", "--out", out, "--resume")
    again = result_of(out)
    assert again["rows"][0] == found["rows"][0]
    assert [row["method"] for row in again["rows"]] == ["random", "anneal"]
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in stamps.items())

    changed = ketwork(*SMALL, "--method", "random", "--out", out, "--resume", "--budget", 13)
    assert changed.code == 1
    assert "budget" in words(changed.err)
    assert "--resume" in refused(*SMALL, "--method", "random", "--out", out)
    works(*SMALL, "--method", "random", "--budget", 5, "--out", out, "--overwrite")
    assert not (out / "runs" / "H2_r0.70" / "anneal").exists()


def test_other_problems(tmp_path: Path) -> None:
    works(
        "bench", "search", "--problem", "ising", "--problem", "ghz", "--method", "random",
        "--budget", 4, "--runs", 1, "--out", tmp_path / "b", "--quiet",
    )  # fmt: skip
    rows = json.loads((tmp_path / "b" / "result.json").read_text())["rows"]
    assert len({row["problem"] for row in rows}) == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--scale", "huge"), "scale"),
        (("--method", "guess"), "method"),
        (("--method", "anneal:hot"), "mps"),
        (("--method", "random", "--method", "random"), "twice"),
        (("--problem", "He"), "problem"),
        (("--resume",), "no benchmark"),
    ],
)
def test_what_it_refuses(options: tuple[str, ...], said: str, tmp_path: Path) -> None:
    assert said in refused("bench", "search", *options, "--out", tmp_path / "b")


def test_options_in_front_of_the_subcommand() -> None:
    assert "--quick" in refused("bench", "--quick", "search")


def test_scales_name_problems_and_methods_that_exist() -> None:
    from qml.cli.bench_search import SCALES, _methods
    from qml.cli.search_methods import problem_of

    for scale in SCALES.values():
        assert all(problem_of(name, None).n_qubits >= 4 for name in scale.problems)
        assert _methods(list(scale.started), ()) == list(scale.started)


def test_columns_that_are_shown_are_columns() -> None:
    table = reports.Table({}, {})
    assert reports.shown(table) == []
    one = reports.Table(
        {"H2_r0.70": molecule("H2_r0.70")}, {Entry("H2_r0.70", "m"): [result({1: 1.0}, 0.5)]}
    )
    ((title, columns, rows),) = reports.shown(one)
    assert "H2_r0.70" in title
    assert len(columns) == len(rows[0]) < len(reports.COLUMNS)
