"""Exponentials and evolutions against scipy and finite differences, degenerate cases included."""

from __future__ import annotations

import pytest
import scipy.linalg
import torch
from torch.autograd import gradcheck, gradgradcheck

from qml.models import exponential as ex
from qml.models.exponential import evolve, exponential

CASES = {
    "generic": lambda r: r(3, 4, 4),
    "repeated eigenvalues": lambda r: torch.nn.functional.pad(r(3, 2, 2), (0, 2, 0, 2)),
    "zero": lambda r: 0 * r(3, 4, 4),
    "multiple of the identity": lambda r: r(3, 1, 1) * torch.eye(4, dtype=torch.float64),
    "nearly equal": lambda r: 1e-9 * r(3, 4, 4) + torch.eye(4, dtype=torch.float64),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))


def drawn(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def hermitian(real, imaginary):
    matrix = torch.complex(real, imaginary)
    return (matrix + matrix.mH) / 2


@every_case
def test_exponentials_are_those_of_scipy(case):
    h = hermitian(case(lambda *s: drawn(1, *s)), 0.3 * case(lambda *s: drawn(2, *s)))
    for matrix, found in zip(h, exponential(h), strict=True):
        expected = torch.from_numpy(scipy.linalg.expm(1j * matrix.numpy()))
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-13)


@every_case
def test_derivatives_of_exponentials(case):
    real = case(lambda *s: drawn(1, *s)).requires_grad_()
    imaginary = (0.3 * case(lambda *s: drawn(2, *s))).requires_grad_()

    def function(a, b):
        return exponential(hermitian(a, b))

    assert gradcheck(function, (real, imaginary))
    assert gradgradcheck(function, (real[:1].detach().requires_grad_(), imaginary[:1]))


def arguments(case, n_times):
    x = case(lambda *s: drawn(3, *s)).requires_grad_()
    times = drawn(4, n_times).requires_grad_()
    generators = drawn(5, 2, 4, 4).requires_grad_()
    return x, times, generators


def evolved(x, times, generators):
    return evolve((x + x.mT) / 2, times, exponential(hermitian(generators, 0.5 * generators.mT)))


@every_case
@pytest.mark.parametrize("n_times", [2, 1])
def test_evolutions_are_products_of_exponentials(case, n_times):
    x, times, generators = (a.detach() for a in arguments(case, n_times))
    unitaries = exponential(hermitian(generators, 0.5 * generators.mT))
    for matrix, found in zip(x, evolved(x, times, generators), strict=True):
        m = ((matrix + matrix.T) / 2).numpy()
        state = torch.full((4,), 0.5, dtype=torch.complex128).numpy()
        for k, unitary in enumerate(unitaries.numpy()):
            state = unitary @ scipy.linalg.expm(-1j * float(times[k % n_times]) * m) @ state
        torch.testing.assert_close(found, torch.from_numpy(state), rtol=0, atol=1e-13)


@every_case
@pytest.mark.parametrize("n_times", [2, 1])
def test_derivatives_of_evolutions(case, n_times):
    given = arguments(case, n_times)
    assert gradcheck(evolved, given)


def test_second_derivatives_and_parts_of_the_gradient():
    given = arguments(CASES["repeated eigenvalues"], 1)
    assert gradgradcheck(evolved, (given[0][:1].detach().requires_grad_(), *given[1:]))
    everything = torch.autograd.grad(evolved(*given).real.sum(), given)
    for k, expected in enumerate(everything):
        alone = [a.detach().requires_grad_(j == k) for j, a in enumerate(given)]
        (found,) = torch.autograd.grad(evolved(*alone).real.sum(), alone[k])
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-13)


def test_no_samples():
    given = arguments(CASES["generic"], 2)
    empty = given[0][:0].detach().requires_grad_()
    out = evolved(empty, *given[1:])
    assert out.shape == (0, 4)
    out.real.sum().backward()
    assert empty.grad.shape == (0, 4, 4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_norms_and_dtypes(dtype):
    h = hermitian(drawn(6, 5, 8, 8), drawn(7, 5, 8, 8)).to(dtype.to_complex())
    u = exponential(h)
    assert u.dtype == dtype.to_complex()
    identity = torch.eye(8, dtype=u.dtype).expand_as(u)
    torch.testing.assert_close(u @ u.mH, identity, rtol=0, atol=50 * torch.finfo(dtype).eps)


def test_many_matrices_are_evolved_in_portions(monkeypatch):
    x, times, generators = arguments(lambda r: r(5, 4, 4), 2)
    calls = []
    apply = ex._Evolution.apply
    monkeypatch.setattr(ex._Evolution, "apply", lambda m, *a: calls.append(len(m)) or apply(m, *a))
    whole = evolved(x, times, generators)
    expected = torch.autograd.grad(whole.imag.sum(), (x, times, generators))
    monkeypatch.setattr(ex, "_CACHE", 2 * 4 * 4 * 8)
    in_pairs = evolved(x, times, generators)
    assert calls == [5, 2, 2, 1]
    torch.testing.assert_close(in_pairs, whole)
    found = torch.autograd.grad(in_pairs.imag.sum(), (x, times, generators))
    torch.testing.assert_close(found, expected)
    no_matrices = torch.empty(0, 4, 4)
    assert evolve(no_matrices, torch.ones(1), torch.eye(4).unsqueeze(0) + 0j).shape == (0, 4)
