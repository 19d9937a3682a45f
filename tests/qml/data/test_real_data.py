"""Facts about the real sets; they run where the variable KETWORK_DATA names a data directory."""

from __future__ import annotations

import os

import pytest
import torch

from circuits import errors
from qml import data
from qml.data import PCA, Amplitudes, Angles, Flatten, Pipeline, Resize

pytestmark = pytest.mark.skipif(
    not os.environ.get("KETWORK_DATA"),
    reason="KETWORK_DATA is not set: it must name a directory with the real data sets",
)

# parts (train, val, test) with the default fractions, shape, classes, whether sums are published
FACTS = {
    "mnist": ((54000, 6000, 10000), (1, 28, 28), 10, True),
    "fashion_mnist": ((54000, 6000, 10000), (1, 28, 28), 10, True),
    "breastmnist": ((546, 78, 156), (1, 28, 28), 2, True),
    "pneumoniamnist": ((4708, 524, 624), (1, 28, 28), 2, True),
    "retinamnist": ((1080, 120, 400), (3, 28, 28), 5, True),
    "eurosat": (None, (3, 64, 64), 10, None),
    "banknote": (None, (4,), 2, False),
    "german_credit": ((720, 80, 200), (63,), 2, False),
    "creditcard": (None, (30,), 2, None),
}


def _load(name, **options):
    try:
        return data.load(name, **options)
    except errors.DataNotFoundError as error:
        pytest.skip(f"KETWORK_DATA does not hold {name}: {error}")


@pytest.mark.parametrize("name", FACTS)
def test_sizes_shapes_and_checksums(name):
    sizes, shape, n_classes, published = FACTS[name]
    loaded = _load(name)
    parts = tuple(len(x) for x in (loaded.x_train, loaded.x_val, loaded.x_test))
    assert sizes is None or parts == sizes
    assert loaded.feature_shape == shape
    assert loaded.n_classes == n_classes
    assert all(min(counts) > 0 for _, counts in loaded.class_counts())
    if published is not None:
        assert loaded.provenance.files
        assert all(file.verified is published for file in loaded.provenance.files)


def test_mnist_statistics_and_first_labels():
    mnist = _load("mnist", val_fraction=0.0)
    assert mnist.y_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert abs(float(mnist.x_train.double().mean()) - 0.13066) < 5e-6
    assert abs(float(mnist.x_train.double().std()) - 0.30811) < 5e-6
    assert mnist.y_test[:5].tolist() == [7, 2, 1, 0, 4]
    counts = dict(mnist.class_counts())
    assert counts["train"] == (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949)
    assert counts["test"] == (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009)


def test_banknote_and_credit_counts():
    whole = {"val_fraction": 0.0, "test_fraction": 0.0}
    assert dict(_load("banknote", **whole).class_counts())["train"] == (762, 610)
    assert dict(_load("german_credit", **whole).class_counts())["train"] == (700, 300)
    assert dict(_load("creditcard", **whole).class_counts())["train"][1] == 492


@pytest.mark.parametrize("name", ["banknote", "creditcard"])
def test_duplicate_rows_do_not_leak(name):
    loaded = _load(name)
    parts = [
        {tuple(row) for row in x.tolist()} for x in (loaded.x_train, loaded.x_val, loaded.x_test)
    ]
    assert not (parts[0] & parts[1])
    assert not (parts[0] & parts[2])
    assert not (parts[1] & parts[2])


def test_inputs_of_the_amplitude_and_angle_models():
    zero_one = _load("mnist", classes=[0, 1], limit={"train": 1000})
    assert len(zero_one.x_test) == 2115
    amplitudes, _ = zero_one.preprocess(Pipeline([Resize(16), Flatten(), Amplitudes(8)]))
    assert amplitudes.x_test.shape == (2115, 256)
    assert torch.allclose(amplitudes.x_test.norm(dim=1), torch.ones(2115), atol=1e-5)
    angles, fitted = zero_one.preprocess(Pipeline([Flatten(), PCA(8), Angles()]))
    assert angles.x_train.min() >= -1e-6
    assert angles.x_train.max() <= torch.pi + 1e-6
    restored = data.from_state_dict(fitted.state_dict())
    assert torch.equal(restored.transform(zero_one.x_test), angles.x_test)
