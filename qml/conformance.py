"""The contract of a layer as checks that anyone can run on their own layer, backend or method.

`check_layer(factory, claims)` runs every claimed check, and verifies that derivatives which are
not claimed raise instead of coming out wrong. Checks raise `AssertionError`.

>>> from circuits import Circuit, gates as g, inputs, weights
>>> from qml import QuantumLayer
>>> x, w = inputs(1), weights(2)
>>> circuit = Circuit(1, [g.rx(w[0], 0), g.ry(x[0], 0), g.rx(w[1], 0)])
>>> check_layer(lambda: QuantumLayer(circuit), [*MODULE, *DERIVATIVES])
"""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.gradcheck import GradcheckError
from torch.func import functional_call, grad, jacfwd, jacrev, vmap
from torch.nn.utils import parametrize
from torch.testing import assert_close

from circuits.errors import InvalidArgumentError

LayerFactory = Callable[[], nn.Module]
"""Makes a new layer with `in_features` and at least one parameter, in torch's default dtype.

Its outputs must be a deterministic function of input and parameters: no finite shots."""


def check_layer(factory: LayerFactory, claims: Iterable[str] | None = None) -> None:
    """Check that the layers made by `factory` keep the contract of an `nn.Module`.

    Args:
        factory: Makes a new layer; called several times.
        claims: Names of the checks to run, keys of `CHECKS`; default all of them. A derivative of
            `DERIVATIVES` that is not claimed must raise.

    Raises:
        AssertionError: If a claim does not hold, or an unclaimed derivative does not raise.
        InvalidArgumentError: If a claim is unknown.
    """
    chosen = set(CHECKS if claims is None else claims)
    unknown = sorted(chosen - set(CHECKS))
    if unknown:
        raise InvalidArgumentError(
            f"Argument `claims` names {unknown}, which is not among {sorted(CHECKS)}."
        )
    for name, check in CHECKS.items():
        if name in chosen:
            check(factory)
        elif name in DERIVATIVES:
            _check_refused(name, check, factory)


def _check_refused(name: str, check: Callable[[LayerFactory], None], factory: LayerFactory) -> None:
    try:
        check(factory)
    except AssertionError as error:
        raise AssertionError(f"{name!r} is not claimed and gives wrong results: {error}") from error
    except Exception:  # any refusal is fine, of whatever class
        return
    raise AssertionError(f"{name!r} is not claimed, but holds: claim it.")


def _double(factory: LayerFactory) -> tuple[nn.Module, Tensor]:
    """A layer and a batch of three samples, in float64."""
    layer = factory().double()
    generator = torch.Generator().manual_seed(7)
    features = int(layer.in_features)  # type: ignore[arg-type]
    return layer, torch.rand(3, features, generator=generator, dtype=torch.float64)


def _named(layer: nn.Module) -> dict[str, Tensor]:
    """The parameters by name, detached."""
    named = {name: p.detach().clone() for name, p in layer.named_parameters()}
    assert named, "The layer has no parameters."
    return named


def _numerically(check: Callable[..., bool], *arguments: Any, **options: Any) -> None:
    """Run a numerical check of torch; what it finds wrong is an `AssertionError`."""
    try:
        assert check(*arguments, **options)
    except GradcheckError as error:
        raise AssertionError(str(error)) from error


def check_shapes(factory: LayerFactory) -> None:
    """Any leading dimensions, also none; an empty batch; samples do not see each other."""
    layer, x = _double(factory)
    y = layer(x)
    assert y.dim() == 2, y.shape
    assert y.shape == (3, layer.out_features), y.shape
    assert_close(torch.stack([layer(row) for row in x]), y)
    assert_close(layer(x[:, None, None]), y[:, None, None])
    empty = x[:0].clone().requires_grad_()
    out = layer(empty)
    assert out.shape == (0, y.shape[1]), out.shape
    out.sum().backward()
    assert empty.grad is not None
    assert layer(x[:0, None].expand(0, 2, -1)).shape == (0, 2, y.shape[1])


def check_dtypes(factory: LayerFactory) -> None:
    """The dtype of `x` comes out; half types compute in float32."""
    layer, x = _double(factory)
    exact = layer(x)
    assert exact.dtype == torch.float64
    single = factory().float()
    single.load_state_dict(layer.state_dict())
    y = single(x.float())
    assert y.dtype == torch.float32, y.dtype
    assert_close(y, exact.float(), rtol=0, atol=1e-5)
    assert single(x).dtype == torch.float64
    assert layer(x.float()).dtype == torch.float32
    for dtype in (torch.float16, torch.bfloat16):
        half = copy.deepcopy(single).to(dtype)
        assert all(p.dtype == dtype for p in half.parameters())
        rounded = half(x.to(dtype))
        assert rounded.dtype == dtype, rounded.dtype
        assert_close(rounded, half.float()(x.to(dtype).float()).to(dtype), rtol=0, atol=1e-5)
    half = copy.deepcopy(single).half()
    half(x.half()).sum().backward()
    assert all(p.grad is not None and p.grad.dtype == torch.float16 for p in half.parameters())


