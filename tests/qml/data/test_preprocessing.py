"""Preprocessing: closed forms, scikit-learn as reference, laws of every fitted step."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from circuits import errors
from qml import data
from qml.data import PCA, Amplitudes, Angles, Flatten, Pipeline, Resize, Scale, Standardize
from qml.data.preprocessing import from_state_dict


def _samples(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype) * 3 + 1


STEPS = {
    "scale": ([Scale()], (5,)),
    "scale-shared-clipped": ([Scale(-1.0, 2.0, per_feature=False, clip=True)], (2, 3)),
    "angles": ([Angles()], (5,)),
    "angles-signed": ([Angles(signed=True)], (5,)),
    "standardize": ([Standardize()], (5,)),
    "standardize-shared": ([Standardize(per_feature=False)], (1, 4, 4)),
    "flatten": ([Flatten()], (2, 3)),
    "resize": ([Resize(4)], (3, 9, 7)),
    "resize-plain": ([Resize(4, 6)], (8, 8)),
    "pca": ([PCA(3)], (5,)),
    "pca-whitened": ([PCA(2, whiten=True)], (5,)),
    "amplitudes": ([Amplitudes()], (5,)),
    "amplitudes-more": ([Amplitudes(n_qubits=4)], (5,)),
    "nothing": ([], (2, 3)),
    "all": ([Resize(4), Standardize(), Flatten(), PCA(6), Angles(), Amplitudes()], (1, 8, 8)),
}


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_laws_of_a_fitted_pipeline(name, dtype):
    steps, shape = STEPS[name]
    train, x = _samples(30, *shape, dtype=dtype), _samples(4, 3, *shape, seed=1, dtype=dtype)
    kept = train.clone()
    fitted = Pipeline(steps).fit(train)
    y = fitted.transform(x)
    assert torch.equal(train, kept)
    assert y.dtype == dtype
    assert y.shape == (4, 3, *fitted.out_shape)
    rtol = {torch.float32: 1e-4, torch.float64: 1e-11}[dtype]
    one = fitted.transform(x[2, 1])
    assert one.shape == fitted.out_shape
    assert torch.allclose(one, y[2, 1], rtol=rtol, atol=rtol)
    assert fitted.transform(x[:0]).shape == (0, 3, *fitted.out_shape)
    again = Pipeline(steps).fit(train).transform(x)
    assert torch.equal(again, y)


@pytest.mark.parametrize("name", STEPS)
def test_state_survives_a_weights_only_checkpoint(name):
    steps, shape = STEPS[name]
    fitted = Pipeline(steps).fit(_samples(30, *shape))
    file = io.BytesIO()
    torch.save(fitted.state_dict(), file)
    file.seek(0)
    restored = from_state_dict(torch.load(file, weights_only=True))
    x = _samples(7, *shape, seed=1)
    assert torch.equal(restored.transform(x), fitted.transform(x))
    assert repr(restored) == repr(fitted)


@pytest.mark.parametrize("name", STEPS)
def test_gradients_reach_the_input(name):
    steps, shape = STEPS[name]
    fitted = Pipeline(steps).fit(_samples(30, *shape))
    inside = _samples(30, *shape)[:2] * 0.5 + 0.5  # away from the kinks of clipping
    assert torch.autograd.gradcheck(fitted.transform, inside.requires_grad_(), atol=1e-5)


@pytest.mark.parametrize("whiten", [False, True])
@pytest.mark.parametrize("shape", [(200, 6), (20, 50), (60, 60)])
def test_pca_equals_scikit_learns(shape, whiten):
    decomposition = pytest.importorskip("sklearn.decomposition")
    x = _samples(*shape) @ _samples(shape[1], shape[1], seed=1)
    fitted = PCA(5, whiten=whiten).fit(x)
    reference = decomposition.PCA(5, whiten=whiten, svd_solver="full").fit(x.numpy())
    assert np.allclose(fitted.transform(x), reference.transform(x.numpy()), rtol=1e-8, atol=1e-8)
    assert np.allclose(fitted.explained_variance, reference.explained_variance_, rtol=1e-9)


def test_pca_of_real_digits_equals_scikit_learns():
    decomposition = pytest.importorskip("sklearn.decomposition")
    digits = data.load("digits")
    reduced, fitted = digits.preprocess(Pipeline([Flatten(), PCA(16)]))
    reference = decomposition.PCA(16, svd_solver="full").fit(
        digits.x_train.flatten(1).double().numpy()
    )
    expected = reference.transform(digits.x_test.flatten(1).double().numpy())
    assert np.allclose(reduced.x_test, expected, atol=1e-5)
    assert fitted.out_shape == reduced.feature_shape == (16,)
    assert reduced.feature_names is None
    assert reduced.provenance.notes[-1] == "preprocessed by flatten > pca"


@given(st.integers(2, 30), st.integers(2, 12), st.integers(0, 2**32))
def test_pca_axes_are_orthonormal_with_positive_largest_entry(n, features, seed):
    k = min(n, features)
    fitted = PCA(k).fit(_samples(n, features, seed=seed))
    axes = fitted.components
    assert torch.allclose(axes @ axes.mT, torch.eye(k).double(), atol=1e-9)
    assert bool((axes.gather(1, axes.abs().argmax(1, keepdim=True)) > 0).all())
    assert bool((fitted.explained_variance.diff() <= 1e-12).all())


def test_pca_that_cannot_be_fitted():
    with pytest.raises(errors.InvalidArgumentError, match=r"min\(samples, features\) = 5"):
        PCA(6).fit(_samples(5, 9))
    with pytest.raises(errors.InvalidArgumentError, match=">= 1"):
        PCA(0)
    with pytest.raises(errors.ShapeError, match="Flatten"):
        PCA(2).fit(_samples(5, 3, 3))
    flat = _samples(30, 2) @ _samples(2, 6)
    assert PCA(6).fit(flat).out_shape == (6,)
    with pytest.raises(errors.InvalidArgumentError, match="only 2 directions"):
        PCA(3, whiten=True).fit(flat)


def test_ranges_are_those_of_the_training_data_only():
    train, other = _samples(50, 3), _samples(50, 3, seed=1) * 10
    for step, low, high in (
        (Scale(), 0.0, 1.0),
        (Scale(-2.0, 5.0), -2.0, 5.0),
        (Angles(), 0.0, math.pi),
        (Angles(signed=True), -math.pi, math.pi),
    ):
        y = step.fit(train).transform(train)
        assert torch.allclose(y.amin(0), torch.full((3,), low).double(), atol=1e-12)
        assert torch.allclose(y.amax(0), torch.full((3,), high).double(), atol=1e-12)
        assert step.fit(train).transform(other).amax() > high
    clipped = Angles(clip=True).fit(train).transform(other)
    assert clipped.amin() == 0
    assert clipped.amax() == math.pi
    shared = Scale(per_feature=False).fit(train).transform(train)
    assert torch.allclose(shared, (train - train.min()) / (train.max() - train.min()))
    y = Standardize().fit(train).transform(train)
    assert torch.allclose(y.mean(0), torch.zeros(3).double(), atol=1e-12)
    assert torch.allclose(y.std(0, correction=0), torch.ones(3).double())


def test_preprocessing_never_sees_validation_or_test_samples():
    iris = data.load("iris")
    poisoned = iris.x_test * 1e6
    changed = data.DataSet(**{**iris.__dict__, "x_test": poisoned, "x_val": iris.x_val - 1e6})
    steps = Pipeline([Standardize(), PCA(2), Angles()])
    assert torch.equal(iris.preprocess(steps)[0].x_train, changed.preprocess(steps)[0].x_train)


@pytest.mark.parametrize("n", [3, 7, 10])
@pytest.mark.parametrize("value", [0.1, 7.0, -3.3])
def test_constant_features_become_a_constant(value, n):
    train = torch.full((n, 2), value, dtype=torch.float64)
    other = torch.full((3, 2), 5.5, dtype=torch.float64)
    assert (Scale(-1.0, 1.0).fit(train).transform(other) == -1).all()
    assert (Standardize().fit(train).transform(other) == 0).all()
    assert (Standardize(per_feature=False).fit(train).transform(other) == 0).all()


def test_resize_averages_when_it_shrinks():
    image = torch.zeros(1, 1, 8, 8)
    image[..., :4] = 1.0
    small = Resize(2).fit(image).transform(image)
    assert small.shape == (1, 1, 2, 2)
    assert torch.allclose(small.mean(), image.mean())
    constant = torch.full((2, 3, 28, 28), 0.25)
    assert torch.allclose(Resize(16).fit(constant).transform(constant), torch.tensor(0.25))
    point = torch.zeros(1, 64, 64)
    point[0, 33, 33] = 1.0  # between the sampling points of plain bilinear interpolation
    spread = Resize(8).fit(point).transform(point)
    assert torch.allclose(spread.sum() * 64, torch.tensor(1.0))


@given(st.integers(1, 40), st.sampled_from([1e-30, 1e-3, 1.0, 1e30]), st.integers(0, 2**32))
def test_amplitudes_have_norm_one(features, size, seed):
    x = _samples(3, features, seed=seed).float() * size
    fitted = Amplitudes().fit(x)
    y = fitted.transform(x)
    assert y.shape == (3, 2 ** math.ceil(math.log2(features)))
    assert torch.allclose(y.norm(dim=1), torch.ones(3), atol=1e-5)
    expected = x.double() / x.double().norm(dim=1, keepdim=True)
    assert torch.allclose(y[:, :features].double(), expected, atol=1e-5)
    assert not y[:, features:].any()


def test_vectors_without_direction_are_errors():
    fitted = Amplitudes().fit(torch.ones(2, 3))
    for bad in (0.0, math.nan, math.inf):
        x = torch.ones(4, 3)
        x[2] = bad
        with pytest.raises(errors.InvalidArgumentError, match="sample 2"):
            fitted.transform(x)
    with pytest.raises(errors.ShapeError, match="5 features need 3 qubits"):
        Amplitudes(n_qubits=2).fit(torch.ones(2, 5))


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: Scale(1.0, 1.0), errors.InvalidArgumentError),
        (lambda: Scale(0.0, math.inf), errors.InvalidArgumentError),
        (lambda: Resize(0), errors.InvalidArgumentError),
        (lambda: Resize(4, 10**6), errors.InvalidArgumentError),
        (lambda: Amplitudes(-1), errors.InvalidArgumentError),
        (lambda: Pipeline([PCA]), errors.ArgumentTypeError),
        (lambda: Pipeline([Scale().fit(torch.rand(3, 2))]), errors.ArgumentTypeError),
        (lambda: Scale().fit([1.0]), errors.ArgumentTypeError),
        (lambda: Scale().fit(torch.ones(3, 2, dtype=torch.uint8)), errors.DtypeError),
        (lambda: Scale().fit(torch.ones(3, 2, dtype=torch.complex64)), errors.DtypeError),
        (lambda: Scale().fit(torch.ones(3)), errors.ShapeError),
        (lambda: Scale().fit(torch.ones(0, 3)), errors.ShapeError),
        (lambda: Scale().fit(torch.full((3, 2), math.nan)), errors.NonFiniteError),
        (lambda: Resize(2).fit(torch.ones(3, 4)), errors.ShapeError),
        (lambda: Scale().fit(torch.ones(3, 2)).transform(torch.ones(3)), errors.ShapeError),
        (lambda: Scale().fit(torch.ones(3, 2)).transform(torch.tensor(1.0)), errors.ShapeError),
    ],
)
def test_wrong_arguments(make, error):
    with pytest.raises(error, match=r"expected|fitted on"):
        make()


def _change(**changes):
    def change(state):
        step = state["steps"][1]
        return {**state, "steps": [state["steps"][0], {**step, **changes}]}

    return change


HOSTILE = {
    "no dict": lambda s: [s],
    "no kind": lambda s: {},
    "one step only": lambda s: s["steps"][1],
    "unknown kind": _change(kind="os.system"),
    "kind of a wrong type": _change(kind=["pca"]),
    "nested pipeline": _change(kind="pipeline"),
    "steps no list": lambda s: {**s, "steps": "pca"},
    "many steps": lambda s: {**s, "steps": s["steps"][:1] * 1000},
    "shapes that do not meet": lambda s: {**s, "in_shape": [3, 3]},
    "shape no list": lambda s: {**s, "in_shape": (2, 3)},
    "negative shape": lambda s: {**s, "in_shape": [-2, 3]},
    "bool shape": lambda s: {**s, "in_shape": [True, 6]},
    "missing tensor": lambda s: {**s, "steps": [s["steps"][0], {"kind": "pca", "in_shape": [6]}]},
    "NaN": _change(mean=torch.full((6,), math.nan, dtype=torch.float64)),
    "wrong shape": _change(mean=torch.zeros(5, dtype=torch.float64)),
    "wrong dtype": _change(mean=torch.zeros(6, dtype=torch.complex64)),
    "components no matrix": _change(components=torch.zeros(6, dtype=torch.float64)),
    "components a scalar": _change(components=torch.tensor(1.0, dtype=torch.float64)),
}


@pytest.mark.parametrize("case", HOSTILE, ids=lambda name: name.replace(" ", "-"))
def test_hostile_states_are_refused(case):
    state = Pipeline([Flatten(), PCA(2)]).fit(_samples(30, 2, 3)).state_dict()
    from_state_dict(state)
    with pytest.raises(errors.CheckpointError, match="preprocessing state"):
        from_state_dict(HOSTILE[case](state))


@pytest.mark.parametrize(
    "step",
    [
        {"kind": "resize", "in_shape": [8], "height": 4, "width": 4},
        {"kind": "resize", "in_shape": [8, 8], "height": 10**9, "width": 4},
        {"kind": "resize", "in_shape": [8, 8], "height": 4.0, "width": 4},
        {"kind": "amplitudes", "in_shape": [8], "n_qubits": 60},
        {"kind": "amplitudes", "in_shape": [8], "n_qubits": 2},
        {"kind": "affine", "in_shape": [1], "center": 0.0, "factor": 1.0, "offset": 0.0},
    ],
)
def test_hostile_sizes_are_refused(step):
    with pytest.raises(errors.CheckpointError, match="preprocessing state"):
        from_state_dict({"kind": "pipeline", "in_shape": step["in_shape"], "steps": [step]})
