"""`ketwork cost`: tables, `result.json`, refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("qiskit_ibm_runtime")
pytest.importorskip("qiskit_aer")

from qml.cli.cost_workload import workload

from .support import ketwork, result_of, words, works

_MODEL = ("cost", "reupload", "--data", "iris", "--n-qubits", 2, "--layers", 2)
_DEVICE = ("--backend", "fake:manila", "--shots", 300, "--batch-size", 4)


def test_training(tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = works(
        *_MODEL, *_DEVICE, "--steps", 10, "--mitigation", "none,zne", "--budget", 50, "--out", out
    )
    numbers = result_of(out)
    work = workload(
        "reupload", "iris", None, batch_size=4, steps=10, shots=300, gradient="parameter-shift",
        options={"n_qubits": 2, "layers": 2},
    )  # fmt: skip
    (call,) = work.calls
    points = sum(request.points for request in call)
    assert points % 4 == 0
    assert points > 4 * 2 * numbers["weights"] / 2  # two shifts for each angle that moves
    plain, zne = numbers["methods"]["none"], numbers["methods"]["zne"]
    assert numbers["jobs"] == plain["jobs"] == 10
    assert plain["executions"] == plain["circuits"] * 300
    assert plain["circuits"] == 10 * points
    assert plain["shots_per_circuit"] == [300]
    assert zne["circuits"] == 3 * plain["circuits"]
    assert zne["executions"] == plain["executions"]
    assert zne["two_qubit_gates"] == 5 * plain["two_qubit_gates"] > 0
    assert 0 < plain["seconds_low"] < plain["seconds_high"]
    assert plain["affordable_steps"] == int(50 * 10 / plain["seconds_high"])
    assert numbers["device"] == "fake_manila"
    assert any("calibration data" in text for text in numbers["assumptions"])
    for text in ("Assumed", "zne", "machine time", "of 10 steps", "training by parameter-shift"):
        assert text in ran.out


def test_spsa_and_prediction_need_fewer_circuits(tmp_path: Path) -> None:
    found = {}
    for method in ("parameter-shift", "spsa", "none"):
        out = tmp_path / method
        works(*_MODEL, *_DEVICE, "--steps", 1, "--diff-method", method, "--out", out)
        found[method] = result_of(out)["circuits"]
    assert found["none"] == 4
    assert found["spsa"] == 3 * 4
    assert found["parameter-shift"] > found["spsa"]


def test_a_whole_training_by_default(tmp_path: Path) -> None:
    works(*_MODEL, *_DEVICE, "--out", tmp_path / "out")
    numbers = result_of(tmp_path / "out")
    work = workload(
        "reupload", "iris", None, batch_size=4, steps=None, shots=1, gradient="parameter-shift",
        options={"n_qubits": 2, "layers": 2},
    )  # fmt: skip
    samples = len(work.settings.load_data(None).x_train)
    assert numbers["steps"] == work.settings.epochs * -(-samples // 4)
    assert {hit["name"] for hit in numbers["limits"]} == {"jobs_per_minute", "free_plan_seconds"}


def test_a_saved_run(tmp_path: Path) -> None:
    run = tmp_path / "run"
    works("train", "--model", "reupload", "--data", "iris", "--n-qubits", 2, "--layers", 1,
          "--epochs", 1, "--out", run)  # fmt: skip
    for source in (run, run / "model.ckpt"):
        out = tmp_path / source.name / "cost"
        works("cost", source, *_DEVICE, "--steps", 2, "--mitigation", "readout+zne", "--out", out)
        assert result_of(out)["model"] == "reupload"
        assert list(result_of(out)["methods"]) == ["readout+zne"]
    ran = ketwork("cost", run, *_DEVICE, "--n-qubits", 3)
    assert ran.code == 2
    assert "no effect on a saved run" in words(ran.err)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cost", "reuplod", *_DEVICE), "'reupload'"),
        (("cost", "mlp", "--data", "iris", *_DEVICE), "no circuit"),
        (("cost", "missing.ckpt", *_DEVICE), "no file"),
        (("cost", "reupload", "--backend", "manila"), "fake:NAME"),
        (("cost", "reupload", "--backend", "fake:manilla"), "manila"),
        ((*_MODEL, *_DEVICE, "--mitigation", "zen"), "'zne'"),
        ((*_MODEL, *_DEVICE, "--mitigation", "zne,zne"), "twice"),
        ((*_MODEL, *_DEVICE, "--diff-method", "adjoint"), "parameter-shift, spsa, none"),
        ((*_MODEL, *_DEVICE, "--budget", "-1"), "--budget"),
        ((*_MODEL, *_DEVICE, "--overwrite"), "--out"),
        ((*_MODEL, *_DEVICE, "--shots", 0), "shots"),
    ],
)
def test_refusals(arguments: tuple[object, ...], message: str) -> None:
    ran = ketwork(*arguments)
    assert ran.code in (1, 2)
    assert message in words(ran.err)