def check_autocast(factory: LayerFactory) -> None:
    """Autocast changes nothing: no digit is lost, forward or backward."""
    layer, x = _double(factory)
    layer, x = layer.float(), x.float()
    plain = layer(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert_close(layer(x), plain, rtol=0, atol=1e-6)


def check_input_gradients(factory: LayerFactory) -> None:
    """Layers before this one are trained, without any option."""
    layer, x = _double(factory)
    features = x.shape[1]
    before = nn.Linear(features, features).double()
    after = nn.Linear(int(layer.out_features), 2).double()  # type: ignore[arg-type]
    nn.Sequential(before, layer, after)(x).pow(2).sum().backward()
    for module in (before, layer, after):
        for name, parameter in module.named_parameters():
            assert parameter.grad is not None, name
            assert bool(torch.isfinite(parameter.grad).all()), name
    assert before.weight.grad is not None
    assert bool(before.weight.grad.abs().max() > 0), "Inputs receive no gradient."


def check_gradients(factory: LayerFactory) -> None:
    """First derivatives are those of finite differences, by inputs and by weights."""
    layer, x = _double(factory)
    named = _named(layer)
    leaves = [x.clone().requires_grad_(), *(p.requires_grad_() for p in named.values())]

    def function(data: Tensor, *parameters: Tensor) -> Any:
        return functional_call(layer, dict(zip(named, parameters, strict=True)), (data,))

    _numerically(torch.autograd.gradcheck, function, leaves, eps=1e-6, atol=1e-6)


def check_state_dict(factory: LayerFactory) -> None:
    """The state is the parameters and nothing else; it loads in place and by assignment."""
    layer, x = _double(factory)
    state = layer.state_dict()
    assert list(state) == [name for name, _ in layer.named_parameters()], list(state)
    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.seek(0)
    loaded = torch.load(buffer, weights_only=True)
    for assign in (False, True):
        other = factory().double()
        other.load_state_dict(loaded, assign=assign)
        assert_close(other(x), layer(x), rtol=0, atol=0)
        other(x).sum().backward()
        assert all(p.grad is not None for p in other.parameters())


def check_functional_call(factory: LayerFactory) -> None:
    """Weights that are passed in are used and receive gradients; the layer's own do not."""
    layer, x = _double(factory)
    before = layer(x).detach()
    given = {name: (value + 0.3).requires_grad_() for name, value in _named(layer).items()}
    out = functional_call(layer, given, (x,))
    assert float((out.detach() - before).abs().max()) > 1e-6, "The weights passed in were not used."
    out.sum().backward()
    assert all(value.grad is not None for value in given.values())
    assert all(p.grad is None for p in layer.parameters())
    assert_close(layer(x), before, rtol=0, atol=0)


class _Doubled(nn.Module):
    def forward(self, weight: Tensor) -> Tensor:
        return 2 * weight


def check_parametrize(factory: LayerFactory) -> None:
    """A parametrisation of a weight takes effect, is trained, and comes off again."""
    layer, x = _double(factory)
    name = next(iter(_named(layer)))
    owner, _, attribute = name.rpartition(".")
    named = _named(layer)
    named[name] = 2 * named[name]
    expected = functional_call(layer, named, (x,))
    holder = layer.get_submodule(owner)
    if isinstance(holder, nn.ParameterDict):  # its entries are no attributes of a class
        return
    parametrize.register_parametrization(holder, attribute, _Doubled())
    assert_close(layer(x), expected)
    layer(x).sum().backward()
    assert all(p.grad is not None for p in layer.parameters())
    parametrize.remove_parametrizations(holder, attribute)
    assert_close(layer(x), expected)


def check_copies(factory: LayerFactory) -> None:
    """Deep copies and pickles give the same values and share nothing."""
    layer, x = _double(factory)
    y = layer(x).detach()
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert_close(other(x), y, rtol=0, atol=0)
        with torch.no_grad():
            for parameter in other.parameters():
                parameter.add_(0.5)
        assert_close(layer(x), y, rtol=0, atol=0)
        assert float((other(x).detach() - y).abs().max()) > 1e-6
        other(x).sum().backward()
        assert all(p.grad is None for p in layer.parameters())


def check_devices(factory: LayerFactory) -> None:
    """`.to(device)` moves all of it: the meta device, and CUDA where there is one."""
    meta = factory().to("meta")
    assert all(p.is_meta for p in meta.parameters())
    if not torch.cuda.is_available():
        return
    layer, x = _double(factory)
    y = layer(x).detach()
    moved = copy.deepcopy(layer).cuda()
    out = moved(x.cuda())
    assert out.is_cuda
    assert_close(out.cpu(), y, rtol=0, atol=1e-10)
    out.sum().backward()
    assert all(p.grad is not None and p.grad.is_cuda for p in moved.parameters())


def check_training(factory: LayerFactory) -> None:
    """A few steps of an optimizer change every parameter and stay finite."""
    layer, x = _double(factory)
    before = _named(layer)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.05)
    for _ in range(3):
        optimizer.zero_grad()
        layer(x).pow(2).sum().backward()
        optimizer.step()
    after = _named(layer)
    assert all(bool(torch.isfinite(value).all()) for value in after.values())
    assert all(not torch.equal(before[name], after[name]) for name in before)


