"""Doubly stochastic matrices on the compiled kernels, against operations of torch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from circuits import _native
from qml import conformance
from qml.models.qdsformer import DoublyStochasticCircuit, engine, native
from qml.models.qdsformer.program import matrices, program_of
from qml.models.qdsformer.sweep import reference
from tests.qml.models.qdsformer import cases

kernels = _native.kernels()
if kernels is None:
    pytest.skip("the native engine was not built", allow_module_level=True)

WIDEST = 2
SIZES = [(1, 2), (2, 2), (2, 3), (1, 4), (3, 4)]
ANSAETZE = ["simple", "parted", "trotter"]


@pytest.fixture(params=[0, 1, WIDEST], ids=["baseline", "avx2", "avx512"])
def limit(request: pytest.FixtureRequest) -> Iterator[int]:
    """Run with at most this instruction set; a machine that lacks it takes the one below."""
    kernels.limit_instruction_set(request.param)
    yield request.param
    kernels.limit_instruction_set(WIDEST)


def both(program, angles, gradient):
    """Values and gradients by the kernels, and by torch in double precision."""
    assert native.supports(program, angles)
    found, kept = native.values(program, angles)
    by_angles = native.gradients(program, angles, kept, gradient)
    exact = angles.double().requires_grad_()
    expected = reference(program, *matrices(program, exact))
    (by_torch,) = torch.autograd.grad(expected, exact, gradient.double())
    return (found.double(), by_angles.double()), (expected.detach(), by_torch)


def random(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@pytest.mark.parametrize("ansatz", ANSAETZE)
@pytest.mark.parametrize("size", SIZES)
def test_values_and_gradients(size, ansatz, limit, dtype):
    program = program_of(ansatz, *size, 3)
    angles = 2 * random(11, program.n_angles, dtype=dtype)
    gradient = random(11, program.tokens, program.tokens, seed=1, dtype=dtype)
    found, expected = both(program, angles, gradient)
    tolerance = 1e-12 if dtype == torch.float64 else 3e-5
    torch.testing.assert_close(found, expected, rtol=0, atol=tolerance)


@given(
    size=st.sampled_from(SIZES[:4]),
    ansatz=st.sampled_from(ANSAETZE),
    layers=st.integers(1, 12),
    batch=st.integers(1, 20),
    quarters=st.integers(0, 12),
    single=st.booleans(),
    seed=st.integers(0, 2**30),
)
def test_angles_at_and_near_the_poles_of_the_tangent(
    size, ansatz, layers, batch, quarters, single, seed
):
    dtype = torch.float32 if single else torch.float64
    program = program_of(ansatz, *size, layers)
    rng = np.random.default_rng(seed)
    angles = np.pi * rng.integers(-quarters, quarters + 1, (batch, program.n_angles)) / 2
    angles = torch.from_numpy(angles + rng.choice([0, 1e-9, 1e-3], angles.shape)).to(dtype)
    gradient = torch.from_numpy(rng.normal(size=(batch, program.tokens, program.tokens))).to(dtype)
    found, expected = both(program, angles, gradient)
    tolerance = 2e-4 if single else 2e-12
    torch.testing.assert_close(found, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("value", [np.pi, 2e4, 1e9])
def test_deep_circuits_neither_overflow_nor_vanish(value, dtype, limit):
    program = program_of("parted", 2, 3, 40)
    angles = torch.full((3, program.n_angles), value, dtype=dtype)
    found, expected = both(program, angles, random(3, 4, 4, dtype=dtype))
    tolerance = 1e-11 if dtype == torch.float64 else 2e-4
    torch.testing.assert_close(found, expected, rtol=0, atol=tolerance)


def test_a_sample_does_not_depend_on_the_others(limit, dtype):
    program = program_of("parted", 2, 3, 4)
    angles = random(19, program.n_angles, dtype=dtype)
    gradient = random(19, 4, 4, seed=1, dtype=dtype)
    values, kept = native.values(program, angles)
    by_angles = native.gradients(program, angles, kept, gradient)
    wild = angles.clone()
    wild[[0, 7, 18]] = torch.nan
    others, kept = native.values(program, wild)
    assert others[[0, 7, 18]].isnan().all()
    fine = [k for k in range(19) if k not in (0, 7, 18)]
    tolerance = {"rtol": 0, "atol": 1e-13 if dtype == torch.float64 else 3e-5}
    torch.testing.assert_close(others[fine], values[fine], **tolerance)
    found = native.gradients(program, wild, kept, gradient)[fine]
    torch.testing.assert_close(found, by_angles[fine], **tolerance)
    assert native.values(program, angles[:0])[0].shape == (0, 4, 4)


def test_threads_change_nothing(dtype):
    program = program_of("parted", 2, 3, 2)
    angles, gradient = random(50, program.n_angles, dtype=dtype), random(50, 4, 4, dtype=dtype)
    results = []
    for threads in (1, 2, 5):
        torch.set_num_threads(threads)
        try:
            values, kept = native.values(program, angles)
            results.append((values, native.gradients(program, angles, kept, gradient)))
        finally:
            torch.set_num_threads(1)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(other, results[0], strict=True))


@pytest.mark.parametrize("ansatz", ANSAETZE)
def test_first_and_second_derivatives(ansatz):
    program = program_of(ansatz, 1, 2, 2)
    angles = random(2, program.n_angles).requires_grad_()
    weight = random(2, 2, 2, seed=1)

    def value(a):
        return (engine.evaluate(program, a) * weight).sum((1, 2))

    assert torch.autograd.gradcheck(value, (angles,))
    assert torch.autograd.gradgradcheck(value, (angles,))


def test_mapped_gradients():
    program = program_of("parted", 2, 3, 2)
    angles, weight = random(3, 4, program.n_angles), random(3, 4, 4, 4, seed=1)

    def slope(a, w, evaluate):
        return torch.func.grad(lambda v: (evaluate(program, v) * w).sum())(a)

    def by_torch(program, a):
        return reference(program, *matrices(program, a))

    for dims in ((0, 0), (None, 0), (0, None), (1, 1)):
        given = [t if d is not None else t[0] for t, d in zip((angles, weight), dims, strict=True)]
        found, expected = (
            torch.vmap(lambda a, w, f=f: slope(a, w, f), dims)(*given)
            for f in (engine.evaluate, by_torch)
        )
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("ansatz", "size"), [("centrosymmetric", (2, 3)), ("parted", (3, 3)), ("parted", (1, 1))]
)
def test_complex_circuits_are_left_to_torch(ansatz, size):
    program = program_of(ansatz, *size, 1)
    assert not native.supports(program, random(2, program.n_angles))
    assert not native.supports(program_of("parted", 1, 2, 1), torch.empty(1, 8).half())


def test_the_contract_of_a_layer_without_kernels(monkeypatch):
    monkeypatch.setattr(native, "supports", lambda *_: False)

    def layer():
        return cases.Flat(DoublyStochasticCircuit(2, layers=1, n_auxiliary=2, generator=2))

    for claim in conformance.CHECKS:
        conformance.CHECKS[claim](layer)


@pytest.mark.parametrize(
    ("data", "partners", "rows"),
    [
        ([], [2, -1, 0], []),
        ([1], [1, 0, -1], []),
        ([0], [2, -1, 0], []),
        ([1], [2, -1, 7], []),
        ([1], [2, -1, 0], [(2, 0, 0, 0, 0)]),
        ([1], [2, -1, 0], [(0, 0, 0, 0, 4)]),
        ([1], [-1] * 12, []),
    ],
)
def test_tables_that_would_leave_the_matrix_are_refused(data, partners, rows):
    numbers = [np.array(t, dtype=np.int32) for t in (data, partners)]
    table = np.array(rows, dtype=np.int32).reshape(-1, 5)
    with pytest.raises(ValueError, match="not a line of qubits"):
        kernels.make_stochastic(*numbers, False, 4, table, np.ones((len(rows), 4)))
