"""Embedded and generated sets, class choice, splits and limits through the public `load`."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
import torch

from circuits import errors
from qml import data

EMBEDDED = {
    "digits": (1797, (1, 8, 8), 10),
    "iris": (150, (4,), 3),
    "wine": (178, (13,), 3),
    "breast_cancer": (569, (30,), 2),
}
LOCAL = [*EMBEDDED, "moons", "circles", "xor"]


def _tensors(loaded: data.DataSet) -> list[torch.Tensor]:
    return [getattr(loaded, f"{what}_{part}") for part in ("train", "val", "test") for what in "xy"]


@pytest.mark.parametrize("name", EMBEDDED)
def test_embedded_sets_are_scikit_learns(name):
    from sklearn import datasets

    n, shape, n_classes = EMBEDDED[name]
    loaded = data.load(name)
    assert loaded.feature_shape == shape
    assert loaded.n_features == math.prod(shape)
    assert loaded.n_classes == n_classes
    x_train, y_train, x_val, y_val, x_test, y_test = _tensors(loaded)
    x, y = torch.cat([x_train, x_val, x_test]), torch.cat([y_train, y_val, y_test])
    assert (x.dtype, y.dtype) == (torch.float32, torch.int64)
    bunch = getattr(datasets, f"load_{name}")()
    original = torch.tensor(bunch.data / (16 if name == "digits" else 1), dtype=torch.float32)
    labelled = torch.cat([original, torch.tensor(bunch.target)[:, None]], 1)
    received = torch.cat([x.flatten(1), y[:, None]], 1)
    assert sorted(map(tuple, received.tolist())) == sorted(map(tuple, labelled.tolist()))
    assert len(x) == n
    assert loaded.provenance.licence


@pytest.mark.parametrize("name", LOCAL)
def test_parts_are_disjoint_even_for_identical_rows(name):
    loaded = data.load(name, seed=3)
    parts = [
        {tuple(row) for row in x.flatten(1).tolist()}
        for x in (loaded.x_train, loaded.x_val, loaded.x_test)
    ]
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]


def test_identical_rows_with_many_copies_stay_in_one_part(tmp_path):
    rows = [f"{k % 20},{k % 2}" for k in range(200)]
    (tmp_path / "a.csv").write_text("\n".join(rows))
    for seed in range(5):
        loaded = data.load("csv", file=tmp_path / "a.csv", seed=seed)
        parts = [set(x.flatten().tolist()) for x in (loaded.x_train, loaded.x_val, loaded.x_test)]
        assert sum(map(len, parts)) == 20
        assert sum(len(x) for x in (loaded.x_train, loaded.x_val, loaded.x_test)) == 200


@pytest.mark.parametrize("name", LOCAL)
def test_same_seed_same_data_and_another_seed_another_split(name):
    first, again, other = (data.load(name, seed=seed) for seed in (5, 5, 6))
    assert all(map(torch.equal, _tensors(first), _tensors(again)))
    assert not torch.equal(first.x_train[:50], other.x_train[:50])
    generator = torch.Generator().manual_seed(5)
    assert all(map(torch.equal, _tensors(first), _tensors(data.load(name, seed=generator))))


@pytest.mark.parametrize("name", EMBEDDED)
def test_classes_keep_their_shares(name):
    loaded = data.load(name, seed=1, val_fraction=0.25, test_fraction=0.4)
    counts = {part: torch.tensor(c) for part, c in loaded.class_counts()}
    total = sum(counts.values())
    n = int(total.sum())
    assert abs(int(counts["test"].sum()) - 0.4 * n) <= 2
    assert abs(int(counts["val"].sum()) - 0.25 * 0.6 * n) <= 2
    assert bool(((counts["test"] - 0.4 * total).abs() <= 2).all())
    assert bool(((counts["val"] - 0.15 * total).abs() <= 2).all())


def test_global_random_state_is_neither_read_nor_changed():
    torch.manual_seed(0)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    first = data.load("moons", seed=9, limit=50)
    for x, _ in data.loaders(first, 7, seed=1).train:
        assert len(x)
    list(data.loaders(first, 7, seed=1).test)
    assert torch.equal(before[0], torch.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])  # noqa: NPY002
    torch.manual_seed(1)
    assert torch.equal(first.x_train, data.load("moons", seed=9, limit=50).x_train)


def test_limit_is_stratified_and_leaves_the_split_alone():
    whole = data.load("digits", seed=2)
    some = data.load("digits", seed=2, limit={"train": 100, "test": 20})
    assert dict(some.class_counts())["test"] == (2,) * 10
    assert len(some.x_train) == 100
    assert len(some.x_val) == len(whole.x_val)
    assert torch.equal(some.x_val, whole.x_val)
    for part in ("train", "test"):
        rows = {tuple(r) for r in getattr(whole, f"x_{part}").flatten(1).tolist()}
        assert {tuple(r) for r in getattr(some, f"x_{part}").flatten(1).tolist()} <= rows
    assert len(data.load("iris", limit=1000).x_train) == len(data.load("iris").x_train)


def test_limit_keeps_rare_classes(tmp_path):
    rows = [f"{k},{int(k >= 990)}" for k in range(1000)]
    (tmp_path / "a.csv").write_text("\n".join(rows))
    loaded = data.load("csv", file=tmp_path / "a.csv", limit=4)
    assert dict(loaded.class_counts())["train"] == (3, 1)


def test_class_choice_by_number_name_and_text():
    by_number = data.load("iris", classes=[2, 0])
    assert by_number.class_names == ("virginica", "setosa")
    for classes in (["virginica", "setosa"], ["2", "0"]):
        assert torch.equal(data.load("iris", classes=classes).x_train, by_number.x_train)
    petal_length = by_number.x_train[:, 2]
    assert petal_length[by_number.y_train == 0].min() > petal_length[by_number.y_train == 1].max()
    assert sum(len(by_number.part(part)) for part in ("train", "val", "test")) == 100


@pytest.mark.parametrize(
    ("name", "arguments", "error", "message"),
    [
        ("nothing", {}, errors.InvalidArgumentError, "no data set 'nothing'.*digits"),
        ("iris", {"classes": [0, 3]}, errors.InvalidArgumentError, "0 setosa, 1 versicolor"),
        ("iris", {"classes": ["rose", 1]}, errors.InvalidArgumentError, "no class 'rose'"),
        ("iris", {"classes": [0, 0]}, errors.InvalidArgumentError, "two different"),
        ("iris", {"classes": [0]}, errors.InvalidArgumentError, "two different"),
        ("iris", {"classes": "01"}, errors.ArgumentTypeError, "list such as"),
        ("iris", {"classes": [True, 2]}, errors.ArgumentTypeError, "int or str"),
        ("iris", {"classes": [0.5, 2]}, errors.ArgumentTypeError, "int or str"),
        ("iris", {"seed": -1}, errors.InvalidArgumentError, "seed"),
        ("iris", {"seed": 1.5}, errors.ArgumentTypeError, "seed"),
        ("iris", {"val_fraction": 1.0}, errors.InvalidArgumentError, "val_fraction"),
        ("iris", {"test_fraction": -0.1}, errors.InvalidArgumentError, "test_fraction"),
        ("iris", {"test_fraction": math.nan}, errors.InvalidArgumentError, "test_fraction"),
        ("iris", {"val_fraction": 1e-4}, errors.InvalidArgumentError, "empty"),
        ("iris", {"limit": 2}, errors.InvalidArgumentError, "one sample per class"),
        ("iris", {"limit": 0}, errors.InvalidArgumentError, ">= 1"),
        ("iris", {"limit": {"all": 10}}, errors.InvalidArgumentError, "'all'"),
        ("iris", {"noise": 0.1}, errors.InvalidArgumentError, "noise: has no effect"),
        ("iris", {"verify": False}, errors.InvalidArgumentError, "verify: has no effect"),
        ("moons", {"file": "a"}, errors.InvalidArgumentError, "n_samples"),
        ("moons", {"n_samples": 3}, errors.InvalidArgumentError, "n_samples"),
        ("moons", {"n_samples": 10**12}, errors.InvalidArgumentError, "n_samples"),
        ("moons", {"noise": -1.0}, errors.InvalidArgumentError, "noise"),
        ("csv", {"file": "a", "max_bytes": 0}, errors.InvalidArgumentError, "max_bytes"),
    ],
)
def test_wrong_arguments(name, arguments, error, message):
    with pytest.raises(error, match=message):
        data.load(name, **arguments)


def test_own_split_cannot_be_changed(tmp_path):
    from .fixtures import write_mnist

    write_mnist(tmp_path)
    with pytest.raises(errors.InvalidArgumentError, match=r"test_fraction.*its own test part"):
        data.load("mnist", data_dir=tmp_path, verify=False, test_fraction=0.5)


def test_generated_sets_have_their_shapes():
    moons = data.load("moons", n_samples=200, noise=0.0, test_fraction=0.0, val_fraction=0.0)
    x, y = moons.x_train.double(), moons.y_train
    upper, lower = x[y == 0], x[y == 1]
    assert len(upper) == len(lower) == 100
    assert torch.allclose(upper.norm(dim=1), torch.ones(100).double(), atol=1e-6)
    center = torch.tensor([1.0, 0.5]).double()
    assert torch.allclose((lower - center).norm(dim=1), torch.ones(100).double(), atol=1e-6)
    assert bool((upper[:, 1] >= -1e-6).all())
    assert bool((lower[:, 1] <= 0.5 + 1e-6).all())
    circles = data.load("circles", noise=0.0)
    radius = 1.0 - 0.5 * circles.y_train
    assert torch.allclose(circles.x_train.norm(dim=1), radius, atol=1e-6)
    xor = data.load("xor")
    assert torch.equal((xor.x_train.prod(1) > 0).long(), xor.y_train)
    assert xor.x_train.abs().max() <= 1


def test_noise_has_the_stated_deviation():
    arguments = {"n_samples": 20_000, "test_fraction": 0.0, "val_fraction": 0.0, "seed": 0}
    exact = data.load("circles", noise=0.0, **arguments).x_train
    noise = data.load("circles", noise=0.3, **arguments).x_train - exact
    # 40000 draws: the standard error of the deviation is 0.3 / sqrt(80000) = 0.00106.
    assert abs(float(noise.std()) - 0.3) < 0.005
    assert abs(float(noise.mean())) < 0.0075


def test_dataset_value():
    iris = data.load("iris")
    assert repr(iris) == (
        "DataSet('iris', train=108, val=12, test=30, feature_shape=(4,), n_classes=3)"
    )
    x, y = iris.part("val")[3]
    assert torch.equal(x, iris.x_val[3])
    assert y == iris.y_val[3]
    with pytest.raises(errors.InvalidArgumentError, match="'all'"):
        iris.part("all")
    with pytest.raises(AttributeError):
        iris.x_train = iris.x_val  # type: ignore[misc]


def test_every_name_is_listed_with_its_licence():
    assert {"mnist", "fashion_mnist", "eurosat", "creditcard"} < set(data.available())
    for name, record in data.REGISTRY.items():
        assert record.name == name
        assert record.licence
        assert record.origin
        assert record.how_to_get or record.kind != "directory"
    assert data.load("Breast-Cancer").name == "breast_cancer"


def test_import_loads_no_heavy_package():
    code = "import sys, qml.data; print([m for m in ('sklearn', 'PIL') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
