"""`ketwork predict`: it reproduces training's scores, reads users' files, refuses bad ones."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from qml import data
from qml.training import load_checkpoint, save_checkpoint

from .support import is_png, ketwork, result_of, works


@pytest.fixture(scope="module")
def iris_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained hybrid on iris."""
    out = tmp_path_factory.mktemp("iris") / "run"
    works(
        "train", "--data", "iris", "--model", "hybrid", "--n-qubits", 2, "--layers", 1,
        "--epochs", 8, "--lr", 0.1, "--out", out,
    )  # fmt: skip
    return out


@pytest.fixture(scope="module")
def digits_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained mlp on two classes of digits, in double precision."""
    out = tmp_path_factory.mktemp("digits") / "run"
    works(
        "train", "--data", "digits", "--classes", "3,8", "--limit", 60, "--model", "mlp",
        "--epochs", 5, "--dtype", "float64", "--seed", 2, "--out", out,
    )  # fmt: skip
    return out


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "predictions.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ["iris_run", "digits_run"])
def test_the_scores_of_training_are_reproduced(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    run = request.getfixturevalue(name)
    out = tmp_path / "predicted"
    ran = works("predict", run / "model.ckpt", "--out", out)
    trained, predicted = result_of(run), result_of(out)
    assert predicted["accuracy"] == trained["accuracy"]
    assert predicted["loss"] == pytest.approx(trained["loss"], rel=1e-5)
    assert predicted["parameters"] == trained["parameters"]
    assert predicted["samples"] == trained["test_samples"]
    assert f"{100 * trained['accuracy']:.1f} %" in ran.out
    rows = rows_of(out)
    right = sum(row["true"] == row["predicted"] for row in rows)
    assert right / len(rows) == trained["accuracy"]
    for row in rows:
        chances = {k.removeprefix("p_"): float(v) for k, v in row.items() if k.startswith("p_")}
        assert sum(chances.values()) == pytest.approx(1, abs=1e-5)
        assert max(chances, key=lambda label: chances[label]) == row["predicted"]
    assert is_png(out / "confusion.png")


def test_a_folder_stands_for_its_model_and_other_parts_can_be_scored(
    iris_run: Path, tmp_path: Path
) -> None:
    works("predict", iris_run, "--part", "train", "--out", tmp_path / "p")
    numbers = result_of(tmp_path / "p")
    assert numbers["samples"] == 108
    assert numbers["accuracy"] == pytest.approx(result_of(iris_run)["train_accuracy"], abs=0.1)


def test_files_of_every_kind_give_the_same_predictions(iris_run: Path, tmp_path: Path) -> None:
    iris = data.load("iris", seed=0)
    x, y = iris.x_test.numpy(), iris.y_test.numpy()
    np.save(tmp_path / "x.npy", x)
    np.savez(tmp_path / "xy.npz", x=x, y=y)
    header = ",".join([*(iris.feature_names or ()), "label"])
    table = np.column_stack([x, y])
    np.savetxt(tmp_path / "named.csv", table, delimiter=",", header=header, comments="")
    np.savetxt(tmp_path / "plain.csv", x, delimiter=",")
    np.savetxt(tmp_path / "extra.csv", table, delimiter=",")
    works("predict", iris_run, "--out", tmp_path / "reference")
    reference = [row["predicted"] for row in rows_of(tmp_path / "reference")]
    for file, labelled in (
        ("x.npy", False),
        ("xy.npz", True),
        ("named.csv", True),
        ("plain.csv", False),
        ("extra.csv", True),
    ):
        out = tmp_path / f"out-{file}"
        ran = works("predict", iris_run, "--input", tmp_path / file, "--out", out)
        rows = rows_of(out)
        assert [row["predicted"] for row in rows] == reference
        assert ("true" in rows[0]) == labelled
        assert ("accuracy" in result_of(out)) == labelled
        if labelled:
            assert result_of(out)["accuracy"] == result_of(iris_run)["accuracy"]
        else:
            assert "First 10 of 30" in ran.out


def test_images_may_be_flat_and_labels_are_class_names(digits_run: Path, tmp_path: Path) -> None:
    digits = data.load("digits", classes=[3, 8], seed=2, limit=60)
    names = np.array([digits.class_names[k] for k in digits.y_test])
    np.savez(tmp_path / "a.npz", x=digits.x_test.numpy(), y=names)
    np.savez(tmp_path / "b.npz", x=digits.x_test.flatten(1).numpy(), y=names.astype(int))
    for file in ("a.npz", "b.npz"):
        works("predict", digits_run, "--input", tmp_path / file, "--out", tmp_path / f"o-{file}")
        accuracy = result_of(tmp_path / f"o-{file}")["accuracy"]
        assert accuracy == result_of(digits_run)["accuracy"]


def test_shots_are_seeded_and_approach_the_exact_probabilities(
    iris_run: Path, tmp_path: Path
) -> None:
    for name, options in (
        ("exact", ()),
        ("many", ("--shots", 100_000)),
        ("few", ("--shots", 10)),
        ("again", ("--shots", 10, "--seed", 0)),
        ("other", ("--shots", 10, "--seed", 1)),
    ):
        works("predict", iris_run, *options, "--out", tmp_path / name)
    chances = {
        name: np.array(
            [
                [float(v) for k, v in row.items() if k.startswith("p_")]
                for row in rows_of(tmp_path / name)
            ]
        )
        for name in ("exact", "many", "few", "again", "other")
    }
    many, few = (np.abs(chances[name] - chances["exact"]).max() for name in ("many", "few"))
    assert many < 0.05 < few
    assert (chances["few"] == chances["again"]).all()
    assert (chances["few"] != chances["other"]).any()
    assert result_of(tmp_path / "few")["shots"] == 10


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--seed", "1"), 2, "--seed has no effect without --shots"),
        (("--overwrite",), 2, "--overwrite has no effect without --out"),
        (("--part", "tset"), 2, "Did you mean 'test'?"),
        (("--data", "wine"), 2, "no class"),
        (("--data", "irsi"), 2, "Did you mean 'iris'?"),
        (("--input", "missing.csv"), 1, "there is no such file"),
        (("--input", "x.txt"), 2, "expected a file of type .npy, .npz, .csv"),
        (("--input", "x.npy", "--part", "test"), 2, "--input and --part exclude each other"),
        (("--device", "cuda:77"), 2, "--device cuda:77 is not available"),
    ],
)
def test_wrong_options_get_one_helpful_message(
    options: tuple[str, ...], code: int, message: str, iris_run: Path
) -> None:
    ran = ketwork("predict", iris_run, *options)
    assert ran.code == code
    assert message in ran.err
    assert "Traceback" not in ran.err


def test_shots_of_a_model_without_circuit_raise(digits_run: Path) -> None:
    ran = ketwork("predict", digits_run, "--shots", 10)
    assert ran.code == 2
    assert "holds no circuit" in ran.err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (np.zeros((3, 5)), "the model expects samples of shape (4,)"),
        (np.zeros((0, 4)), "the model expects samples of shape (4,)"),
        (np.zeros(4), "a row per sample"),
        (np.full((2, 4), np.nan), "sample 0 holds NaN"),
        (np.zeros((2, 4), dtype=complex), "real numbers"),
        (np.array([{"a": 1}], dtype=object), "no readable .npy file"),
        (b"not an array", "no readable .npy file"),
    ],
)
def test_files_that_do_not_fit_are_refused(
    content: object, message: str, iris_run: Path, tmp_path: Path
) -> None:
    file = tmp_path / "x.npy"
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        np.save(file, content, allow_pickle=True)
    ran = ketwork("predict", iris_run, "--input", file)
    assert ran.code in (1, 2)
    assert message in ran.err


def test_labels_that_are_no_class_are_refused(iris_run: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=np.zeros((2, 4)), y=np.array([0, 3]))
    ran = ketwork("predict", iris_run, "--input", tmp_path / "x.npz")
    assert ran.code == 1
    assert "'3' is no class of this model" in ran.err


def test_damaged_and_foreign_checkpoints_are_refused(iris_run: Path, tmp_path: Path) -> None:
    content = bytearray((iris_run / "model.ckpt").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "flipped.ckpt").write_bytes(content)
    (tmp_path / "pickle.ckpt").write_bytes(b"cos\nsystem\n(S'echo hacked'\ntR.")
    torch.save({"model": torch.zeros(2)}, tmp_path / "torch.ckpt")
    save_checkpoint(tmp_path / "bare.ckpt", torch.nn.Linear(2, 2))
    for name in ("flipped", "pickle", "torch", "bare", "missing"):
        ran = ketwork("predict", tmp_path / f"{name}.ckpt")
        assert ran.code == 1, name
        assert name in ran.err
        assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("settings", "epochs"), "many"),
        (("settings", "dtype"), "int8"),
        (("settings", "extra"), 1),
        (("class_names",), ["a", "b"]),
        (("class_names",), 7),
        (("preprocessing", "kind"), "evil"),
        (("model", "model"), "os.system"),
        (("model", "in_features"), 10**12),
        (("model", "options"), {"n_qubits": 3, "layers": 1}),
        (("model", "options"), {"n_qubits": "2", "layers": 1}),
        (("model",), None),
    ],
)
def test_hostile_metadata_end_in_one_message(
    path: tuple[str, ...], value: object, iris_run: Path, tmp_path: Path
) -> None:
    checkpoint = load_checkpoint(iris_run / "model.ckpt")
    place = checkpoint.metadata
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    save_checkpoint(tmp_path / "x.ckpt", checkpoint.model, metadata=checkpoint.metadata)
    ran = ketwork("predict", tmp_path / "x.ckpt")
    assert ran.code == 1
    assert "x.ckpt" in ran.err