def check_per_sample_gradients(factory: LayerFactory) -> None:
    """`vmap(grad(...))` gives one gradient per sample."""
    layer, x = _double(factory)
    named = _named(layer)

    def loss(parameters: dict[str, Tensor], sample: Tensor) -> Any:
        return functional_call(layer, parameters, (sample,)).pow(2).sum()

    found = vmap(grad(loss), (None, 0))(named, x)
    for k, sample in enumerate(x):
        layer.zero_grad()
        layer(sample).pow(2).sum().backward()
        for name, parameter in layer.named_parameters():
            assert parameter.grad is not None
            assert_close(found[name][k], parameter.grad, rtol=0, atol=1e-10)


def check_ensembles(factory: LayerFactory) -> None:
    """`vmap` over weights runs several models at once."""
    layer, x = _double(factory)
    stacked = {
        name: torch.stack([value, value + 0.4, value - 0.7])
        for name, value in _named(layer).items()
    }
    found = vmap(lambda w: functional_call(layer, w, (x,)))(stacked)
    for k in range(3):
        single = functional_call(layer, {name: v[k] for name, v in stacked.items()}, (x,))
        assert_close(found[k], single, rtol=0, atol=1e-10)


def check_forward_mode(factory: LayerFactory) -> None:
    """`jacfwd` agrees with `jacrev`."""
    layer, x = _double(factory)
    named = _named(layer)

    def function(parameters: dict[str, Tensor]) -> Any:
        return functional_call(layer, parameters, (x,))

    forward = jacfwd(function)(named)
    zero = all(not value.any() for value in forward.values())
    assert not zero, "Forward-mode derivatives are zero."
    backward = jacrev(function)(named)
    for name in named:
        assert_close(forward[name], backward[name], rtol=0, atol=1e-10)


def check_second_derivatives(factory: LayerFactory) -> None:
    """Gradients of gradients are those of finite differences."""
    layer, x = _double(factory)
    named = _named(layer)
    leaves = [x[:2].clone().requires_grad_(), *(p.requires_grad_() for p in named.values())]

    def function(data: Tensor, *parameters: Tensor) -> Any:
        return functional_call(layer, dict(zip(named, parameters, strict=True)), (data,))

    (slope,) = torch.autograd.grad(function(*leaves).sum(), leaves[1], create_graph=True)
    torch.autograd.grad(slope.sum(), leaves, allow_unused=True)
    _numerically(torch.autograd.gradgradcheck, function, leaves)


def check_compile(factory: LayerFactory) -> None:
    """`torch.compile(fullgraph=True)` gives the same values and gradients."""
    layer, x = _double(factory)
    expected = layer(x)
    expected.sum().backward()
    gradients = {name: p.grad for name, p in layer.named_parameters()}
    layer.zero_grad()
    torch.compiler.reset()
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    out = compiled(x)
    assert_close(out, expected, rtol=0, atol=1e-12)
    out.sum().backward()
    for name, parameter in layer.named_parameters():
        assert_close(parameter.grad, gradients[name], rtol=0, atol=1e-12)


CHECKS: dict[str, Callable[[LayerFactory], None]] = {
    "shapes": check_shapes,
    "dtypes": check_dtypes,
    "autocast": check_autocast,
    "input_gradients": check_input_gradients,
    "gradients": check_gradients,
    "state_dict": check_state_dict,
    "functional_call": check_functional_call,
    "parametrize": check_parametrize,
    "copies": check_copies,
    "devices": check_devices,
    "training": check_training,
    "per_sample_gradients": check_per_sample_gradients,
    "ensembles": check_ensembles,
    "forward_mode": check_forward_mode,
    "second_derivatives": check_second_derivatives,
    "compile": check_compile,
}
"""All checks by name."""

DERIVATIVES = ("per_sample_gradients", "ensembles", "forward_mode", "second_derivatives")
"""What must raise where it is not claimed."""

MODULE = tuple(name for name in CHECKS if name not in (*DERIVATIVES, "gradients", "compile"))
"""The plain contract of an `nn.Module`, which every layer must keep."""
