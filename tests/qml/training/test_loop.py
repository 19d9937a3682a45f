"""The loop: against closed forms and a loop written out by hand; options; errors."""

from __future__ import annotations

import dataclasses
import json
import sys
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from circuits import errors
from qml.training import FitConfig, evaluate, fit, load_checkpoint

from .problems import assert_same_state, blobs, mlp

QUIET = {"progress": False, "seed": 0}


def line(dtype=torch.float64):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(40, 3, generator=generator, dtype=torch.float64)
    noise = 0.1 * torch.randn(40, generator=generator, dtype=torch.float64)
    return x.to(dtype), (x @ torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64) + 3 + noise).to(
        dtype
    )


def solution(x, y):
    """Least squares: weights and offset."""
    design = torch.cat([x, torch.ones(len(x), 1, dtype=x.dtype)], dim=1)
    return torch.linalg.lstsq(design, y).solution


def test_full_batch_gradient_descent_is_the_textbook_iteration():
    """W <- w - lr * 2/n X^T (X w - y), in NumPy."""
    x, y = line()
    model = nn.Linear(3, 1, dtype=torch.float64)
    w = torch.cat([model.weight[0], model.bias]).detach().numpy()
    design = torch.cat([x, torch.ones(40, 1, dtype=x.dtype)], dim=1).numpy()
    losses = []
    for _ in range(7):
        residual = design @ w - y.numpy()
        losses.append((residual**2).mean())
        w = w - 0.1 * 2 / 40 * design.T @ residual
    result = fit(model, (x, y), epochs=7, batch_size=40, optimizer="sgd", lr=0.1, **QUIET)
    assert result.losses == pytest.approx(losses, rel=1e-12)
    trained = torch.cat([model.weight[0], model.bias]).detach().numpy()
    assert trained == pytest.approx(w, rel=1e-12)


def test_lbfgs_finds_the_least_squares_solution():
    x, y = line()
    model = nn.Linear(3, 1, dtype=torch.float64)
    fit(model, (x, y), epochs=20, batch_size=40, optimizer="lbfgs", **QUIET)
    found = torch.cat([model.weight[0], model.bias])
    torch.testing.assert_close(found, solution(x, y), rtol=1e-6, atol=1e-6)


def test_equals_a_loop_written_by_hand(dtype):
    """Same batches, loss, optimizer: bit for bit, with a last batch of 4 of 16."""
    (x, y), model = blobs(dtype=dtype), mlp(dtype=dtype, dropout=0.0)
    ours = mlp(dtype=dtype, dropout=0.0)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    generator = torch.Generator().manual_seed(7)
    losses = []
    for _ in range(3):
        total = 0.0
        order = torch.randperm(60, generator=generator)
        for start in range(0, 60, 16):
            rows = order[start : start + 16]
            loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        losses.append(total / 60)
    result = fit(ours, (x, y), epochs=3, batch_size=16, lr=0.05, seed=7, progress=False)
    assert_same_state(ours, model)
    assert result.losses == pytest.approx(losses, rel=1e-12)


def test_same_seed_same_weights_and_other_seed_other_weights():
    models = [mlp() for _ in range(3)]
    for model, seed in zip(models, (0, 0, 1), strict=True):
        torch.manual_seed(0)
        fit(model, blobs(), epochs=2, seed=seed, progress=False)
    assert_same_state(models[0], models[1])
    assert not torch.equal(models[0][0].weight, models[2][0].weight)


def test_a_seed_leaves_the_default_generator_alone():
    before = torch.get_rng_state()
    fit(mlp(dropout=0.0), blobs(), epochs=1, **QUIET)
    assert torch.equal(before, torch.get_rng_state())


def test_numbers_of_the_last_epoch_are_those_of_evaluate():
    model, validation = mlp(dropout=0.0), blobs(30, seed=1)
    result = fit(model, blobs(), validation, epochs=4, batch_size=7, **QUIET)
    scores = evaluate(model, *validation)
    assert result.history[-1].val_loss == pytest.approx(scores.loss, rel=1e-12)
    assert result.val_accuracies[-1] == scores.accuracy
    assert result.parameters == sum(p.numel() for p in model.parameters())
    assert result.final == result.history[-1]
    assert result.seconds == pytest.approx(sum(r.seconds for r in result.history))


