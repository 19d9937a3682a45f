"""The layer: contract, the two ways to compute it, sharing, dtypes, errors."""

from __future__ import annotations

import pytest
import torch

from circuits import DensityMatrix, _native
from circuits.errors import (
    DtypeError,
    InvalidArgumentError,
    KetworkError,
    NonFiniteError,
    ShapeError,
)
from qml.models.qkan import ANSAETZE, QKANLayer, native, sweep
from qml.models.qkan.bloch import Activation, edge_values
from tests.qml.models.qkan.cases import KINDS, layer

NAMES = list(ANSAETZE)


def arguments(name, reps, batch=5, n_in=3, n_out=2, dtype=torch.float64):
    generator = torch.Generator().manual_seed(7)

    def drawn(*shape, low, high):
        return torch.rand(*shape, generator=generator, dtype=dtype) * (high - low) + low

    return (
        drawn(batch, n_in, low=-1, high=1),
        drawn(n_out, n_in, ANSAETZE[name].n_angles(reps), low=-3, high=3),
        drawn(n_out, n_in, reps, low=-0.6, high=0.6),
        drawn(n_out, n_in, reps, low=-0.3, high=0.3),
        drawn(n_out, n_in, low=-1, high=1),
    )


ENGINES = {"torch": sweep, "native": native}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("reduce", [True, False])
@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_engines_give_values_and_derivatives(name, fast, reduce, engine, dtype):
    """Those of the reference in double precision; slopes of |alpha| and |beta| may be steep."""
    kind, sizes = Activation(name, 3, fast), {"batch": 37, "n_in": 3, "n_out": 4}
    leaves = [t.requires_grad_() for t in arguments(name, 3, **sizes)]
    expected = edge_values(kind, reduce, *leaves)
    gradient = torch.linspace(-1, 1, expected.numel(), dtype=torch.float64)
    gradient = gradient.reshape(expected.shape)
    expected.backward(gradient)
    given = [t.detach().to(dtype) for t in leaves]
    if engine == "native" and not native.supports(kind, given[0]):
        pytest.skip("needs the compiled kernels")
    values = ENGINES[engine].values(kind, reduce, *given)
    slopes = ENGINES[engine].vjp(kind, reduce, *given, gradient.to(dtype))
    atol = {torch.float32: 1e-5, torch.float64: 1e-12}[dtype]
    torch.testing.assert_close(values.double(), expected.detach(), rtol=0, atol=atol)
    for found, leaf in zip(slopes, leaves, strict=True):
        assert found.dtype == dtype
        steep = 100 if fast else 3
        torch.testing.assert_close(found.double(), leaf.grad, rtol=0, atol=steep * atol)


@pytest.mark.parametrize("portion", [1, 7, 40])
def test_portions_do_not_matter(portion, monkeypatch):
    kind, given = Activation("pz", 2), arguments("pz", 2, n_out=7)
    gradient = torch.ones(5, 7, dtype=torch.float64)
    whole = sweep.values(kind, True, *given), *sweep.vjp(kind, True, *given, gradient)
    monkeypatch.setattr(sweep, "_PORTION", portion)
    parts = sweep.values(kind, True, *given), *sweep.vjp(kind, True, *given, gradient)
    for a, b in zip(whole, parts, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-13)


@pytest.mark.parametrize("group", [None, 2])
@pytest.mark.parametrize("name", NAMES)
def test_one_product_equals_the_circuits(name, group, dtype):
    """Fixed factors go through Fourier coefficients, trainable ones through the circuits."""
    fixed = layer(name, group=group, dtype=dtype)
    with torch.no_grad():
        fixed.theta.mul_(3)
        if fixed.preacts_bias is not None:
            fixed.preacts_bias.add_(0.2)
    trained = layer(name, group=group, preact_trainable=True, dtype=dtype)
    trained.load_state_dict(fixed.state_dict(), strict=False)
    x = torch.linspace(-0.9, 0.9, 21, dtype=dtype).reshape(7, 3)
    atol = {torch.float32: 3e-6, torch.float64: 1e-13}[dtype]
    torch.testing.assert_close(fixed(x), trained(x), rtol=0, atol=atol)
    by = [torch.autograd.grad(net(x).square().sum(), net.theta)[0] for net in (fixed, trained)]
    torch.testing.assert_close(by[0], by[1], rtol=0, atol=10 * atol)


