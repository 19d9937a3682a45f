"""Mini-batches: every sample once per epoch, in an order that the seed decides."""

from __future__ import annotations

import pytest
import torch

from circuits import errors
from qml import data


def _order(loader) -> list[float]:
    return torch.cat([x for x, _ in loader]).flatten().tolist()


@pytest.fixture(scope="module")
def moons():
    return data.load("moons", n_samples=100)


def test_epochs_cover_all_samples_with_their_labels(moons):
    loaders = data.loaders(moons, 16, seed=0)
    batches = list(loaders.train)
    assert [len(x) for x, _ in batches] == [16, 16, 16, 16, 8]
    assert len(loaders.train) == 5
    x, y = (torch.cat(parts) for parts in zip(*batches, strict=True))
    lookup = {tuple(row): label for row, label in zip(x.tolist(), y.tolist(), strict=True)}
    for row, label in zip(moons.x_train.tolist(), moons.y_train.tolist(), strict=True):
        assert lookup[tuple(row)] == label
    assert not torch.equal(x, moons.x_train)
    assert _order(loaders.test) == moons.x_test.flatten().tolist()


def test_order_depends_on_the_seed_only(moons):
    first, again, other = (data.loaders(moons, 16, seed=seed).train for seed in (1, 1, 2))
    epochs = [_order(first) for _ in range(2)]
    torch.manual_seed(123)
    assert epochs == [_order(again) for _ in range(2)]
    assert epochs[0] != epochs[1]
    assert epochs[0] != _order(other)


def test_generator_state_repeats_an_epoch(moons):
    train = data.loaders(moons, 16, seed=1).train
    _order(train)
    state = train.generator.get_state()
    second = _order(train)
    resumed = data.loaders(moons, 16, seed=77).train
    resumed.generator.set_state(state)
    assert _order(resumed) == second


def test_empty_validation_part_has_no_batches():
    moons = data.load("moons", n_samples=100, val_fraction=0.0)
    assert list(data.loaders(moons, 16, seed=0).val) == []


@pytest.mark.parametrize(
    ("size", "error"),
    [
        (0, errors.InvalidArgumentError),
        (2.0, errors.ArgumentTypeError),
        (True, errors.ArgumentTypeError),
    ],
)
def test_wrong_batch_size(moons, size, error):
    with pytest.raises(error, match="batch_size"):
        data.loaders(moons, size, seed=0)
