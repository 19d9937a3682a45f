"""qml.sklearn: scikit-learn's own checks, and what users do with estimators."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator
from torch import nn

from circuits import errors
from qml.sklearn import TorchClassifier, TorchRegressor

X, NUMBERS = load_iris(return_X_y=True)
NAMES = load_iris().target_names[NUMBERS]


def build_mlp(n_features, n_outputs, *, width=4, activation=nn.Tanh):
    """A model with keyword options, built like any model of the package."""
    return nn.Sequential(nn.Linear(n_features, width), activation(), nn.Linear(width, n_outputs))


EXPECTED_FAILURES = {
    "check_do_not_raise_errors_in_init_or_set_params": (
        "the check passes `module_options=...`, the name of **module_options, which is no "
        "parameter; a misspelled name must raise"
    )
}


@pytest.mark.parametrize("kind", [TorchClassifier, TorchRegressor])
def test_scikit_learn_accepts_the_estimators(kind):
    results = check_estimator(
        kind(epochs=30, lr=0.05), expected_failed_checks=EXPECTED_FAILURES, on_skip=None
    )
    status = {result["check_name"]: result["status"] for result in results}
    assert sum(s == "passed" for s in status.values()) >= 40
    assert {name for name, s in status.items() if s == "xfail"} == set(EXPECTED_FAILURES)


@pytest.fixture(scope="module")
def fitted():
    """A classifier of flower names, trained once."""
    model = TorchClassifier(build_mlp, module__width=6, epochs=40, lr=0.05, random_state=0)
    return model.fit(X, NAMES)


def test_classifier_with_text_labels(fitted):
    assert fitted.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert fitted.n_features_in_ == 4
    assert fitted.n_iter_ == 40
    assert fitted.score(X, NAMES) > 0.95
    assert set(fitted.predict(X[:5])) <= set(fitted.classes_)
    assert fitted.module_[0].out_features == 6
    assert fitted.history_.losses[-1] < fitted.history_.losses[0]


def test_probabilities_are_the_softmax_of_the_module(fitted):
    logits = fitted.module_(torch.as_tensor(X, dtype=torch.float32)).double()
    expected = torch.softmax(logits, dim=1).detach().numpy()
    assert fitted.predict_proba(X) == pytest.approx(expected, abs=1e-6)
    assert (fitted.predict(X) == fitted.classes_[expected.argmax(1)]).all()


def test_pickle(fitted):
    again = pickle.loads(pickle.dumps(fitted))
    assert (again.predict_proba(X) == fitted.predict_proba(X)).all()


def test_parameters_and_clone():
    model = TorchClassifier(build_mlp, module__width=3, fit_options={"clip_norm": 1.0})
    assert model.get_params()["module__width"] == 3
    copy = clone(model.set_params(module__width=5, module__activation=nn.ReLU, lr=0.2))
    assert copy.get_params() == model.get_params()
    assert (copy.module__width, copy.module__activation, copy.lr) == (5, nn.ReLU, 0.2)
    assert copy.fit(X, NAMES).module_[0].out_features == 5


def test_pipeline_and_grid_search_tune_module_options():
    model = TorchClassifier(build_mlp, epochs=15, random_state=1)
    pipeline = make_pipeline(StandardScaler(), model)
    grid = {"torchclassifier__module__width": [1, 6], "torchclassifier__lr": [1e-5, 0.05]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, NAMES)
    assert search.best_params_["torchclassifier__lr"] == 0.05
    assert search.score(X, NAMES) > 0.9


def test_cross_validation_of_a_regressor():
    x, y = load_diabetes(return_X_y=True)
    model = TorchRegressor(epochs=60, lr=0.02, random_state=0)
    scores = cross_val_score(make_pipeline(StandardScaler(), model), x, (y - 150) / 80, cv=2)
    assert scores.mean() > 0.4


def test_regressor_finds_the_least_squares_fit_of_two_targets():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 3))
    y = x @ rng.normal(size=(3, 2)) + [1, -1] + 0.1 * rng.normal(size=(50, 2))
    model = TorchRegressor(
        optimizer="lbfgs", lr=1.0, epochs=20, batch_size=50, dtype=torch.float64
    ).fit(x, y)
    design = np.column_stack([x, np.ones(50)])
    expected = design @ np.linalg.lstsq(design, y, rcond=None)[0]
    assert model.predict(x) == pytest.approx(expected, abs=1e-4)
    assert model.fit(x, y[:, 0]).predict(x).shape == (50,)


def test_random_state_decides_everything_and_leaves_torch_alone():
    def weights(random_state):
        model = TorchClassifier(build_mlp, epochs=2, random_state=random_state)
        before = torch.get_rng_state()
        first = model.fit(X, NAMES).module_[0].weight
        assert torch.equal(torch.get_rng_state(), before)
        return first

    assert torch.equal(weights(3), weights(3))
    assert torch.equal(weights(np.random.RandomState(3)), weights(np.random.RandomState(3)))
    assert not torch.equal(weights(3), weights(4))


def test_without_random_state_torchs_generator_is_used():
    def weights(seed):
        torch.manual_seed(seed)
        return TorchClassifier(build_mlp, epochs=2).fit(X, NAMES).module_[0].weight

    assert torch.equal(weights(0), weights(0))
    assert not torch.equal(weights(0), weights(1))


def test_a_finished_module_is_copied():
    module = nn.Linear(4, 3)
    before = module.weight.clone()
    model = TorchClassifier(module, epochs=2).fit(X, NAMES)
    assert torch.equal(module.weight, before)
    assert not torch.equal(model.module_.weight, before)
    with pytest.raises(errors.InvalidArgumentError, match="no effect on a finished module"):
        TorchClassifier(module, module__bias=False).fit(X, NAMES)


def test_one_logit_module_for_two_classes():
    two = NUMBERS < 2
    model = TorchClassifier(nn.Linear(4, 1), epochs=40, random_state=0).fit(X[two], NAMES[two])
    assert model.predict_proba(X[two]).shape == (100, 2)
    assert model.score(X[two], NAMES[two]) == 1.0


def test_early_stopping_keeps_data_aside():
    model = TorchClassifier(
        build_mlp, epochs=500, lr=0.2, patience=3, validation_fraction=0.2, random_state=0
    ).fit(X, NAMES)
    assert model.history_.stopped == "patience"
    assert model.n_iter_ < 500
    assert None not in model.history_.val_losses


def test_options_of_fit_are_passed_on(tmp_path):
    TorchClassifier(epochs=1, fit_options={"out": tmp_path}).fit(X, NAMES)
    assert (tmp_path / "model.ckpt").exists()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtype(dtype):
    model = TorchClassifier(epochs=1, dtype=dtype).fit(X, NAMES)
    assert model.module_.weight.dtype is dtype
    assert model.predict_proba(X).dtype == np.float64


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patience": 3}, "work together"),
        ({"validation_fraction": 0.2}, "work together"),
        ({"patience": 3, "validation_fraction": 1.5}, "both sides"),
        ({"fit_options": {"lr": 1.0}}, "fit_options.*lr"),
        ({"fit_options": {"seed": 1}}, "random_state"),
        ({"epochs": 0}, "epochs"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(errors.InvalidArgumentError, match=message):
        TorchClassifier(**options).fit(X, NAMES)


def test_unknown_parameters_and_bad_data():
    with pytest.raises(errors.InvalidArgumentError, match=r"no parameter `width`.*module__width"):
        TorchClassifier(width=3)
    with pytest.raises(errors.InvalidArgumentError, match="no parameter `epoch`"):
        TorchClassifier().set_params(epoch=3)
    with pytest.raises(NotFittedError):
        TorchClassifier().predict(X)
    with pytest.raises(ValueError, match="NaN"):
        TorchClassifier().fit(X * np.nan, NAMES)
    with pytest.raises(errors.InvalidArgumentError, match="one class"):
        TorchClassifier().fit(X[:10], NAMES[:10])
    with pytest.raises(ValueError, match="4 features"):
        TorchClassifier(epochs=1).fit(X, NAMES).predict(X[:, :2])


def test_qml_does_not_import_scikit_learn():
    script = "import qml, qml.training, sys; assert 'sklearn' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)
