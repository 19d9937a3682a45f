"""Real processes, few calls."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from circuits import _native
from qml.bench.contestants import OURS, OURS32, Contestant, ours
from qml.bench.measure import QUICK_LIMITS, measure
from qml.bench.process import ContestantError, Process
from qml.cli.app import app

LIMITS = replace(QUICK_LIMITS, measure=0.05, rounds=2)
BROKEN = Contestant("broken", "nowhere", "Nothing", (), ())


def test_both_precisions_are_measured_and_a_broken_contestant_is_reported() -> None:
    double, single, broken = measure("r4", [*ours("torch", "both", "cpu"), BROKEN], LIMITS)
    assert [double.contestant, single.contestant] == [OURS, OURS32]
    assert len(double.seconds) >= 2
    assert min(double.seconds) > 0
    assert double.deviation is None
    assert single.deviation is not None
    assert single.deviation < 1e-3
    assert "No module named" in broken.failure
    assert broken.median is None


def test_an_answer_that_takes_too_long_ends_the_process() -> None:
    process = Process(ours("torch", "float64", "cpu")[0])
    with pytest.raises(ContestantError, match="no answer within"):
        process.ask("start", limit=0.01)
    assert process._process.returncode is not None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--workload", "r5"], "no workload 'r5'"),
        (["--peer", "cirq"], "no peer 'cirq'"),
        (["--engine", "numba"], "no engine 'numba'"),
        (["--peer", "none", "--peer", "qulacs"], "excludes every other"),
    ],
)
def test_wrong_options_are_refused(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["bench", *arguments])
    assert result.exit_code == 2
    assert message in result.stderr


def test_the_command_writes_its_files(tmp_path: Path) -> None:
    options = ["--quick", "--peer", "none", "--workload", "r4-b1", "--dtype", "float64"]
    result = CliRunner().invoke(app, ["bench", *options, "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "Targets" in result.stdout
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"result.json", "results.md", "plots.png"}
    (run,) = json.loads((tmp_path / "out" / "result.json").read_text())["runs"]
    if _native.kernels() is not None:
        assert "Our kernels" in result.stdout
        assert all(0 < k < s for k, s in zip(run["kernels"], run["seconds"], strict=False))
        assert run["operations"] > 0
        assert "1" in run["threads"]
