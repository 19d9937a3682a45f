"""A run that was interrupted and resumed equals an uninterrupted one, bit for bit."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
from functools import partial

import pytest
import torch
from torch import nn

from circuits import errors
from qml.training import fit, load_checkpoint

from .problems import assert_same_state, blobs, mlp

EPOCHS = 5
RECIPES = {
    "adam, cosine": {"optimizer": "adam", "lr": 0.05, "scheduler": "cosine"},
    "sgd momentum, steps": {
        "optimizer": partial(torch.optim.SGD, lr=0.1, momentum=0.9),
        "scheduler": partial(torch.optim.lr_scheduler.MultiStepLR, milestones=[2, 4], gamma=0.3),
        "clip_norm": 0.5,
    },
    "adamw, plateau, best": {
        "optimizer": "adamw",
        "lr": 0.3,
        "scheduler": partial(torch.optim.lr_scheduler.ReduceLROnPlateau, patience=0),
        "restore_best": True,
        "monitor": "accuracy",
    },
    "lbfgs": {"optimizer": partial(torch.optim.LBFGS, lr=0.5, max_iter=4), "batch_size": 40},
}


def train(model, out, data_dtype, **options):
    options = {"epochs": EPOCHS, "batch_size": 16, "seed": 3, "progress": False} | options
    train_data, validation = blobs(dtype=data_dtype), blobs(30, dtype=data_dtype, seed=1)
    return fit(model, train_data, validation, out=out, **options)


def numbers(result):
    """The result without the wall time."""
    history = [dataclasses.replace(record, seconds=0.0) for record in result.history]
    return history, result.best_epoch, result.stopped, result.seed


def stop_after(epoch):
    return lambda record, model: record.epoch == epoch


@pytest.mark.parametrize("recipe", RECIPES)
def test_stop_after_any_epoch_and_resume(tmp_path, dtype, recipe):
    options = RECIPES[recipe]
    torch.manual_seed(5)
    whole = mlp(dtype=dtype)
    expected = train(whole, tmp_path / "whole", dtype, **options)
    drawn = torch.rand(())
    for epoch in range(1, EPOCHS + 1):
        out = tmp_path / str(epoch)
        torch.manual_seed(5)
        first = mlp(dtype=dtype)
        train(first, out, dtype, **options, callbacks=[stop_after(epoch)])
        torch.manual_seed(99)
        second = mlp(dtype=dtype, seed=1)
        result = train(second, out, dtype, **options, resume=True)
        assert_same_state(second, whole)
        assert numbers(result) == numbers(expected)
        assert torch.rand(()) == drawn
        ours, theirs = (
            load_checkpoint(p / "last.ckpt").training for p in (out, tmp_path / "whole")
        )
        assert str(ours["optimizer"]) == str(theirs["optimizer"])
        lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        assert [line["epoch"] for line in lines] == list(range(1, EPOCHS + 1))
        assert [line["train_loss"] for line in lines] == list(expected.losses)


class Killed(Exception):
    pass


def dying_model(dtype, calls, **options):
    """A model whose forward pass fails at call number `calls`: in the middle of an epoch."""
    model = mlp(dtype=dtype, **options)
    left = [calls]

    def hook(module, args):
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    model.register_forward_pre_hook(hook)
    return model


@pytest.mark.parametrize("calls", [1, 3, 7, 11, 14])
def test_failure_within_an_epoch_and_resume(tmp_path, dtype, calls):
    torch.manual_seed(5)
    whole = mlp(dtype=dtype)
    expected = train(whole, tmp_path / "whole", dtype, checkpoint_every=2)
    torch.manual_seed(5)
    out = tmp_path / "out"
    with pytest.raises(Killed):
        train(dying_model(dtype, calls), out, dtype, checkpoint_every=2)
    second = mlp(dtype=dtype, seed=1)
    result = train(second, out, dtype, checkpoint_every=2, resume="auto")
    assert_same_state(second, whole)
    assert numbers(result) == numbers(expected)
    assert len((out / "metrics.jsonl").read_text().splitlines()) == EPOCHS


@pytest.mark.parametrize("seconds", [0, 1e9])
@pytest.mark.parametrize("calls", [3, 5, 12])
def test_checkpoints_within_an_epoch(tmp_path, seconds, calls):
    """Killed at any step, a run goes on with that step; without them, with the epoch."""
    torch.manual_seed(5)
    whole = mlp(dtype=torch.float64, dropout=0.5)
    expected = train(whole, tmp_path / "whole", torch.float64)
    torch.manual_seed(5)
    out, done = tmp_path / "out", []
    dying = dying_model(torch.float64, calls, dropout=0.5)
    options = {"checkpoint_seconds": seconds, "before_step": lambda *step: done.append(step)}
    with pytest.raises(Killed):
        train(dying, out, torch.float64, **options)
    first, done[:] = list(done), []
    second = mlp(dtype=torch.float64, seed=1, dropout=0.5)
    result = train(second, out, torch.float64, **options, resume=True)
    assert_same_state(second, whole)
    assert numbers(result) == numbers(expected)
    killed_in = first[-1][0]
    assert done[0] == (first[-1] if seconds == 0 else (killed_in, 1))


def test_checkpoints_within_an_epoch_need_a_folder_and_a_number(tmp_path):
    for wrong in ({"checkpoint_seconds": 1}, {"checkpoint_seconds": -1, "out": tmp_path}):
        with pytest.raises(errors.InvalidArgumentError, match="checkpoint_seconds"):
            fit(mlp(), blobs(), epochs=1, progress=False, **wrong)


SCRIPT = """
import os, signal, sys, torch
from qml.training import fit
from tests.qml.training.problems import blobs, mlp
torch.set_num_threads(1)
out, die_at = sys.argv[1], int(sys.argv[2])
torch.manual_seed(5)
model = mlp(dropout=0.5)
steps = [0]
def hook(module, args):
    steps[0] += 1
    if steps[0] == die_at:
        os.kill(os.getpid(), signal.SIGKILL)
