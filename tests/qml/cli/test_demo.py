"""`ketwork demo`, on few digits and for few epochs."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from qml.cli import demo_stages

from .support import is_png, ketwork, result_of, works


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo") / "results"
    ran = works("demo", "--epochs", 2, "--limit", 40, "--seed", 1, "--out", out)
    for text in ("hybrid", "classical twin", "without circuit", "1000", "100", "Next"):
        assert text in ran.out
    return out


def test_three_networks_are_compared(folder: Path) -> None:
    numbers = result_of(folder)
    networks = numbers["networks"]
    assert list(networks) == ["hybrid", "classical_twin", "without_circuit"]
    hybrid, twin, identity = networks.values()
    assert numbers["accuracy"] == hybrid["accuracy"]
    assert numbers["parameters"] == hybrid["parameters"]
    # One hidden unit of the twin has 64 + 10 + 1 parameters.
    assert hybrid["parameters"] <= twin["parameters"] < hybrid["parameters"] + 75
    assert identity["parameters"] == hybrid["parameters"] - numbers["circuit_parameters"]
    assert numbers["seed"] == 1
    assert numbers["epochs"] == 2
    assert set(numbers["accuracy_by_shots"]) == {"1000", "100", "10"}
    assert numbers["total_seconds"] >= sum(network["seconds"] for network in networks.values())


def test_noise_and_mitigation_are_shown(folder: Path) -> None:
    pytest.importorskip("qiskit_ibm_runtime")
    noise = result_of(folder)["noise"]
    assert noise["samples"] == 40
    errors = {name: noise[name]["error"] for name in ("unmitigated", "readout", "readout+zne")}
    assert errors["readout+zne"] < 0.7 * errors["unmitigated"]
    assert errors["readout+zne"] < 0.7 * errors["readout"]
    for name in ("noise", "extrapolation"):
        assert is_png(folder / f"{name}.png")


def test_without_devices_the_stage_is_left_out_aloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "qiskit_ibm_runtime", None)
    ran = works("demo", "--epochs", 1, "--limit", 30, "--out", tmp_path / "demo")
    assert "No noise stage" in ran.out
    assert "ketwork[ibm]" in ran.out
    assert "noise" not in result_of(tmp_path / "demo")


def test_everything_that_is_listed_is_written(folder: Path) -> None:
    with_device = importlib.util.find_spec("qiskit_ibm_runtime") is not None
    noisy = ("noise.png", "extrapolation.png")
    for name, _ in demo_stages.FILES:
        assert (folder / name).is_file() == (with_device or name not in noisy)
    for name in ("curves", "confusion", "digits", "circuit"):
        assert is_png(folder / f"{name}.png")


def test_its_checkpoint_predicts(folder: Path, tmp_path: Path) -> None:
    works("predict", folder, "--out", tmp_path / "p")
    assert result_of(tmp_path / "p")["accuracy"] == result_of(folder)["accuracy"]


def test_it_keeps_what_is_there(folder: Path) -> None:
    ran = ketwork("demo", "--out", folder)
    assert ran.code == 2
    assert "--overwrite" in ran.err


def test_an_interruption_is_no_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo_stages.runs, "fit", interrupted)
    ran = ketwork("demo", "--limit", 20, "--out", tmp_path / "demo")
    assert ran.code == 130
    assert "Interrupted" in ran.err


@pytest.mark.slow
def test_the_hybrid_reaches_95_percent(tmp_path: Path) -> None:
    works("demo", "--out", tmp_path / "demo", "--quiet")
    assert result_of(tmp_path / "demo")["accuracy"] >= 0.95