@pytest.mark.parametrize("kind", KINDS)
def test_outputs_are_the_sum_of_the_activations(kind):
    net = layer(dtype=torch.float64, **KINDS[kind])
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.1)
    x = torch.linspace(-0.8, 0.8, 12, dtype=torch.float64).reshape(2, 2, 3)
    values = net.activations(x)
    assert values.shape == (2, 2, 2, 3)
    scale = 1 if net.postact_weights is None else net.postact_weights
    offset = 0 if net.postact_bias is None else net.postact_bias
    silu = x * torch.sigmoid(x)
    expected = (scale * (values + offset) + net.base_weight * silu[..., None, :]).sum(-1)
    torch.testing.assert_close(net(x), expected, rtol=0, atol=1e-13)


def test_shared_circuits_repeat_over_the_inputs():
    net = layer(sizes=(5, 2), group=2, dtype=torch.float64)
    assert net.theta.shape == (2, 3, 2)
    values = net.activations(torch.full((1, 5), 0.3, dtype=torch.float64))[0].detach()
    assert torch.equal(values[0], values[1])
    assert torch.equal(values[0, :2], values[0, 2:4])
    assert float((values[0, 0] - values[0, 1]).abs()) > 1e-3


def test_activations_of_circuits_are_expectation_values_and_fast_ones_are_not():
    x = torch.linspace(-3, 3, 50, dtype=torch.float64)[:, None]
    slow = layer(sizes=(1, 1), reps=5, dtype=torch.float64, init="gaussian")
    fast = layer(sizes=(1, 1), reps=5, dtype=torch.float64, init="gaussian", fast_measure=True)
    z, f = slow.activations(x).detach(), fast.activations(x).detach()
    assert float(z.abs().max()) <= 1
    torch.testing.assert_close(f, ((1 + z) / 2).sqrt() - ((1 - z) / 2).sqrt(), rtol=0, atol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_fast_measurement_is_exact_at_the_poles(dtype):
    """|beta| there is the small number itself, not a root of rounding errors."""
    net = layer("real", (1, 1), reps=1, fast_measure=True, dtype=dtype, ba_trainable=False)
    tiny = torch.tensor([[1e-6], [-1e-6], [0.0]], dtype=dtype)
    with torch.no_grad():  # the angle of the state is -pi / 2 - theta + x
        net.theta.fill_(-torch.pi / 2)
    x = tiny.clone().requires_grad_()
    y = net(x)
    assert torch.isfinite(torch.autograd.grad(y.sum(), x)[0]).all()
    expected = (tiny / 2).cos() - (tiny / 2).sin().abs()
    atol = {torch.float32: 1e-7, torch.float64: 1e-12}[dtype]
    torch.testing.assert_close(y, expected, rtol=0, atol=atol)
    weight = torch.ones(1, 1, 1, dtype=dtype)
    given = tiny, net.theta.detach().flatten(-2), weight, 0 * weight, weight[0]
    reference = edge_values(net.kind, True, *given)
    torch.testing.assert_close(reference, expected, rtol=0, atol=atol)


@pytest.mark.parametrize(
    ("name", "reps", "numbers"),
    [("pz", 3, 48), ("rpz", 3, 24 + 18), ("px", 3, 24), ("real", 3, 18), ("mix", 3, 48)],
)
def test_parameter_counts(name, reps, numbers):
    def count(**options):
        net = layer(name, reps=reps, **options)
        return sum(p.numel() for p in net.parameters())

    assert count(ba_trainable=False) == numbers
    assert count() == numbers + 6
    more = {"postact_weight_trainable": True, "postact_bias_trainable": True}
    assert count(**more) == numbers + 18
    assert count(ba_trainable=False, preact_trainable=True) == numbers + (
        18 if name == "rpz" else 36
    )


def test_start_values():
    net = layer(sizes=(40, 30), reps=8, **KINDS["fast"])
    assert bool((net.base_weight == 0.5).all())
    assert bool((net.postact_weights == 1).all())
    assert bool((net.postact_bias == 0).all())
    assert bool((net.preacts_weight == 1).all())
    assert bool((net.preacts_bias == 0).all())
    expected = (2 / ((40 + 30) * 9 * 2)) ** 0.5  # Xavier, as torch counts fans
    torch.nn.init.xavier_normal_(probe := torch.empty_like(net.theta))
    assert abs(float(probe.std()) / expected - 1) < 0.05
    assert abs(float(net.theta.detach().std()) / expected - 1) < 0.05
    gaussian = layer(sizes=(40, 30), reps=8, init="gaussian")
    assert abs(float(gaussian.theta.detach().std()) * 8**0.5 - 1) < 0.05


def test_the_options_rebuild_the_layer():
    net = layer("mix", **KINDS["fast"], base_activation="gelu")
    twin = QKANLayer(3, 2, **net.options())
    twin.load_state_dict(net.state_dict())
    x = torch.rand(4, 3)
    assert torch.equal(twin(x), net(x))
    assert "reps=2, ansatz='mix'" in repr(net)


def test_state_dicts_of_the_package_load():
    """They hold fixed parameters and a mask; two-dimensional storage is flattened."""
    net = layer(ba_trainable=False)
    ones, zeros = torch.ones(2, 3, 2), torch.zeros(2, 3, 2)
    fixed = {"preacts_weight": ones, "preacts_bias": zeros, "base_weight": torch.zeros(2, 3),
             "postact_weights": torch.ones(2, 3), "postact_bias": torch.zeros(2, 3)}  # fmt: skip
    theta = torch.rand(2, 3, 3, 2)
    net.load_state_dict({"theta": theta.reshape(6, 6), **fixed, "mask": torch.ones(6)})
    assert torch.equal(net.theta, theta)
    assert net.mask is None
    with pytest.raises(RuntimeError, match="base_weight"):
        net.load_state_dict({"theta": theta, **fixed, "base_weight": torch.ones(2, 3)})
    mask = torch.tensor([[1.0, 0, 1], [0, 1, 1]])
    net.load_state_dict({"theta": theta, "mask": mask})
    assert torch.equal(net.mask, mask)
    net.load_state_dict({}, strict=False)
    assert torch.equal(net.mask, mask)
    net.load_state_dict({"theta": theta})
    assert net.mask is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ansatz": "py"}, "`ansatz` must be one of 'pz', 'rpz', 'px', 'real', 'mix', got 'py'"),
        ({"ansatz": 3}, "`ansatz` must be one of"),
        ({"reps": 0}, "`reps` must be at least 1"),
        ({"group": 4}, "`group` must be at most in_features=3"),
        ({"init": "zero"}, "`init` must be one of"),
        ({"preact_trainable": "no"}, "`preact_trainable` must be True or False, got str: 'no'"),
        ({"fast_measure": 1}, "`fast_measure` must be True or False"),
        ({"ba_trainable": None}, "`ba_trainable` must be True or False"),
        ({"postact_bias_trainable": 0}, "`postact_bias_trainable` must be True or False"),
        ({"postact_weight_trainable": 0}, "`postact_weight_trainable` must be True or False"),
        ({"dtype": torch.int32}, "`dtype` must be a real floating-point dtype"),
        ({"base_activation": "sine"}, "`base_activation` must be one of"),
        ({"ba_trainable": False, "base_activation": "silu"}, "`base_activation` has no effect"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises(KetworkError, match=message):
        layer(options.pop("ansatz", "pz"), **options)


def test_the_names_of_the_package_are_known():
    assert layer("pz_encoding").ansatz == "pz"


def test_wrong_inputs_are_named():
    with pytest.raises(ShapeError, match=r"\(\.\.\., 3\), got \(2, 4\)"):
        layer()(torch.rand(2, 4))
    for wrong in (torch.ones(2, 3).long(), torch.ones(2, 3) > 0, torch.ones(2, 3) * 1j):
        for function in (layer(), layer().activations, layer().contributions):
            with pytest.raises(DtypeError, match=f"`x` must be a float64, .*{wrong.dtype}"):
                function(wrong)
    with pytest.raises(NonFiniteError, match="Inputs and parameters must be finite"):
        layer()(torch.full((1, 3), torch.nan))
    for options in KINDS["fixed"], KINDS["trainable"]:
        with pytest.raises(NonFiniteError, match=r"arccos\(w x \+ b\): it needs abs"):
            layer("px", **options)(torch.full((1, 3), 1.1))
    assert issubclass(NonFiniteError, InvalidArgumentError)


@pytest.mark.parametrize("engine", ["best", "torch", "backend"])
@pytest.mark.parametrize("trained", [False, True])
def test_infinite_slopes_of_px_are_refused(trained, engine, dtype, monkeypatch):
    net = layer("px", preact_trainable=trained, dtype=dtype)
    if engine == "torch":
        monkeypatch.setattr(native, "supports", lambda *_: False)
    if engine == "backend":
        net = net.with_backend(DensityMatrix())
    x = torch.tensor([[0.3, -1.0, 0.2], [0.1, 0.5, -0.4]], dtype=dtype)
    assert bool(torch.isfinite(net(x)).all())
    if trained:
        with pytest.raises(NonFiniteError, match=r"infinite slope where abs\(w x \+ b\) = 1"):
            net(x).sum().backward()
    else:  # nobody asks for the slope
        net(x).sum().backward()
        assert bool(torch.isfinite(net.theta.grad).all())
    with pytest.raises(NonFiniteError, match=r"by 0\.95, or use another ansatz"):
        net(x.requires_grad_()).sum().backward()
    with torch.no_grad():
        net(x)
    inner = (0.95 * x.detach()).requires_grad_()
    net(inner).sum().backward()
    assert bool(torch.isfinite(inner.grad).all())
    if trained:  # a loss that is not finite is not the layer's fault
        (net(inner) * torch.nan).sum().backward()
        assert bool(inner.grad.isnan().any())


def test_the_kernels_run_with_several_threads_and_every_instruction_set():
    kind, given = Activation("pz", 3), arguments("pz", 3, batch=9, n_in=5, n_out=6)
    if not native.supports(kind, given[0]):
        pytest.skip("needs the compiled kernels")
    module = _native.kernels()
    gradient = torch.linspace(-1, 1, 54, dtype=torch.float64).reshape(9, 6)
    wanted = sweep.values(kind, True, *given), *sweep.vjp(kind, True, *given, gradient)
    for limit in (0, 1, 2):
        for threads in (1, 3):
            before = torch.get_num_threads()
            module.limit_instruction_set(limit)
            torch.set_num_threads(threads)
            try:
                found = native.values(kind, True, *given), *native.vjp(kind, True, *given, gradient)
            finally:
                module.limit_instruction_set(2)
                torch.set_num_threads(before)
            for a, b in zip(found, wanted, strict=True):
                torch.testing.assert_close(a, b, rtol=0, atol=1e-13)


def test_many_repetitions_go_to_torch():
    kind = Activation("pz", 300)
    assert not native.supports(kind, torch.rand(2, 2))
    net = layer(sizes=(2, 1), reps=300, preact_trainable=True)
    net(torch.rand(3, 2)).sum().backward()
    assert bool(torch.isfinite(net.theta.grad).all())