model.register_forward_pre_hook(hook)
fit(model, blobs(), out=out, resume="auto", epochs=6, batch_size=10, seed=1, progress=False)
torch.save(model.state_dict(), out + ".pt")
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="POSIX signals")
def test_a_killed_process_resumes(tmp_path):
    def run(name, die_at):
        command = [sys.executable, "-c", SCRIPT, str(tmp_path / name), str(die_at)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.run(command, env=environment, check=False).returncode

    torch.manual_seed(5)
    whole = mlp(dropout=0.5)
    options = {"epochs": 6, "batch_size": 10, "seed": 1, "progress": False}
    fit(whole, blobs(), **options)
    assert run("killed", 15) == -signal.SIGKILL
    assert run("killed", 0) == 0
    assert_same_state(torch.load(tmp_path / "killed.pt"), whole.state_dict())


def test_patience_counter_survives(tmp_path):
    options = {"patience": 2, "epochs": 30, "lr": 0.5}
    whole = mlp()
    expected = train(whole, tmp_path / "whole", torch.float64, **options)
    assert expected.stopped == "patience"
    stop = len(expected.history) - 1
    torch.manual_seed(0)
    train(mlp(), tmp_path / "out", torch.float64, **options, callbacks=[stop_after(stop)])
    second = mlp(seed=1)
    result = train(second, tmp_path / "out", torch.float64, **options, resume=True)
    assert numbers(result) == numbers(expected)
    assert_same_state(second, whole)
    again = mlp(seed=2)
    result = train(again, tmp_path / "out", torch.float64, **options, resume=True)
    assert numbers(result) == numbers(expected)
    assert_same_state(again, whole)


def test_more_epochs_extend_a_finished_run(tmp_path):
    whole, second = mlp(), mlp(seed=1)
    train(whole, tmp_path / "whole", torch.float64)
    torch.manual_seed(0)
    train(mlp(), tmp_path / "out", torch.float64, epochs=2)
    result = train(second, tmp_path / "out", torch.float64, resume=True)
    assert len(result.history) == EPOCHS
    assert_same_state(second, whole)


class Noisy(nn.Linear):
    """Draws from a generator of its own, as a layer with finite shots does."""

    def __init__(self, seed, visible):
        super().__init__(2, 3, dtype=torch.float64)
        nn.init.zeros_(self.weight)
        generator = torch.Generator().manual_seed(seed)
        self.hidden = [generator]
        if visible:
            self.generator = generator

    def forward(self, x):
        noise = torch.randn(len(x), 3, generator=self.hidden[0], dtype=x.dtype)
        return super().forward(x) + noise


@pytest.mark.parametrize("visible", [True, False])
def test_generators_of_layers_and_of_the_caller_are_resumed(tmp_path, visible):
    def run(name, seed, **options):
        torch.manual_seed(0)
        model = Noisy(seed, visible)
        extra = {} if visible else {"shots": model.hidden[0]}
        train(model, tmp_path / name, torch.float64, generators=extra, **options)
        return model

    whole = run("whole", 1)
    run("out", 1, callbacks=[stop_after(2)])
    assert_same_state(run("out", 2, resume=True), whole)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"lr": 0.2}, "lr"),
        ({"batch_size": 8}, "batch_size"),
        ({"seed": 4}, "seed"),
        ({"optimizer": "sgd"}, "optimizer"),
        ({"optimizer": torch.optim.SGD}, "optimizer"),
        ({"scheduler": "plateau"}, "scheduler"),
        ({"clip_norm": 1.0}, "clip_norm"),
        ({"shuffle": False}, "shuffle"),
        ({"restore_best": True}, "keeps_best"),
        ({"dtype": torch.float64}, "dtype"),
    ],
)
def test_other_settings_are_refused(tmp_path, change, named):
    train(mlp(), tmp_path, torch.float64, epochs=1)
    with pytest.raises(errors.CheckpointError, match=rf"other settings.*{named}"):
        train(mlp(), tmp_path, torch.float64, resume=True, **change)


