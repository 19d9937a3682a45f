"""Pictures: counts against scikit-learn, readable PNG files, matplotlib's state untouched."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from circuits import errors
from qml.training import (
    EpochRecord,
    TrainResult,
    confusion_matrix,
    plot_confusion_matrix,
    plot_history,
)

RECORDS = tuple(EpochRecord(i, 1 / i, 1 - 0.5 / i, 1.1 / i, 0.9, 0.1, 1.0) for i in range(1, 6))
RESULT = TrainResult(RECORDS, 4, "epochs", True, 5.0, 0, 10)


def pixels(path):
    from matplotlib.image import imread

    return imread(path)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=30))
def test_counts_agree_with_scikit_learn(pairs):
    from sklearn.metrics import confusion_matrix as reference

    targets, predictions = torch.tensor(pairs).T
    matrix = confusion_matrix(targets, predictions, 5)
    assert (matrix.numpy() == reference(targets, predictions, labels=range(5))).all()


def test_bad_classes():
    with pytest.raises(errors.ShapeError, match="classes"):
        confusion_matrix(torch.zeros(3), torch.zeros(3, 2))
    with pytest.raises(errors.InvalidArgumentError, match="0 to 1"):
        confusion_matrix(torch.tensor([0, 2]), torch.tensor([0, 1]), 2)
    with pytest.raises(errors.InvalidArgumentError, match="-1"):
        confusion_matrix(torch.tensor([0, -1]), torch.tensor([0, 1]))


@pytest.mark.parametrize("size", [1, 2, 10, 40])
def test_confusion_picture(tmp_path, size):
    matrix = torch.eye(size, dtype=torch.int64) * 5
    names = [f"class {i}" for i in range(size)]
    path = plot_confusion_matrix(matrix, tmp_path / "deep" / "c.png", labels=names, title="t")
    picture = pixels(path)
    assert min(picture.shape[:2]) > 300
    assert picture[..., :3].min() < 0.4
    assert [p.name for p in path.parent.iterdir()] == ["c.png"]


def test_diagonal_is_dark_and_the_rest_light(tmp_path):
    from matplotlib import colormaps

    pure = pixels(plot_confusion_matrix(torch.eye(2) * 5, tmp_path / "a.png"))
    mixed = pixels(plot_confusion_matrix(torch.ones(2, 2), tmp_path / "b.png"))
    dark = torch.tensor(colormaps["Blues"](1.0)[:3])

    def share_of_dark(picture):
        return (
            (torch.tensor(picture[..., :3]) - dark).abs().amax(-1).lt(0.02).double().mean().item()
        )

    assert share_of_dark(pure) > share_of_dark(mixed) + 0.1


def test_confusion_picture_rejects_other_shapes(tmp_path):
    with pytest.raises(errors.ShapeError, match="n, n"):
        plot_confusion_matrix(torch.zeros(2, 3), tmp_path / "c.png")
    with pytest.raises(errors.ShapeError, match="2 classes"):
        plot_confusion_matrix(torch.zeros(2, 2), tmp_path / "c.png", labels=["a"])


def test_history_picture(tmp_path):
    wide = pixels(plot_history(RESULT, tmp_path / "h.png", title="run"))
    regression = [EpochRecord(1, 0.5, None, None, None, 0.1, 1.0)]
    narrow = pixels(plot_history(regression, tmp_path / "r.png"))
    assert wide.shape[1] > 1.7 * narrow.shape[1]
    with pytest.raises(errors.InvalidArgumentError, match="no epoch"):
        plot_history([], tmp_path / "none.png")


def test_drawing_leaves_pyplot_alone_and_training_does_not_import_it(tmp_path):
    script = f"""
import sys
import qml.training as t
absent = {{"matplotlib", "sklearn", "tensorboard", "rich", "pandas"}}
assert not absent & sys.modules.keys(), absent & sys.modules.keys()
import torch
t.plot_confusion_matrix(torch.eye(2), {str(tmp_path / "c.png")!r})
t.plot_history([t.EpochRecord(1, .5, .5, .5, .5, .1, 1.)], {str(tmp_path / "h.png")!r})
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True)