def test_one_logit_for_two_classes_is_the_same_loss_as_two():
    (x, y), single = blobs(classes=2), nn.Linear(2, 1, dtype=torch.float64)
    double = nn.Linear(2, 2, dtype=torch.float64)
    with torch.no_grad():
        double.weight.copy_(torch.cat([torch.zeros(1, 2), single.weight]))
        double.bias.copy_(torch.cat([torch.zeros(1), single.bias]))
    one, two = evaluate(single, x, y), evaluate(double, x, y)
    assert one.loss == pytest.approx(two.loss, rel=1e-12)
    assert one.accuracy == two.accuracy
    result = fit(single, (x, y), epochs=40, lr=0.1, **QUIET)
    assert result.accuracies[-1] > 0.95


@pytest.mark.parametrize(
    ("loss", "reference"),
    [("mse", nn.MSELoss()), ("mae", nn.L1Loss()), ("huber", nn.HuberLoss())],
)
def test_regression_losses(loss, reference):
    x, y = line()
    model = nn.Linear(3, 1, dtype=torch.float64)
    expected = reference(model(x)[:, 0], y).item()
    scores = evaluate(model, x, y, loss=loss, batch_size=7)
    assert scores.loss == pytest.approx(expected, rel=1e-12)
    assert scores.accuracy is None
    own = evaluate(model, x, y, loss=lambda o, t: reference(o[:, 0], t))
    assert own.loss == pytest.approx(expected, rel=1e-12)


def test_patience_stops_and_restores_the_best_epoch():
    """A rate far too high makes the validation loss rise after a while."""
    seen = []
    result = fit(
        model := mlp(dropout=0.0), blobs(30), blobs(30, seed=1), epochs=200, patience=4, lr=0.3,
        callbacks=[lambda r, m: seen.append({k: v.clone() for k, v in m.state_dict().items()})],
        **QUIET,
    )  # fmt: skip
    assert result.stopped == "patience"
    assert len(result.history) == result.best_epoch + 4
    assert result.best.val_loss == min(result.val_losses)
    assert result.final is result.best
    assert_same_state(model.state_dict(), seen[result.best_epoch - 1])


def test_min_delta_ignores_small_improvements():
    result = fit(
        nn.Linear(3, 1).double(), line(), line(), epochs=50, patience=3, min_delta=1e9, **QUIET
    )
    assert (result.best_epoch, len(result.history)) == (1, 4)


def test_monitoring_accuracy_takes_the_first_best_epoch():
    result = fit(
        mlp(), blobs(), blobs(30, seed=1), epochs=8, monitor="accuracy", restore_best=True, **QUIET
    )
    assert result.best_epoch == 1 + result.val_accuracies.index(max(result.val_accuracies))


def test_schedules_and_learning_rates():
    rates = [
        r.lr for r in fit(mlp(), blobs(), epochs=4, lr=0.4, scheduler="cosine", **QUIET).history
    ]
    angles = torch.arange(4) * torch.pi / 4
    assert rates == pytest.approx((0.2 * (1 + angles.cos())).tolist())
    factory = lambda optimizer: torch.optim.lr_scheduler.StepLR(optimizer, 2)  # noqa: E731
    rates = [
        r.lr for r in fit(mlp(), blobs(), epochs=4, lr=1e-3, scheduler=factory, **QUIET).history
    ]
    assert rates == pytest.approx([1e-3, 1e-3, 1e-4, 1e-4])


def test_clipping_bounds_the_step():
    x, y = line()
    model = nn.Linear(3, 1, dtype=torch.float64)
    before = torch.cat([p.detach().clone().flatten() for p in model.parameters()])
    fit(
        model,
        (x, 100 * y),
        epochs=1,
        batch_size=40,
        optimizer="sgd",
        lr=1.0,
        clip_norm=0.25,
        **QUIET,
    )
    after = torch.cat([p.detach().flatten() for p in model.parameters()])
    assert (after - before).norm().item() == pytest.approx(0.25, rel=1e-4)


