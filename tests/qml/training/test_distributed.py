"""Data-parallel training on two loopback processes against one process with twice the batch."""

from __future__ import annotations

import os
import socket
from copy import deepcopy

import pytest
import torch
from torch import distributed as dist
from torch import multiprocessing, nn
from torch.nn.parallel import DistributedDataParallel

from circuits import errors
from qml.training import evaluate, fit, predict
from qml.training.batches import epoch_batches, steps_per_epoch
from qml.training.distributed import Group

from .problems import blobs

RANKS = 2
OPTIONS = {"epochs": 3, "lr": 0.05, "seed": 4, "progress": False}
SAMPLES = 45  # neither 45 nor the last step of 45 % 16 = 13 divides by two


def network(dropout=0.0):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Dropout(dropout), nn.Linear(8, 3))
    return model.double()


def worker(rank, port, folder):
    """What one rank does: train, train in two parts, and try what must fail."""
    torch.set_num_threads(1)
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(RANKS)}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    found = {}
    with pytest.raises(errors.TrainingError, match="no process group"):
        fit(network(), blobs(SAMPLES), **OPTIONS)
    dist.init_process_group("gloo")
    with pytest.raises(errors.TrainingError, match="Wrap it"):
        fit(network(), blobs(SAMPLES), **OPTIONS)

    model = DistributedDataParallel(network())
    with pytest.raises(errors.InvalidArgumentError, match="cannot be moved"):
        fit(model, blobs(SAMPLES), dtype=torch.float32, **OPTIONS)
    validation = blobs(33, seed=1)
    result = fit(model, blobs(SAMPLES), validation, batch_size=8, patience=9, **OPTIONS)
    found["state"] = deepcopy(model.module.state_dict())
    found["history"] = [(r.train_loss, r.val_loss, r.val_accuracy) for r in result.history]
    found["predicted"] = predict(model, validation[0])
    found["evaluated"] = evaluate(model, *validation).loss

    for name, parts in (("whole", [3]), ("parts", [1, 3])):
        torch.manual_seed(rank)  # dropout differs between the ranks
        for epochs in parts:
            model = DistributedDataParallel(network(dropout=0.5))
            options = OPTIONS | {"epochs": epochs, "out": folder / name, "resume": "auto"}
            fit(model, blobs(SAMPLES), **options)
            torch.manual_seed(77)
        found[name] = deepcopy(model.module.state_dict())
    stop = [lambda record, model: rank == 1]
    found["stopped"] = len(fit(model, blobs(SAMPLES), callbacks=stop, **OPTIONS).history)
    found["drawn seed"] = fit(model, blobs(SAMPLES), **OPTIONS | {"seed": None}).seed
    torch.save(found, folder / f"{rank}.pt")
    dist.destroy_process_group()
    # A Gloo thread that still releases a tensor while the interpreter is torn down aborts the
    # process (torch 2.13 on a loaded machine); the results are on disk, so leave without that.
    os._exit(0)


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    """What the two ranks found."""
    folder = tmp_path_factory.mktemp("ddp")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    multiprocessing.spawn(worker, (port, folder), nprocs=RANKS)
    return [torch.load(folder / f"{rank}.pt") for rank in range(RANKS)]


def test_two_ranks_equal_one_with_twice_the_batch(ranks):
    model, validation = network(), blobs(33, seed=1)
    expected = fit(model, blobs(SAMPLES), validation, batch_size=16, patience=9, **OPTIONS)
    for found in ranks:
        for name, value in model.state_dict().items():
            torch.testing.assert_close(found["state"][name], value, rtol=0, atol=1e-10)
        for ours, record in zip(found["history"], expected.history, strict=True):
            assert ours == pytest.approx(
                (record.train_loss, record.val_loss, record.val_accuracy), abs=1e-10
            )


def test_predict_and_evaluate_take_the_wrapped_model(ranks):
    validation = blobs(33, seed=1)
    for found in ranks:
        assert found["predicted"].shape == (33, 3)
        loss = nn.functional.cross_entropy(found["predicted"], validation[1])
        assert found["evaluated"] == pytest.approx(loss.item(), rel=1e-12)


def test_resumed_ranks_equal_uninterrupted_ones(ranks):
    for found in ranks:
        for name, value in found["whole"].items():
            assert torch.equal(found["parts"][name], value)


def test_ranks_agree(ranks):
    assert [found["stopped"] for found in ranks] == [1, 1]
    assert ranks[0]["drawn seed"] == ranks[1]["drawn seed"]


@pytest.mark.parametrize("n", [1, 2, 3, 16, 45, 48])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_ranks_share_the_samples(n, size):
    """Each sample once per epoch; the weighted mean over ranks is the mean over the step."""
    value = torch.rand(n, dtype=torch.float64)
    parts = []
    for rank in range(size):
        generator = torch.Generator().manual_seed(0)
        parts.append(list(epoch_batches(n, 4, Group(rank, size), generator)))
    assert {len(part) for part in parts} == {steps_per_epoch(n, 4, Group(0, size))}
    seen = [i for part in parts for rows, weight in part if weight for i in rows.tolist()]
    assert sorted(seen) == list(range(n))
    for step in zip(*parts, strict=True):
        rows = torch.cat([rows for rows, weight in step if weight])
        mean = sum(weight * value[rows].mean() for rows, weight in step) / size
        assert mean.item() == pytest.approx(value[rows].mean().item(), rel=1e-12)
