"""`ketwork train`: what it writes, that seeds repeat, that resumed runs are exact."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from qml.cli import runs
from qml.cli.settings import Settings
from qml.training import load_checkpoint

from .support import is_png, ketwork, result_of, weights_of, works

IRIS = ("train", "--data", "iris", "--limit", "30")
SMALL = {
    "reupload": ("--n-qubits", "2", "--layers", "2"),
    "hybrid": ("--n-qubits", "2", "--layers", "1"),
    "qcnn": ("--block", "TTN", "--classes", "0,1"),
    "mlp": ("--hidden", "8"),
}


def same_weights(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("model", SMALL)
def test_every_model_writes_everything(model: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    ran = works(*IRIS, "--model", model, *SMALL[model], "--epochs", 2, "--seed", 3, "--out", out)
    numbers = result_of(out)
    assert numbers["model"] == model
    assert numbers["data"] == "iris"
    assert numbers["seed"] == 3
    assert numbers["epochs"] == 2
    assert 0 <= numbers["accuracy"] <= 1
    assert numbers["loss"] > 0
    assert numbers["seconds"] > 0
    assert numbers["test_samples"] <= 30
    assert numbers["parameters"] == sum(value.numel() for value in weights_of(out).values())
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2]
    assert is_png(out / "curves.png")
    assert is_png(out / "confusion.png")
    assert (out / "circuit.png").exists() == (model != "mlp")
    assert ("circuit_parameters" in numbers) == (model != "mlp")
    if model != "mlp":
        assert is_png(out / "circuit.png")
        assert (out / "circuit.txt").read_text().startswith("q0:")
    assert f"{100 * numbers['accuracy']:.1f} %" in ran.out
    assert f"ketwork predict {out / 'model.ckpt'}" in ran.out
    assert "\x1b" not in ran.out + ran.err


def test_a_seed_repeats_the_run_and_another_does_not(tmp_path: Path) -> None:
    command = (*IRIS, "--model", "hybrid", *SMALL["hybrid"], "--epochs", 1)
    torch.manual_seed(1)
    works(*command, "--seed", 5, "--out", tmp_path / "a")
    torch.manual_seed(2)
    works(*command, "--seed", 5, "--out", tmp_path / "b")
    works(*command, "--seed", 6, "--out", tmp_path / "c")
    works(*command, "--out", tmp_path / "d")
    a, b, c, d = (weights_of(tmp_path / name) for name in "abcd")
    assert same_weights(a, b)
    assert not same_weights(a, c)
    assert result_of(tmp_path / "d")["seed"] == 0
    assert not same_weights(a, d)


@pytest.mark.parametrize("shots", [None, 10])
def test_the_seed_decides_initial_weights_and_shots(shots: int | None) -> None:
    settings = Settings(
        model="hybrid", data="iris", n_qubits=2, layers=1, epochs=1, batch_size=8, lr=0.1,
        shots=shots,
    )  # fmt: skip
    models = [runs.prepare(replace(settings, seed=seed), None).model for seed in (1, 1, 2)]
    a, b, c = (dict(model.state_dict()) for model in models)
    assert same_weights(a, b)
    assert not any(torch.equal(a[name], c[name]) for name in a)
    if shots is not None:
        assert [model.layer.generator.initial_seed() for model in models] == [1, 1, 2]


def test_training_leaves_the_default_generator_alone(tmp_path: Path) -> None:
    torch.manual_seed(4)
    expected = torch.rand(3)
    torch.manual_seed(4)
    works(*IRIS, "--model", "mlp", "--epochs", 1, "--out", tmp_path / "a")
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("shots", [(), ("--shots", 20)])
def test_a_resumed_run_equals_an_uninterrupted_one(
    shots: tuple[object, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = (
        *("train", "--data", "iris", "--limit", 12, "--model", "reupload", "--n-qubits", 2),
        *("--layers", 1, "--epochs", 3, *shots),
    )
    works(*command, "--out", tmp_path / "whole")

    with monkeypatch.context() as patched:
        fit = runs.fit

        def interrupted(*arguments: object, callbacks: list[object], **options: object) -> object:
            def stop(record: object, model: object) -> None:
                if record.epoch == 2:  # type: ignore[attr-defined]
                    raise KeyboardInterrupt

            return fit(*arguments, callbacks=[*callbacks, stop], **options)  # type: ignore[arg-type]

        patched.setattr(runs, "fit", interrupted)
        ran = ketwork(*command, "--out", tmp_path / "parts")
    assert ran.code == 130
    assert f"ketwork train --resume --out {tmp_path / 'parts'}" in ran.err
    assert not (tmp_path / "parts" / "model.ckpt").exists()

    metrics = tmp_path / "parts" / "metrics.jsonl"
    begun = metrics.read_bytes()

    ran = works("train", "--resume", "--out", tmp_path / "parts")
    assert "after 2 of 3 epochs" in ran.out
    assert metrics.read_bytes().startswith(begun)  # timings included, so nothing ran twice
    assert begun.count(b"\n") == 2
    assert same_weights(weights_of(tmp_path / "whole"), weights_of(tmp_path / "parts"))
    whole, parts = result_of(tmp_path / "whole"), result_of(tmp_path / "parts")
    timing = {"seconds"}
    assert {k: v for k, v in whole.items() if k not in timing} == {
        k: v for k, v in parts.items() if k not in timing
    }


def test_a_killed_process_resumes_exactly(tmp_path: Path) -> None:
    command = ["train", "--data", "digits", "--model", "mlp", "--epochs", "60"]
    out = tmp_path / "killed"
    process = subprocess.Popen(
        [sys.executable, "-m", "ketwork", *command, "--out", str(out)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    metrics = out / "metrics.jsonl"
    deadline = time.monotonic() + 120
    while not metrics.exists() or metrics.read_bytes().count(b"\n") < 2:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    training = load_checkpoint(out / "last.ckpt").training
    assert training is not None
    assert 1 <= len(training["history"]) < 60

    works("train", "--resume", "--out", out)
    works(*command, "--out", tmp_path / "whole")
    assert same_weights(weights_of(out), weights_of(tmp_path / "whole"))
    assert len(metrics.read_text().splitlines()) == 60


def test_conflicting_options_of_a_resumed_run_raise(tmp_path: Path) -> None:
    out = tmp_path / "run"
    works(*IRIS, "--model", "mlp", "--epochs", 1, "--lr", 0.01, "--out", out)
    before = weights_of(out)
    for option, value in (
        ("--epochs", 2),
        ("--lr", 0.02),
        ("--model", "hybrid"),
        ("--data", "wine"),
        ("--classes", "0,1"),
        ("--seed", 1),
        ("--dtype", "float64"),
    ):
        ran = ketwork("train", "--resume", "--out", out, option, value)
        assert ran.code == 2
        assert f"{option} {value} differs from the run to resume" in ran.err
    ran = works("train", "--resume", "--out", out, "--lr", 0.01, "--model", "mlp")
    assert "after 1 of 1 epochs" in ran.out
    assert same_weights(before, weights_of(out))


def test_resume_needs_a_run_and_no_overwrite(tmp_path: Path) -> None:
    ran = ketwork("train", "--resume", "--out", tmp_path)
    assert ran.code == 1
    assert "there is no" in ran.err
    ran = ketwork("train", "--resume", "--overwrite", "--out", tmp_path)
    assert ran.code == 2


def test_a_folder_in_use_is_refused_unless_told_to_overwrite(tmp_path: Path) -> None:
    out = tmp_path / "run"
    works(*IRIS, "--model", "hybrid", *SMALL["hybrid"], "--epochs", 1, "--out", out)
    (out / "notes.txt").write_text("mine")
    before = weights_of(out)
    ran = ketwork(*IRIS, "--model", "mlp", "--epochs", 1, "--out", out)
    assert ran.code == 2
    assert "is not empty" in ran.err
    assert "--resume" in ran.err
    assert "--overwrite" in ran.err
    assert same_weights(before, weights_of(out))
    works(*IRIS, "--model", "mlp", "--epochs", 1, "--out", out, "--overwrite")
    assert (out / "notes.txt").read_text() == "mine"
    assert not (out / "circuit.png").exists()
    assert result_of(out)["model"] == "mlp"


def test_double_precision_patience_and_tensorboard(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    out = tmp_path / "run"
    works(
        *IRIS, "--model", "mlp", "--epochs", 30, "--patience", 1, "--lr", 1.0,
        "--dtype", "float64", "--tensorboard", "--out", out,
    )  # fmt: skip
    assert {value.dtype for value in weights_of(out).values()} == {torch.float64}
    numbers = result_of(out)
    assert numbers["stopped"] == "patience"
    assert numbers["epochs"] < 30
    assert list((out / "tensorboard").iterdir())
    works(*IRIS, "--model", "mlp", "--epochs", 1, "--out", out, "--overwrite")
    assert not (out / "tensorboard").exists()


def test_quiet_prints_nothing(tmp_path: Path) -> None:
    ran = works(*IRIS, "--model", "mlp", "--epochs", 1, "--quiet", "--out", tmp_path / "run")
    assert ran.out == ""
    assert ran.err == ""


def test_generated_data_take_their_options(tmp_path: Path) -> None:
    out = tmp_path / "run"
    works(
        "train", "--data", "moons", "--samples", 60, "--noise", 0.05, "--model", "mlp",
        "--epochs", 1, "--out", out,
    )  # fmt: skip
    numbers = result_of(out)
    assert sum(numbers[f"{part}_samples"] for part in ("train", "val", "test")) == 60