def test_other_data_models_and_files_are_refused(tmp_path):
    train(mlp(), tmp_path, torch.float64, epochs=1)
    options = {"out": tmp_path, "batch_size": 16, "seed": 3, "progress": False, "resume": True}
    with pytest.raises(errors.CheckpointError, match="data"):
        fit(mlp(), blobs(seed=5), blobs(30, seed=1), **options)
    with pytest.raises(errors.CheckpointError, match="another model"):
        train(mlp(outputs=4), tmp_path, torch.float64, resume=True)
    with pytest.raises(errors.CheckpointError, match="Cannot read"):
        train(mlp(), tmp_path / "nowhere", torch.float64, resume=True)
    (tmp_path / "last.ckpt").write_bytes((tmp_path / "model.ckpt").read_bytes())
    with pytest.raises(errors.CheckpointError, match=r"last\.ckpt"):
        train(mlp(), tmp_path, torch.float64, resume=True)


def test_the_cosine_schedule_fixes_the_epochs(tmp_path):
    train(mlp(), tmp_path, torch.float64, epochs=2, scheduler="cosine")
    with pytest.raises(errors.CheckpointError, match="epochs"):
        train(mlp(), tmp_path, torch.float64, epochs=4, scheduler="cosine", resume=True)


def test_a_drawn_seed_is_kept(tmp_path):
    first = train(mlp(), tmp_path, torch.float64, seed=None, epochs=2)
    second = train(mlp(), tmp_path, torch.float64, seed=None, epochs=3, resume=True)
    assert first.seed == second.seed


def test_a_fresh_run_replaces_an_old_one(tmp_path):
    train(mlp(), tmp_path, torch.float64)
    train(mlp(), tmp_path, torch.float64, epochs=2)
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 2
    train(mlp(), tmp_path / "auto", torch.float64, epochs=2, resume="auto")
    assert (tmp_path / "auto" / "model.ckpt").exists()


def test_files_of_a_run(tmp_path):
    model = mlp()
    metadata = {"model": "mlp", "mean": torch.tensor([0.5])}
    train(model, tmp_path, torch.float64, metadata=metadata)
    assert sorted(os.listdir(tmp_path)) == ["last.ckpt", "metrics.jsonl", "model.ckpt"]
    for name in ("last.ckpt", "model.ckpt"):
        checkpoint = load_checkpoint(tmp_path / name)
        assert_same_state(checkpoint.model, model.state_dict())
        assert checkpoint.metadata["mean"] == 0.5


@pytest.mark.gpu
def test_resume_on_a_gpu(tmp_path):
    """Dropout draws from the GPU's own default generator, which must be restored too."""

    def run(name, seed, **options):
        torch.manual_seed(seed)
        model = mlp(dropout=0.5)
        train(model, tmp_path / name, torch.float64, device="cuda", **options)
        return model

    whole = run("whole", 5)
    run("out", 5, callbacks=[stop_after(2)])
    assert_same_state(run("out", 6, resume=True), whole)
