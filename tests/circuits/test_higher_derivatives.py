"""Second and third derivatives, forward mode, and torch.func transforms."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from torch.autograd import gradcheck, gradgradcheck
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, jvp, vmap

from circuits import Circuit, DensityMatrix, PauliSum, Probabilities, StateVector, inputs, weights
from circuits import gates as g
from circuits.errors import UnsupportedOperationError
from circuits.gradients import make_evaluator
from qml import QuantumLayer
from tests.support.strategies import circuits, seeds

EXACT = [
    pytest.param("adjoint", StateVector(), id="adjoint"),
    pytest.param("backprop", StateVector(), id="backprop"),
    pytest.param("backprop", DensityMatrix(), id="density"),
]
OBSERVED = (PauliSum("Z0"), PauliSum({"X0": 0.7, "Y0": -0.4}))


def small_circuit() -> Circuit:
    x, w = inputs(2), weights(3)
    return Circuit(
        2,
        [g.rx(x[0], 0), g.ry(w[0] * x[1], 1), g.cx(0, 1), g.crz(w[1], 1, 0), g.ry(w[2] ** 2, 0)],
    )


def evaluator(method, backend, circuit=None):
    return make_evaluator(circuit or small_circuit(), OBSERVED, backend, diff_method=method)


def values(batch=2, rows=1):
    generator = torch.Generator().manual_seed(4)
    return [
        torch.rand(size, generator=generator, dtype=torch.float64, requires_grad=True)
        for size in ((batch, 2), (rows, 3))
    ]


@pytest.mark.parametrize(("method", "backend"), EXACT)
def test_gradcheck_twice(method, backend):
    evaluate = evaluator(method, backend)
    assert gradcheck(evaluate, values(), check_forward_ad=True)
    assert gradgradcheck(evaluate, values())


@settings(max_examples=15)
@given(circuits(max_qubits=3, max_ops=5), seeds)
def test_gradgradcheck_on_random_circuits(circuit, seed):
    evaluate = make_evaluator(circuit, OBSERVED, StateVector(), diff_method="adjoint")
    generator = torch.Generator().manual_seed(seed)
    arguments = [
        torch.rand(size, generator=generator, dtype=torch.float64, requires_grad=True)
        for size in ((1, circuit.n_inputs), (1, circuit.n_weights))
        if size[1]
    ]
    if not arguments:
        return
    empty = torch.zeros(1, 0, dtype=torch.float64)

    def function(*given):
        it = iter(given)
        x = next(it) if circuit.n_inputs else empty
        w = next(it) if circuit.n_weights else empty
        return evaluate(x, w)

    assert gradgradcheck(function, arguments)


@pytest.mark.parametrize(("method", "backend"), EXACT)
def test_hessians_agree_however_they_are_taken(method, backend):
    evaluate = evaluator(method, backend)
    x, w = (v.detach() for v in values(1))

    def f(weights_):
        return evaluate(x, weights_[None])[0, 0]

    reference = torch.autograd.functional.hessian(f, w[0])
    for transform in (hessian(f), jacrev(jacrev(f)), jacfwd(jacfwd(f)), jacfwd(jacrev(f)),
                      jacrev(jacfwd(f))):  # fmt: skip
        torch.testing.assert_close(transform(w[0]), reference, rtol=0, atol=1e-12)
    torch.testing.assert_close(reference, reference.T)
    assert reference.abs().max() > 1e-2


@pytest.mark.parametrize(("method", "backend"), EXACT)
def test_third_derivative(method, backend):
    """cos(w) has the third derivative sin(w)."""
    w = weights(1)
    evaluate = make_evaluator(
        Circuit(1, [g.rx(w[0], 0)]), (PauliSum("Z0"),), backend, diff_method=method
    )
    at = torch.tensor([[0.6]], dtype=torch.float64, requires_grad=True)
    value = evaluate(torch.zeros(1, 0, dtype=torch.float64), at).sum()
    for _ in range(3):
        (value,) = torch.autograd.grad(value.sum(), at, create_graph=True)
    assert value.item() == pytest.approx(torch.sin(at).item(), abs=1e-12)


@pytest.mark.parametrize(("method", "backend"), EXACT)
def test_forward_mode_is_reverse_mode(method, backend):
    evaluate = evaluator(method, backend)
    arguments = tuple(v.detach() for v in values())
    tangents = tuple(torch.rand_like(a) for a in arguments)
    _, forward = jvp(evaluate, arguments, tangents)
    jacobians = jacrev(evaluate, argnums=(0, 1))(*arguments)
    expected = sum((j * t).sum((-1, -2)) for j, t in zip(jacobians, tangents, strict=True))
    torch.testing.assert_close(forward, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("method", "backend"), EXACT)
def test_forward_mode_of_one_argument_only(method, backend):
    evaluate = evaluator(method, backend)
    x, w = (v.detach() for v in values())
    expected = jacrev(lambda v: evaluate(x, v))(w)
    torch.testing.assert_close(jacfwd(lambda v: evaluate(x, v))(w), expected, rtol=0, atol=1e-12)
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(x, torch.ones_like(x))
        tangent = torch.autograd.forward_ad.unpack_dual(evaluate(dual, w)).tangent
    expected = jacrev(lambda v: evaluate(v, w))(x).sum((-1, -2))
    torch.testing.assert_close(tangent, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("method", "backend"), EXACT)
def test_vmap_in_every_combination(method, backend):
    """Mapped inputs, weights or both; nested; under and over grad; any in_dims."""
    evaluate = evaluator(method, backend)
    xs = torch.rand(3, 4, 2, dtype=torch.float64)
    ws = torch.rand(3, 1, 3, dtype=torch.float64)

    def loop(a, b):
        return torch.stack([evaluate(x, w) for x, w in zip(a, b, strict=True)])

    same = {"rtol": 0, "atol": 1e-13}
    torch.testing.assert_close(vmap(evaluate)(xs, ws), loop(xs, ws), **same)
    one_w = ws[:1].expand(3, 1, 3)
    torch.testing.assert_close(vmap(evaluate, (0, None))(xs, ws[0]), loop(xs, one_w), **same)
    one_x = xs[:1].expand(3, 4, 2)
    torch.testing.assert_close(vmap(evaluate, (None, 0))(xs[0], ws), loop(one_x, ws), **same)
    moved = vmap(evaluate, (1, 2))(xs.movedim(0, 1), ws.movedim(0, 2))
    torch.testing.assert_close(moved, loop(xs, ws), **same)
    nested = vmap(vmap(evaluate, (None, 0)), (0, None))(xs, ws)
    for i in range(3):
        torch.testing.assert_close(nested[i], loop(xs[i : i + 1].expand(3, 4, 2), ws), **same)

    def loss(w, x):
        return (evaluate(x, w) ** 2).sum()

    mapped = vmap(grad(loss), (0, 0))(ws, xs)
    expected = torch.stack([grad(loss)(w, x) for w, x in zip(ws, xs, strict=True)])
    torch.testing.assert_close(mapped, expected, **same)
    mapped = vmap(grad(loss), (None, 0))(ws[0], xs)
    expected = torch.stack([grad(loss)(ws[0], x) for x in xs])
    torch.testing.assert_close(mapped, expected, **same)
    outside = grad(lambda w: vmap(loss, (None, 0))(w, xs).sum())(ws[0])
    torch.testing.assert_close(outside, expected.sum(0), **same)
    mapped = vmap(hessian(lambda w, x: loss(w[None], x)), (0, 0))(ws[:, 0], xs)
    expected = torch.stack(
        [torch.autograd.functional.hessian(lambda v: loss(v[None], x), w)  # noqa: B023
         for w, x in zip(ws[:, 0], xs, strict=True)]
    )  # fmt: skip
    torch.testing.assert_close(mapped, expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize(("method", "backend"), EXACT)
def test_batches_of_gradients(method, backend):
    """`is_grads_batched` maps by an older mechanism than `torch.func`."""
    x, w = values()
    found = evaluator(method, backend)(x, w)
    gradients = torch.eye(4, dtype=torch.float64).reshape(4, 2, 2)
    batched = torch.autograd.grad(
        found, (x, w), gradients, is_grads_batched=True, retain_graph=True
    )
    rows = [torch.autograd.grad(found, (x, w), g, retain_graph=True) for g in gradients]
    for k in range(2):
        expected = torch.stack([row[k] for row in rows])
        torch.testing.assert_close(batched[k], expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize(("method", "backend"), EXACT)
def test_transforms_leave_nothing_behind(method, backend):
    """What was computed under vmap, grad or inference mode is not met again outside."""
    layer = QuantumLayer(
        small_circuit(), ["Z0", "X0"], diff_method=method, backend=backend, dtype=torch.float64
    )
    xs = torch.rand(3, 2, dtype=torch.float64)
    weight = layer.weight.detach()
    with torch.inference_mode():
        first = layer(xs)
    vmap(lambda w: functional_call(layer, {"weight": w}, (xs,)))(torch.stack([weight] * 2))
    jacfwd(lambda w: functional_call(layer, {"weight": w}, (xs,)))(weight)
    out = layer(xs)
    torch.testing.assert_close(out, first)
    (slope,) = torch.autograd.grad(out.sum(), layer.weight, create_graph=True)
    slope.sum().backward()
    fresh = QuantumLayer(
        small_circuit(), ["Z0", "X0"], diff_method=method, backend=backend, dtype=torch.float64
    )
    with torch.no_grad():
        fresh.weight.copy_(layer.weight)
    (expected,) = torch.autograd.grad(fresh(xs).sum(), fresh.weight, create_graph=True)
    expected.sum().backward()
    torch.testing.assert_close(layer.weight.grad, fresh.weight.grad)


def test_second_derivatives_of_probabilities_and_states():
    circuit = small_circuit()
    evaluate = make_evaluator(circuit, Probabilities((1, 0)), StateVector())
    assert gradgradcheck(evaluate, values(1))

    def state(x, w):
        return torch.view_as_real(circuit.statevector(x, w[0]))

    assert gradcheck(state, values(1))
    assert gradgradcheck(state, values(1))


@pytest.mark.parametrize("method", ["parameter-shift", "spsa"])
def test_shift_methods_refuse_what_they_cannot_do(method):
    """Second derivatives and torch.func raise; a silent zero would be worse."""
    evaluate = evaluator(method, StateVector())
    x, w = values()
    for transform in (
        lambda: vmap(evaluate, (None, 0))(x, torch.rand(3, 1, 3, dtype=torch.float64)),
        lambda: grad(lambda v: evaluate(x.detach(), v).sum())(w.detach()),
        lambda: jvp(evaluate, (x.detach(), w.detach()), (x.detach(), w.detach())),
        lambda: jacfwd(lambda v: evaluate(x.detach(), v))(w.detach()),
    ):
        with pytest.raises(UnsupportedOperationError, match=r"torch\.func"):
            transform()
    (slope,) = torch.autograd.grad(evaluate(x, w).sum(), w, create_graph=True)
    with pytest.raises(UnsupportedOperationError, match="Second derivatives"):
        torch.autograd.grad(slope.sum(), w)
    with torch.autograd.forward_ad.dual_level(), pytest.raises((RuntimeError, NotImplementedError)):
        evaluate(
            torch.autograd.forward_ad.make_dual(x.detach(), torch.ones(2, 2).double()), w.detach()
        )
