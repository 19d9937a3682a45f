"""The doubly stochastic circuit: definition, gradients, contract, backends, bad input."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from circuits import DensityMatrix, StateVector
from circuits.errors import KetworkError, NonFiniteError, ResourceLimitError, ShapeError
from qml import conformance
from qml.models.qdsformer import ANSAETZE, DoublyStochasticCircuit, program
from qml.models.qdsformer.layout import layout_of
from qml.models.qdsformer.program import matrices
from qml.models.qdsformer.sweep import reference
from tests.qml.models.qdsformer import cases

SIZES = [(1, 1), (1, 2), (2, 0), (2, 1), (2, 2), (2, 3), (3, 2)]


def scores(*shape, seed=1, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def make(n_tokens=4, **options):
    options = {"layers": 2, "generator": 3, "dtype": torch.float64, **options}
    return DoublyStochasticCircuit(n_tokens, **options)


@pytest.mark.parametrize(("n_data", "n_auxiliary"), [*SIZES, (3, 4)])
@pytest.mark.parametrize("ansatz", ["simple", "parted", "centrosymmetric"])
def test_values_are_those_of_the_definition(n_data, n_auxiliary, ansatz):
    circuit = make(2**n_data, n_auxiliary=n_auxiliary, ansatz=ansatz)
    x = scores(2**n_data, 2**n_data)
    n, data = n_data + n_auxiliary, circuit.measured_qubits()[:n_data]
    axes = {"simple": "Y" * n, "parted": cases.alternating(data, n), "centrosymmetric": "X" * n}
    unitary = cases.checkerboard(cases.injected(circuit, x), axes[ansatz], 2)
    expected = torch.from_numpy(cases.stochastic(unitary, data))
    torch.testing.assert_close(circuit(x), expected, rtol=0, atol=1e-12)


def trotter_exact(angles, axes):
    n = len(axes)
    turns = sum(angles[q] * cases.on(axes[q], (q,), n) for q in range(n))
    for q in range(n - 1):
        turns = turns + angles[n + q] * cases.on("XX", (q, q + 1), n)
        turns = turns + angles[2 * n - 1 + q] * cases.on("ZZ", (q, q + 1), n)
    return cases.expm(-0.5j * turns)


@pytest.mark.parametrize(("n_data", "n_auxiliary"), [(1, 1), (1, 2), (2, 2), (2, 3)])
def test_a_trotter_step_is_of_second_order(n_data, n_auxiliary):
    circuit = make(2**n_data, n_auxiliary=n_auxiliary, ansatz="trotter", layers=1)
    n, size = n_data + n_auxiliary, 2**n_data
    data = circuit.measured_qubits()[:n_data]
    axes = cases.alternating(data, n)
    errors = []
    for step in (0.2, 0.1):
        x = step * torch.ones(size, size, dtype=torch.float64)
        expected = cases.stochastic(trotter_exact(cases.injected(circuit, x), axes), data)
        errors.append(float((circuit(x).detach() - torch.from_numpy(expected)).abs().max()))
    assert errors[0] > 1e-6
    assert errors[1] < errors[0] / 6.5


@pytest.mark.parametrize("ansatz", ANSAETZE)
@pytest.mark.parametrize("n_tokens", [2, 3, 4, 7, 8])
def test_zero_scores_give_the_identity(ansatz, n_tokens, dtype):
    circuit = make(n_tokens, ansatz=ansatz, dtype=dtype)
    found = circuit(torch.zeros(2, n_tokens, n_tokens, dtype=dtype))
    eye = torch.eye(n_tokens, dtype=dtype).expand(2, -1, -1)
    torch.testing.assert_close(found, eye, rtol=0, atol=1e-12 if dtype == torch.float64 else 1e-6)


@pytest.mark.parametrize("ansatz", ANSAETZE)
@given(
    size=st.sampled_from(SIZES),
    layers=st.integers(1, 4),
    factor=st.floats(0, 50),
    seed=st.integers(0, 2**30),
)
def test_rows_and_columns_sum_to_one(ansatz, size, layers, factor, seed):
    tokens = 2 ** size[0]
    circuit = make(tokens, n_auxiliary=size[1], layers=layers, ansatz=ansatz, generator=seed)
    found = circuit(factor * scores(2, tokens, tokens, seed=seed)).detach()
    ones = torch.ones(2, tokens, dtype=found.dtype)
    torch.testing.assert_close(found.sum(-1), ones, rtol=0, atol=1e-12)
    torch.testing.assert_close(found.sum(-2), ones, rtol=0, atol=1e-12)
    assert bool((found > -1e-15).all())
    single = copy.deepcopy(circuit).float()((factor * scores(2, tokens, tokens, seed=seed)).float())
    torch.testing.assert_close(single.sum(-1), ones.float(), rtol=0, atol=1e-5)
    torch.testing.assert_close(single.sum(-2), ones.float(), rtol=0, atol=1e-5)


def test_centrosymmetric_matrices_are_symmetric_about_their_centre():
    x = scores(3, 4, 4)
    found = make(ansatz="centrosymmetric")(x)
    torch.testing.assert_close(found.flip(-1, -2), found, rtol=0, atol=1e-12)
    other = make(ansatz="parted")(x).detach()
    assert float((other.flip(-1, -2) - other).abs().max()) > 0.01


@pytest.mark.parametrize(
    ("ansatz", "dimensions"),
    [("simple", 11), ("parted", 49), ("centrosymmetric", 25), ("trotter", 49)],
)
def test_dimensions_of_the_matrices(ansatz, dimensions):
    circuit = make(8, layers=6, n_auxiliary=4, ansatz=ansatz)
    with torch.no_grad():
        found = circuit(3 * scores(60, 8, 8)).flatten(1)
    values = torch.linalg.svdvals(found - found.mean(0))
    assert int((values > 1e-9 * values[0]).sum()) == dimensions


def test_other_numbers_of_tokens_are_cut_from_the_next_power_of_two():
    small, large = make(3), make(4)
    x = scores(2, 3, 3)
    filled = torch.nn.functional.pad(x, (0, 1, 0, 1))
    torch.testing.assert_close(small(x), large(filled)[:, :3, :3])
    assert bool((small(x).sum(-1) < 1).all())


def test_real_and_complex_computation_agree():
    with_partner = make(2, n_auxiliary=2)
    assert with_partner.program.layout.is_real
    assert not layout_of(3, 3).is_real
    assert {layout_of(k, k + 1).is_real for k in range(1, 6)} == {True}
    assert with_partner.program.patches[0].size == 8


@pytest.mark.parametrize("ansatz", ANSAETZE)
def test_the_node_agrees_with_the_operations_of_torch(ansatz):
    circuit = make(4, ansatz=ansatz, n_auxiliary=3)
    x = scores(300, 4, 4)[:, None].requires_grad_()
    weight = scores(300, 1, 4, 4, seed=5)
    (circuit(x) * weight).sum().backward()
    found = x.grad.clone(), circuit.theta.grad.clone()
    x.grad = circuit.theta.grad = None
    angles = circuit.theta * circuit._repeated(x.flatten(1))
    values = reference(circuit.program, *matrices(circuit.program, angles))
    torch.testing.assert_close(circuit(x)[:, 0], values, rtol=0, atol=1e-13)
    (values * weight[:, 0]).sum().backward()
    for mine, theirs in zip(found, (x.grad, circuit.theta.grad), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-12)


def test_a_layer_keeps_less_than_a_quarter_of_the_matrix():
    kept = []
    for layers in (2, 12):
        circuit = make(8, layers=layers, n_auxiliary=4)
        total = 0

        def count(tensor):
            nonlocal total
            total += tensor.numel()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(count, lambda t: t):
            circuit(scores(3, 8, 8))
        kept.append(total - 3 * 128 * 128)
    per_layer = (kept[1] - kept[0]) / 10
    assert per_layer < 3 * 128 * 128 / 4


@pytest.mark.parametrize(
    ("n_tokens", "n_auxiliary", "ansatz"),
    [(2, 2, "parted"), (2, 1, "trotter"), (3, 1, "centrosymmetric")],
)
def test_the_contract_of_a_layer(n_tokens, n_auxiliary, ansatz):
    def layer():
        return cases.Flat(
            DoublyStochasticCircuit(
                n_tokens, layers=1, n_auxiliary=n_auxiliary, ansatz=ansatz, generator=2
            )
        )

    for claim in conformance.CHECKS:
        conformance.CHECKS[claim](layer)


@pytest.mark.parametrize("backend", [StateVector(), StateVector(engine="torch"), DensityMatrix()])
@pytest.mark.parametrize("ansatz", ANSAETZE)
def test_the_circuit_on_bell_pairs_has_the_same_values(ansatz, backend, dtype):
    circuit = make(2, layers=3, n_auxiliary=2, ansatz=ansatz, dtype=dtype)
    x = scores(2, 3, 2, 2, dtype=dtype).requires_grad_()
    tolerance = {"rtol": 0, "atol": 1e-12 if dtype == torch.float64 else 3e-6}
    other = circuit.with_backend(backend)
    assert other.theta is circuit.theta
    torch.testing.assert_close(other(x), circuit(x), **tolerance)
    gradients = []
    for module in (circuit, other):
        x.grad = circuit.theta.grad = None
        (module(x) * scores(2, 3, 2, 2, seed=4, dtype=dtype)).sum().backward()
        gradients.append((x.grad, circuit.theta.grad))
    for mine, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=20 * tolerance["atol"])


@pytest.mark.parametrize("ansatz", ANSAETZE)
@pytest.mark.parametrize("n_tokens", [3, 4])
def test_a_bound_circuit_is_the_same(ansatz, n_tokens):
    circuit = make(n_tokens, layers=3, ansatz=ansatz)
    x = scores(n_tokens, n_tokens)
    bound = circuit.to_circuit(x)
    assert not bound.parameters
    state = bound.statevector().reshape([2] * bound.n_qubits)
    state = state.permute(*reversed(range(bound.n_qubits)))
    qubits = circuit.measured_qubits()
    others = [q for q in range(bound.n_qubits) if q not in qubits]
    probabilities = (state.abs() ** 2).sum(others)
    data = sorted(qubits)
    assert data == list(qubits)
    found = 4 * probabilities.permute(1, 0, 3, 2).reshape(4, 4)
    torch.testing.assert_close(found[:n_tokens, :n_tokens], circuit(x).detach(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("ansatz", ["parted", "trotter"])
def test_eight_tokens_on_bell_pairs(ansatz):
    circuit = make(8, n_auxiliary=4, ansatz=ansatz)
    x = scores(1, 8, 8)
    with torch.no_grad():
        found = circuit.with_backend(StateVector())(x)
        torch.testing.assert_close(found, circuit(x), rtol=0, atol=1e-12)


def test_parted_circuits_have_about_half_the_depth():
    depth = {name: make(4, layers=8, ansatz=name).to_circuit().depth() for name in ANSAETZE}
    assert depth["parted"] < 0.6 * depth["simple"]


def test_samples_approach_the_matrix():
    circuit = make(2, n_auxiliary=1)
    x, shots = scores(2, 2, 2), 100_000
    sampled = circuit.with_backend(StateVector(), shots=shots, generator=0)
    found, exact = sampled(x).detach(), circuit(x).detach()
    deviation = 2 * (0.5 * 0.5 / shots) ** 0.5
    assert 0 < float((found - exact).abs().max()) < 5.5 * deviation
    assert torch.equal(found, circuit.with_backend(StateVector(), shots=shots, generator=0)(x))


def test_copies_on_a_backend():
    other = make(2, n_auxiliary=1).with_backend(StateVector())
    assert "backend=StateVector(" in repr(other)
    x = scores(2, 2)
    for twin in (copy.deepcopy(other), pickle.loads(pickle.dumps(other))):
        assert torch.equal(twin(x), other(x))
        assert twin.theta is not other.theta


@pytest.mark.parametrize("ansatz", ANSAETZE)
@pytest.mark.parametrize("mode", ["inference", "hessian"])
def test_what_a_first_call_keeps_serves_later_ones(mode, ansatz):
    """Tensors that were made within a mode could not be used outside of it."""
    for kept in (program._products, program._tokens):
        kept.cache_clear()
    layer, x = make(2, layers=1, n_auxiliary=2, ansatz=ansatz), scores(3, 2, 2)

    def loss(theta):
        return torch.func.functional_call(layer, {"theta": theta}, (x,)).square().sum()

    if mode == "inference":
        with torch.inference_mode():
            layer(x)
    else:
        torch.func.hessian(loss)(layer.theta.detach())
    loss(layer.theta).backward()
    (slope,) = torch.autograd.grad(loss(layer.theta), layer.theta, create_graph=True)
    twice = torch.autograd.grad(slope.sum(), layer.theta)[0]
    by_rows = torch.func.jacrev(torch.func.jacrev(loss))(layer.theta.detach())
    torch.testing.assert_close(twice, by_rows.sum(0), rtol=1e-9, atol=1e-11)


def test_seeds_and_frozen_angles():
    assert torch.equal(make().theta, make().theta)
    assert not torch.equal(make().theta, make(generator=4).theta)
    for layers, bound in ((1, np.pi), (2, 4 / 2**0.5), (16, 1.0)):
        assert 0.9 * bound < float(make(8, layers=layers).theta.detach().abs().max()) <= bound
    frozen = make(trainable=False)
    assert not frozen.theta.requires_grad
    assert list(frozen.state_dict()) == ["theta"]
    x = scores(4, 4).requires_grad_()
    frozen(x).square().sum().backward()
    assert float(x.grad.abs().max()) > 1e-3


def test_parameter_counts():
    counts = {name: make(8, layers=16, ansatz=name).theta.numel() for name in ANSAETZE}
    assert counts == {"simple": 384, "parted": 384, "centrosymmetric": 384, "trotter": 304}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_tokens": 1}, "`n_tokens` must be at least 2"),
        ({"n_tokens": 4.0}, "`n_tokens` must be an integer"),
        ({"layers": 0}, "`layers` must be at least 1"),
        ({"n_auxiliary": -1}, "`n_auxiliary` must be at least 0"),
        ({"n_tokens": 2, "n_auxiliary": 0}, "`n_auxiliary` must be at least 1 for 2 tokens"),
        ({"ansatz": "brick"}, "`ansatz` must be one of 'simple', 'parted'"),
        ({"trainable": 1}, "`trainable` must be True or False"),
        ({"n_auxiliary": 11}, "13 qubits and 2 layers is too large"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(KetworkError, match=message):
        make(**options)


def test_bad_scores_are_named():
    circuit = make()
    with pytest.raises(ShapeError, match=r"\(\.\.\., 4, 4\), got \(4, 3\)"):
        circuit(torch.rand(4, 3))
    with pytest.raises(KetworkError, match=r"got torch\.int64"):
        circuit(torch.ones(4, 4, dtype=torch.int64))
    with pytest.raises(KetworkError, match="got list"):
        circuit([[1.0]])
    with pytest.raises(NonFiniteError, match="`scores` must be finite"):
        circuit(torch.full((4, 4), torch.nan))
    with torch.no_grad():
        circuit.theta[0] = torch.inf
    with pytest.raises(NonFiniteError, match="`theta` must be finite"):
        circuit(torch.rand(4, 4))
    with pytest.raises(ShapeError, match="one matrix"):
        circuit.to_circuit(torch.rand(2, 4, 4))
    with pytest.raises(ResourceLimitError):
        make(layers=10**9)
