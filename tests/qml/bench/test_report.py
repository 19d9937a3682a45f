from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from qml.bench.contestants import OURS, OURS32
from qml.bench.kernels import limit_of
from qml.bench.measure import Measurement, deviation
from qml.bench.peak import Peak, measure_peak
from qml.bench.plots import save_plots
from qml.bench.report import Report
from qml.bench.targets import TARGETS, judge
from qml.bench.workloads import WORKLOADS


def measured(who: str, key: str, seconds: float, **more: object) -> Measurement:
    defaults = {"first": [seconds], "batch": WORKLOADS[key].batch, "settings": "as it is"}
    return Measurement(who, key, [seconds] * 3, **(defaults | more))  # type: ignore[arg-type]


def report(*measurements: Measurement) -> Report:
    runs: dict[str, dict[str, Measurement]] = {}
    for m in measurements:
        runs.setdefault(m.workload, {})[m.contestant] = m
    versions = {m.contestant: "1.0" for m in measurements}
    return Report(runs, versions, {"qulacs": ["qulacs"]}, frozenset({OURS32}))


@pytest.mark.parametrize(
    ("theirs", "verdict"), [(0.044, "missed"), (0.046, "met"), (0.081, "stretch met")]
)
def test_a_speedup_is_judged(theirs: float, verdict: str) -> None:
    found = report(measured(OURS, "r4", 0.001), measured("default.qubit", "r4", theirs))
    assert [v.verdict for v in judge(found.runs)] == [verdict, "not measured"]


def test_the_best_peer_counts() -> None:
    slow, fast = measured("qulacs", "r16", 9.0), measured("pyqtorch", "r16", 0.5)
    found = {v.target.text: v for v in judge(report(measured(OURS, "r16", 0.1), slow, fast).runs)}
    assert found["best of PennyLane, pyqtorch, qulacs"].measured == pytest.approx(5)


def test_memory_and_first_calls_are_judged_downwards() -> None:
    state = 16 * 2**20
    row = report(
        measured(OURS, "r20", 1.0, memory=9 * state), measured(OURS, "first", 0.001, first=[0.03])
    ).runs
    found = {v.target.text: v for v in judge(row)}
    assert found["peak memory"].measured == 9
    assert found["peak memory"].verdict == "missed"
    assert found["first call minus 2 warm calls"].measured == pytest.approx(28)


def test_every_target_names_a_workload() -> None:
    assert {target.workload for target in TARGETS} <= WORKLOADS.keys()


def test_a_deviation_is_found_and_named() -> None:
    good = measured("pyqtorch", "r4", 1.0, deviation=1e-12)
    single = measured(OURS32, "r4", 1.0, deviation=1e-5)
    bad = measured("default.qubit", "r4", 1.0, deviation=1e-4)
    worse = measured("qiskit-ml", "r4", 1.0, deviation=float("nan"))
    ours = measured(OURS, "r4", 1.0)
    assert report(ours, good, single).disagreements == []
    assert len(report(ours, good, bad, worse).disagreements) == 2


def test_rows_are_compared_where_only_some_samples_ran() -> None:
    ours = {"values": np.ones((4, 2)), "weights": np.ones(3)}
    theirs = {"values": np.ones((2, 2)), "weights": np.zeros(3)}
    assert deviation(theirs, ours, part=True) == 0
    assert deviation(theirs | {"values": np.zeros((2, 2))}, ours, part=True) == 1
    assert deviation({"weights": np.zeros(3)}, ours, part=False) == 1


PEAK = Peak(1e11, 2e10)


def test_kernels_are_compared_with_the_peak_of_the_machine() -> None:
    ours = measured(
        OURS, "r16", 0.02, kernels=[0.016] * 3, operations=8e8, traffic=1.6e8,
        threads={"1": 0.05, "2": 0.02},
    )  # fmt: skip
    uncounted = measured(OURS32, "r16", 0.02, kernels=[0.0])
    tables = replace(report(ours, uncounted), peaks={OURS: PEAK, OURS32: PEAK}).tables()
    (row,) = next(table for table in tables if table.title == "Our kernels").rows
    cells = ["16 ms", "4 ms", "50 (50%)", "10 (50%)", "arithmetic", "2: 2.50x"]
    assert row == ["r16, ketwork", *cells]


@pytest.mark.parametrize(
    ("kernel", "operations", "traffic", "limit"),
    [
        (0.009, 8e8, 0.0, "calls"),
        (0.016, 3.3e8, 0.0, "arithmetic"),
        (0.016, 3.3e8, 1e8, "memory"),
        (0.016, 3e8, 3e7, "neither"),
    ],
)
def test_the_limit_is_named(kernel: float, operations: float, traffic: float, limit: str) -> None:
    m = measured(OURS, "r16", 0.02, kernels=[kernel], operations=operations, traffic=traffic)
    assert limit_of(m, PEAK) == limit


def test_the_time_beyond_the_kernels_is_judged() -> None:
    for who, kernel, verdict in ((OURS, 0.9e-3, "met"), (OURS, 0.7e-3, "missed")):
        row = report(measured(who, "r4-b1", 1e-3, kernels=[kernel])).runs
        assert [v.verdict for v in judge(row)] == [verdict]


def test_a_peak_is_positive() -> None:
    peak = measure_peak(torch.float32)
    assert 1e8 < peak.flops < 1e16
    assert 1e7 < peak.bandwidth < 1e14


def test_files(tmp_path: Path) -> None:
    scaled = measured("qulacs", "r4", 3.0, batch=7)
    failed = Measurement("pyqtorch", "r4", failure="no answer within 75 s")
    found = report(measured(OURS, "r4", 0.001), scaled, failed, measured(OURS, "r8", 0.002))
    found = replace(found, peaks={OURS: PEAK})
    found.write(tmp_path)
    save_plots(found.runs, tmp_path / "plots.png")
    assert json.loads((tmp_path / "result.json").read_text())["runs"][1]["batch"] == 7
    text = (tmp_path / "results.md").read_text()
    assert "| qulacs | ~3 s | 3e+03x |" in text
    assert "pyqtorch has no time: no answer within 75 s" in text
    assert "qulacs is not installed" in text
    assert (tmp_path / "plots.png").read_bytes().startswith(b"\x89PNG")