def test_frozen_parameters_stay():
    model = mlp()
    model[0].requires_grad_(False)
    before = model[0].weight.clone()
    fit(model, blobs(), epochs=1, **QUIET)
    assert torch.equal(model[0].weight, before)


def test_modes_are_restored():
    model = mlp()
    model[1].eval()
    fit(model, blobs(), epochs=1, **QUIET)
    assert model.training
    assert not model[1].training
    assert model[1].num_batches_tracked == 0
    model.eval()
    fit(model, blobs(), epochs=1, **QUIET)
    assert not any(module.training for module in model.modules())
    assert model[1].num_batches_tracked == 2


def test_a_data_set_brings_its_validation_data():
    (x, y), (xv, yv) = blobs(), blobs(30, seed=1)
    data = SimpleNamespace(x_train=x, y_train=y, x_val=xv, y_val=yv)
    result = fit(a := mlp(dropout=0.0), data, epochs=2, **QUIET)
    expected = fit(b := mlp(dropout=0.0), (x, y), (xv, yv), epochs=2, **QUIET)
    assert_same_state(a, b)
    assert result.val_losses == expected.val_losses
    empty = SimpleNamespace(x_train=x, y_train=y, x_val=xv[:0], y_val=yv[:0])
    assert fit(mlp(), empty, epochs=1, **QUIET).val_losses == (None,)
    with pytest.raises(errors.InvalidArgumentError, match="twice"):
        fit(mlp(), data, (xv, yv), **QUIET)


def test_dtype_converts_model_and_data():
    model = mlp(dtype=torch.float32)
    fit(model, blobs(dtype=torch.float32), epochs=1, dtype=torch.float64, device="cpu", **QUIET)
    assert model[0].weight.dtype is torch.float64


def test_config_and_options_combine():
    config = FitConfig(epochs=2, progress=False, seed=0)
    assert len(fit(mlp(), blobs(), config=config).history) == 2
    assert len(fit(mlp(), blobs(), config=config, epochs=3).history) == 3


def test_callbacks_see_each_epoch_and_can_stop():
    seen = []
    callbacks = [lambda r, m: seen.append(r), lambda r, m: r.epoch == 3]
    result = fit(mlp(), blobs(), epochs=9, callbacks=callbacks, **QUIET)
    assert tuple(seen) == result.history
    assert (len(seen), result.stopped) == (3, "callback")


def test_progress_bar_counts_steps(capsys):
    fit(mlp(), blobs(), blobs(30, seed=1), epochs=2, batch_size=16, seed=0)
    shown = capsys.readouterr().err
    assert "8/8" in shown
    assert "epoch 2/2" in shown
    assert "val acc=" in shown
    fit(mlp(), blobs(), epochs=2, **QUIET)
    assert capsys.readouterr() == ("", "")


def test_metrics_file_has_a_line_per_epoch(tmp_path):
    result = fit(mlp(), blobs(), epochs=3, out=tmp_path, **QUIET)
    lines = [json.loads(text) for text in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert lines == [dataclasses.asdict(record) for record in result.history]


def test_tensorboard_has_a_point_per_epoch(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    fit(mlp(), blobs(), epochs=2, out=tmp_path, tensorboard=True, **QUIET)
    result = fit(mlp(), blobs(), epochs=3, out=tmp_path, tensorboard=True, resume=True, **QUIET)
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    points = events.Scalars("train/loss")
    assert [point.step for point in points] == [1, 2, 3]
    assert [point.value for point in points] == pytest.approx(result.losses)


def test_tensorboard_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(errors.MissingDependencyError, match="pip install"):
        fit(mlp(), blobs(), out=tmp_path, tensorboard=True, **QUIET)


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs.*positive integer"),
        ({"epochs": 2.0}, "epochs.*positive integer"),
        ({"batch_size": True}, "batch_size"),
        ({"patience": 0}, "patience"),
        ({"lr": -1.0}, "lr.*positive"),
        ({"lr": float("nan")}, "lr.*positive"),
        ({"clip_norm": 0}, "clip_norm"),
        ({"min_delta": -1}, "min_delta"),
        ({"seed": 1.5}, "seed"),
        ({"optimizer": "adm"}, "optimizer.*'adam'"),
        ({"optimizer": torch.optim.Adam, "lr": 0.1}, "lr.*no effect"),
        ({"scheduler": "linear"}, "scheduler.*'cosine'"),
        ({"monitor": "f1"}, "monitor"),
        ({"loss": "hinge"}, "loss.*'cross-entropy'"),
        ({"loss": "mse"}, r"does not fit.*\.float\(\)"),
        ({"resume": True}, "resume.*no effect without `out`"),
        ({"resume": "yes"}, "resume"),
        ({"tensorboard": True}, "tensorboard.*no effect"),
        ({"metadata": {"a": 1}}, "metadata.*no effect"),
        ({"checkpoint_every": 2}, "checkpoint_every.*no effect"),
        ({"patience": 2}, "need validation data"),
        ({"restore_best": True}, "need validation data"),
    ],
)
def test_invalid_options(options, message):
    with pytest.raises(errors.InvalidArgumentError, match=message):
        fit(mlp(), blobs(), **{"progress": False, **options})


