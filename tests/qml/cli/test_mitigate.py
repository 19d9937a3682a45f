"""`ketwork mitigate`: values with and without noise and mitigation, files, refusals."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from circuits import Circuit, DensityMatrix, StateVector
from circuits import gates as g
from circuits.ops import Op
from noise import NoiseModel
from noise.channels import AmplitudeDamping, Depolarizing
from qml.cli.mitigate_report import with_error

from .support import is_png, ketwork, result_of, words, works

_QASM = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[1];
ry(0.7) q[0];
cx q[0],q[1];
ry(-0.4) q[1];
measure q[1] -> c[0];
"""


@pytest.fixture(scope="module")
def circuit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("circuits") / "two.qasm"
    path.write_text(_QASM)
    return path


def noisy_value(p: float, readout: float) -> float:
    """<Z1> with depolarizing noise behind each gate on each of its qubits, and readout error."""

    def behind(*qubits: int) -> list[Op]:
        return [g.depolarizing(p, q) for q in qubits]

    ops = [g.ry(0.7, 0), *behind(0), g.cx(0, 1), *behind(0, 1), g.ry(-0.4, 1), *behind(1)]
    value = Circuit(2, ops).expectation("Z1", backend=DensityMatrix())
    return float(value) * (1 - 2 * readout)


