"""The frame around the commands: help, version, errors, exit codes, output without a terminal."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import ketwork as distribution
from circuits.errors import InvalidArgumentError
from qml.cli import outputs
from qml.cli.names import known_name
from qml.models import MODELS

from .support import ketwork, words, works


def in_process(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ketwork", *arguments], capture_output=True, text=True, check=False
    )


def test_version() -> None:
    assert works("--version").out == f"ketwork {distribution.__version__}\n"


def test_without_a_command_help_is_shown() -> None:
    ran = ketwork()
    for command in ("demo", "train", "predict", "info"):
        assert command in ran.out


@pytest.mark.parametrize("command", ["demo", "train", "predict", "info"])
def test_help_has_an_example_and_panels(command: str) -> None:
    ran = works(command, "--help")
    assert ran.out.count(f"ketwork {command}") >= 2
    assert "\x1b" not in ran.out
    if command != "info":
        assert "Output" in ran.out


def test_help_lists_models_and_data() -> None:
    text = words(works("train", "--help").out)
    for name in (*MODELS, "digits", "fashion_mnist", "moons"):
        assert name in text


def test_info_as_text_and_json() -> None:
    assert works("info").out.startswith(f"ketwork {distribution.__version__}")
    facts = json.loads(works("info", "--json").out)
    assert facts["ketwork"] == distribution.__version__
    assert facts["devices"][0] == "cpu"


@pytest.mark.parametrize(
    ("arguments", "code", "parts"),
    [
        ("train --model qcn", 2, ["no model 'qcn'", "mean 'qcnn'", "reupload, qcnn, mlp, hybrid"]),
        ("train --model mlp --data digitz", 2, ["no data set 'digitz'", "mean 'digits'"]),
        ("train", 2, ["--model is needed", "reupload, qcnn, mlp, hybrid"]),
        ("train --model mlp --block SU4", 2, ["--block has no effect on the model mlp", "qcnn"]),
        ("train --model mlp --shots 10", 2, ["--shots has no effect", "reupload, qcnn, hybrid"]),
        ("train --model qcnn --hidden 3", 2, ["--hidden has no effect", "option of mlp"]),
        ("train --model qcnn --layers 3", 2, ["--layers has no effect", "--block"]),
        ("train --model qcnn --block SU5", 2, ["--block must be one of", "SU4"]),
        ("train --model mlp --dtype float16", 2, ["no dtype 'float16'", "float32, float64"]),
        ("train --model hybrid --diff-method fast", 2, ["'fast'", "adjoint"]),
        ("train --model mlp --lr -1", 2, ["--lr must be a positive finite number"]),
        ("train --model mlp --classes 0,x", 2, ["--classes: no class 'x'"]),
        ("train --model mlp --data iris --noise 0.1", 2, ["--noise: has no effect for 'iris'"]),
        ("train --model mlp --device tpu9", 2, ["--device tpu9 is not available", "cpu"]),
        ("train --model mlp --data mnist --data-dir nowhere", 1, ["mnist", "nowhere"]),
        ("train --model mlp --epochs 0", 2, ["--epochs"]),
        ("train --model mlp --epochz 3", 2, ["--epochz", "--epochs"]),
        ("tran", 2, ["No such command 'tran'"]),
        ("predict", 2, ["CHECKPOINT"]),
        ("predict nowhere.ckpt", 1, ["nowhere.ckpt"]),
    ],
)
def test_wrong_input_gets_one_helpful_message(
    arguments: str, code: int, parts: list[str], tmp_path: Path
) -> None:
    out = ("--out", tmp_path / "run") if arguments.startswith("train") else ()
    ran = ketwork(*arguments.split(), *out)
    assert ran.code == code
    for part in parts:
        assert part in words(ran.err)
    assert "Traceback" not in ran.err
    assert ran.out == ""
    assert not (tmp_path / "run").exists()


def test_debug_shows_the_exception(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="no model"):
        ketwork("train", "--model", "qcn", "--out", tmp_path / "run", "--debug")


def test_a_file_where_a_folder_belongs(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    ran = ketwork("train", "--model", "mlp", "--out", tmp_path / "taken")
    assert ran.code == 2
    assert "is a file" in ran.err


def test_a_folder_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path / "x"))

    monkeypatch.setattr(outputs.Path, "mkdir", refuse)
    ran = ketwork("train", "--model", "mlp", "--out", tmp_path / "x")
    assert ran.code == 1
    assert f"Permission denied: {tmp_path / 'x'}" in ran.err


def test_errors_of_a_real_process_go_to_standard_error() -> None:
    ran = in_process("train", "--model", "qcn", "--out", "unused")
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert ran.stderr.startswith("Error: There is no model 'qcn'. Did you mean 'qcnn'?")
    assert ran.stderr.count("\n") == 1
    assert not Path("unused").exists()


def test_a_real_process_trains_and_prints_plain_text(tmp_path: Path) -> None:
    ran = in_process(
        "train", "--model", "mlp", "--data", "iris", "--epochs", "1", "--out", str(tmp_path / "run")
    )
    assert ran.returncode == 0, ran.stderr
    assert "Accuracy" in ran.stdout
    assert "epoch 1/1" in ran.stderr
    assert "\x1b" not in ran.stdout + ran.stderr


def test_names_forgive_case_and_dashes() -> None:
    assert known_name("Fashion-MNIST", ["mnist", "fashion_mnist"], "data set") == "fashion_mnist"
    with pytest.raises(InvalidArgumentError, match=r"no part 'x'\. Known: a, b"):
        known_name("x", ["a", "b"], "part")