def test_unknown_option_suggests_the_nearest():
    with pytest.raises(errors.ArgumentTypeError, match="Did you mean `batch_size`"):
        fit(mlp(), blobs(), batchsize=3)


X, Y = blobs()


@pytest.mark.parametrize(
    ("train", "error", "message"),
    [
        ((X, Y[:-1]), errors.ShapeError, "equally many"),
        ((X[:0], Y[:0]), errors.ShapeError, "at least one"),
        ((X.numpy(), Y), errors.ArgumentTypeError, "`x` of train.*ndarray"),
        (X, errors.ArgumentTypeError, "pair"),
        ((X * torch.nan, Y), errors.NonFiniteError, "`x` of train"),
        ((X, Y / 0), errors.NonFiniteError, "`y` of train"),
        ((X, Y - 1), errors.InvalidArgumentError, "include -1"),
        ((X, nn.functional.one_hot(Y)), errors.ShapeError, "argmax"),
        ((X, Y + 1), errors.ShapeError, "4 outputs"),
        ((X, Y[:, None].expand(60, 2).double()), errors.ShapeError, r"\(32, 3\)"),
    ],
)
def test_invalid_data(train, error, message):
    with pytest.raises(error, match=message):
        fit(mlp(), train, **QUIET)


def test_regression_targets_do_not_broadcast():
    """(n, 1) - (n,) would silently be (n, n)."""
    x, y = line()
    with pytest.raises(errors.ShapeError, match="same shape"):
        evaluate(nn.Linear(3, 2).double(), x, y)
    one, two = (evaluate(nn.Identity(), y[:, None], t).loss for t in (y + 1, y[:, None] + 1))
    assert one == two == pytest.approx(1.0)


def test_validation_must_fit():
    with pytest.raises(errors.ShapeError, match="one shape"):
        fit(mlp(), (X, Y), (X[:, :1], Y), **QUIET)
    with pytest.raises(errors.ShapeError, match="one type"):
        fit(mlp(), (X, Y), (X, Y.double()), **QUIET)
    with pytest.raises(errors.InvalidArgumentError, match="accuracy"):
        fit(nn.Linear(3, 1).double(), line(), line(), monitor="accuracy", **QUIET)


def test_nothing_to_train():
    with pytest.raises(errors.InvalidArgumentError, match="no trainable parameters"):
        fit(nn.Identity(), blobs(), **QUIET)


def test_divergence_is_reported_and_the_last_good_checkpoint_stays(tmp_path):
    x, y = line()
    model = nn.Linear(3, 1).double()
    with pytest.raises(errors.TrainingError, match=r"training loss is (nan|inf) in epoch"):
        fit(model, (x, y), optimizer="sgd", lr=1e80, epochs=50, out=tmp_path, **QUIET)
    assert torch.isfinite(load_checkpoint(tmp_path / "last.ckpt").model["weight"]).all()


def test_a_generator_may_not_be_named_twice(tmp_path):
    model = mlp()
    model[0].noise = torch.Generator()
    with pytest.raises(errors.InvalidArgumentError, match=r"0\.noise"):
        fit(model, blobs(), out=tmp_path, generators={"0.noise": torch.Generator()}, **QUIET)