def test_a_circuit_with_rules_for_noise(circuit: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = works(
        "mitigate", circuit, "--noise", "depolarizing:0.02+readout:0.05",
        "--method", "zne,readout", "--method", "readout+zne", "--out", out,
    )  # fmt: skip
    numbers = result_of(out)
    exact = float(Circuit.from_qasm(_QASM).expectation("Z1", backend=StateVector()))
    assert numbers["observables"] == ["Z1"]  # the measured qubit
    assert numbers["exact"][0] == pytest.approx(exact, abs=1e-12)
    assert numbers["raw"][0] == pytest.approx(noisy_value(0.02, 0.05), abs=1e-12)
    methods = numbers["methods"]
    assert list(methods) == ["unmitigated", "zne", "readout", "readout+zne"]
    assert methods["readout"]["values"][0] == pytest.approx(noisy_value(0.02, 0.0), abs=1e-12)
    assert methods["readout+zne"]["error"] < 0.1 * numbers["raw_error"]
    assert numbers["mitigated"] == methods["zne"]["values"]
    assert numbers["best"] == "readout+zne"
    assert methods["zne"]["circuits"] == 3
    assert methods["zne"]["standard_errors"] is None
    for name in ("values", "extrapolation", "circuit"):
        assert is_png(out / f"{name}.png")
    assert NoiseModel.load(out / "noise.json").readout[1][0, 1] == pytest.approx(0.05)
    for text in ("two.qasm", "unmitigated", "readout+zne", "exact noisy values", "smaller by"):
        assert text in ran.out


def test_shots_come_with_errors_and_seeds(circuit: Path, tmp_path: Path) -> None:
    results = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        works(
            "mitigate", circuit, "--noise", "depolarizing:0.02", "--shots", 900,
            "--seed", seed, "--out", tmp_path / name,
        )  # fmt: skip
        results.append(result_of(tmp_path / name)["methods"]["zne"])
    first, again, other = results
    assert first["values"] == again["values"] != other["values"]
    assert first["shots"] == 900
    assert first["standard_errors"][0] > 1 / math.sqrt(900)


def test_trajectories_come_with_errors(circuit: Path, tmp_path: Path) -> None:
    ran = works(
        "mitigate", circuit, "--noise", "depolarizing:0.1", "--trajectories", 400,
        "--out", tmp_path / "out",
    )  # fmt: skip
    raw = result_of(tmp_path / "out")["methods"]["unmitigated"]
    error = raw["standard_errors"][0]
    assert 0 < error < 0.1
    assert abs(raw["values"][0] - noisy_value(0.1, 0.0)) < 5 * error
    assert "400 random trajectories" in ran.out


def test_many_qubits_are_simulated_by_trajectories(tmp_path: Path) -> None:
    ghz = Circuit(12, [g.h(0), *(g.cx(q, q + 1) for q in range(11))])
    (tmp_path / "ghz.qasm").write_text(ghz.to_qasm())
    ran = works(
        "mitigate", tmp_path / "ghz.qasm", "--noise", "depolarizing:0.001+readout:0.01",
        "--observable", "Z0 Z11", "--method", "readout",
    )  # fmt: skip
    assert "200 random trajectories" in ran.out


def test_options_of_extrapolation_reach_it(circuit: Path, tmp_path: Path) -> None:
    works(
        "mitigate", circuit, "--noise", "depolarizing:0.05", "--factors", "1,3", "--fold", "gates",
        "--extrapolator", "exponential,linear", "--observable", "Z0 Z1", "--observable", "X0",
        "--out", tmp_path / "out",
    )  # fmt: skip
    numbers = result_of(tmp_path / "out")
    assert numbers["observables"] == ["Z0 Z1", "X0"]
    assert numbers["extrapolator"] == ["exponential", "linear"]
    assert numbers["factors"] == [1, 3]
    assert numbers["fold"] == "gates"
    assert numbers["methods"]["zne"]["circuits"] == 2


def test_a_noise_model_in_a_file_and_angles(tmp_path: Path) -> None:
    model = NoiseModel().add(AmplitudeDamping(0.3), gates="rx")
    model = model.add(Depolarizing(0.1, 2), gates="cx")
    model.save(tmp_path / "model.json")
    (tmp_path / "free.qasm").write_text(
        'OPENQASM 3.0; include "stdgates.inc"; input float a; qubit[1] q; rx(a) q[0];'
    )
    works(
        "mitigate", tmp_path / "free.qasm", "--noise", tmp_path / "model.json",
        "--angles", "3.141592653589793", "--out", tmp_path / "out",
    )  # fmt: skip
    numbers = result_of(tmp_path / "out")
    assert numbers["exact"][0] == pytest.approx(-1)
    assert numbers["raw"][0] == pytest.approx(2 * 0.3 - 1)


def test_a_trained_model(tmp_path: Path) -> None:
    works(
        "train", "--model", "reupload", "--data", "iris", "--layers", 1, "--epochs", 3,
        "--out", tmp_path / "run",
    )  # fmt: skip
    ran = works(
        "mitigate", tmp_path / "run", "--noise", "depolarizing:0.01", "--limit", 12,
        "--out", tmp_path / "out",
    )  # fmt: skip
    numbers = result_of(tmp_path / "out")
    assert numbers["samples"] == 12
    assert numbers["observables"] == ["Z0", "Z1", "Z2", "Z3"]
    assert torch.tensor(numbers["exact"]).shape == (12, 4)
    assert numbers["error"] < 0.3 * numbers["raw_error"]
    assert 0 <= numbers["raw_accuracy"] <= 1
    assert numbers["accuracy"] == numbers["methods"]["zne"]["accuracy"]
    assert is_png(tmp_path / "out" / "extrapolation.png")
    assert "accuracy" in ran.out
    works("predict", tmp_path / "run", "--out", tmp_path / "all")
    works(
        "mitigate", tmp_path / "run", "--noise", "depolarizing:0.01", "--limit", 1000,
        "--out", tmp_path / "every",
    )  # fmt: skip
    assert result_of(tmp_path / "every")["exact_accuracy"] == pytest.approx(
        result_of(tmp_path / "all")["accuracy"]
    )


def test_a_fake_device(circuit: Path, tmp_path: Path) -> None:
    pytest.importorskip("qiskit_ibm_runtime")
    ran = works(
        "mitigate", circuit, "--noise", "manila", "--method", "decoupling,readout+zne",
        "--out", tmp_path / "out",
    )  # fmt: skip
    numbers = result_of(tmp_path / "out")
    assert numbers["noise"] == "FakeManilaV2"
    assert numbers["raw_error"] > 1e-3
    assert numbers["methods"]["readout+zne"]["error"] < 0.2 * numbers["raw_error"]
    assert "crosstalk" in ran.out  # what the model does not hold is said
    wrong = ketwork("mitigate", circuit, "--noise", "FakeManilla")
    assert wrong.code == 2
    assert "Did you mean 'manila'" in words(wrong.err)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--noise", "depolarizing:1.5"], "[0, 1]"),
        (["--noise", "depolarizing:much"], "[0, 1]"),
        (["--noise", "depolarising:0.1"], "Did you mean 'depolarizing'"),
        (["--noise", "lost.json"], "no such file"),
        (["--noise", "depolarizing:0.1", "--method", "zen"], "Did you mean 'zne'"),
        (["--noise", "depolarizing:0.1", "--method", "zne,ZNE"], "twice"),
        (["--noise", "depolarizing:0.1", "--method", "readout"], "nothing to invert"),
        (["--noise", "depolarizing:0.1", "--method", "decoupling"], "fake device"),
        (["--noise", "depolarizing:0.1", "--method", "cdr", "--factors", "1,3"], "no effect"),
        (["--noise", "depolarizing:0.1", "--factors", "0.5,1,3"], "at least 1"),
        (["--noise", "depolarizing:0.1", "--factors", "1,1,3"], "repeat"),
        (["--noise", "depolarizing:0.1", "--factors", "1,three"], "separated by commas"),
        (["--noise", "depolarizing:0.1", "--fold", "sideways"], "way of folding"),
        (["--noise", "depolarizing:0.1", "--extrapolator", "magic"], "extrapolator"),
        (["--noise", "depolarizing:0.1", "--limit", "3"], "no effect"),
        (["--noise", "depolarizing:0.1", "--angles", "0.1"], "0 values"),
        (["--noise", "depolarizing:0.1", "--observable", "Z7"], "Z7"),
        (["--noise", "depolarizing:0.1", "--overwrite"], "--out"),
        (["--noise", "depolarizing:0.1", "--shots", "9", "--trajectories", "9"], "no effect"),
        (["--noise", "depolarizing:0.1", "--method", "qcluster"], "needs shots"),
    ],
)
def test_refusals_say_what_is_wrong(circuit: Path, arguments: list[str], text: str) -> None:
    ran = ketwork("mitigate", circuit, *arguments)
    assert ran.code == 2
    assert text in words(ran.err)


def test_a_missing_file_and_a_model_without_a_circuit(tmp_path: Path) -> None:
    for name in ("none.qasm", "none.ckpt"):
        ran = ketwork("mitigate", tmp_path / name, "--noise", "depolarizing:0.1")
        assert ran.code == 1
        assert name in words(ran.err)
    works("train", "--model", "mlp", "--data", "iris", "--epochs", 1, "--out", tmp_path / "run")
    ran = ketwork("mitigate", tmp_path / "run", "--noise", "depolarizing:0.1")
    assert ran.code == 2
    assert "holds no circuit" in words(ran.err)


def test_errors_in_brackets() -> None:
    assert with_error(0.5, math.nan) == "+0.5000(?)"
