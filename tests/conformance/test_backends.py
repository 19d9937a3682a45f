"""The laws of `Backend`, for every backend in the list."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Sequence

import pytest
import torch

from circuits import Circuit, PauliSum, Request, Result, StateVector, inputs, weights
from circuits import gates as g
from circuits.errors import KetworkError, UnsupportedOperationError
from tests.conformance.claims import BACKENDS, BackendClaim
from tests.support.properties import assert_plausible
from tests.support.strategies import random_channel, random_unitary

OBSERVED = (PauliSum("Z0"), PauliSum({"X0 Y1": 0.5, "Z1": -0.25, "": 0.1}), PauliSum("Y2"))

each_backend = pytest.mark.parametrize("claim", BACKENDS, ids=lambda claim: claim.name)
each_exact = pytest.mark.parametrize(
    "claim", [claim for claim in BACKENDS if claim.exact], ids=lambda claim: claim.name
)


def shots_of(claim: BackendClaim, shots: int = 10) -> int | None:
    """No shots where exact values are possible."""
    return None if claim.exact else shots


def example_circuit() -> Circuit:
    x, w = inputs(2), weights(2)
    return Circuit(
        3,
        [
            g.ry(x[0], 0), g.rx(w[0], 1), g.cx(0, 2), g.u(0.1, w[1] * x[1], 0.3, 2),
            g.unitary(random_unitary(1, 4), 2, 0), g.rzz(x[1], 1, 2), g.h(1), g.cswap(2, 0, 1),
        ],
    )  # fmt: skip


def values(points: int = 4, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.rand(points, 4, generator=torch.Generator().manual_seed(5)).to(dtype)


def reference(
    circuit: Circuit, table: torch.Tensor, observables: Sequence[PauliSum] = OBSERVED
) -> torch.Tensor:
    """Expectation values from state vectors, by dense matrices."""
    states = circuit.statevector(table[:, :2], table[:, 2:])
    columns = []
    for observable in observables:
        matrix = torch.as_tensor(observable.to_matrix(n_qubits=3))
        columns.append(torch.einsum("bi,ij,bj->b", states.conj(), matrix, states).real)
    return torch.stack(columns, dim=1)


def only(results: list[Result]) -> Result:
    (result,) = results
    return result


@each_exact
def test_exact_values(claim):
    circuit = example_circuit()
    result = only(claim.backend.run([Request(circuit, values(), OBSERVED)]))
    assert result.variances is None
    assert bool((result.standard_errors == 0).all())
    torch.testing.assert_close(result.values, reference(circuit, values()), rtol=0, atol=claim.atol)


@each_exact
def test_order_of_requests_points_and_observables(claim):
    circuit, other = example_circuit(), Circuit(1, [g.x(0)])
    table = values()
    first = Request(circuit, table, OBSERVED)
    second = Request(other, torch.zeros(2, 0, dtype=torch.float64), [PauliSum("Z0")])
    third = Request(circuit, table.flip(0), OBSERVED[::-1])
    together = [r.values for r in claim.backend.run([first, second, third])]
    alone = [only(claim.backend.run([r])).values for r in (first, second, third)]
    for a, b in zip(together, alone, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=claim.atol)
    torch.testing.assert_close(together[2], together[0].flip(0, 1), rtol=0, atol=claim.atol)
    assert together[1].tolist() == [[-1.0], [-1.0]]
    assert claim.backend.run([]) == []


@each_exact
def test_a_batch_is_a_loop(claim):
    circuit, table = example_circuit(), values(5)
    together = only(claim.backend.run([Request(circuit, table, OBSERVED)])).values
    single = [only(claim.backend.run([Request(circuit, row[None], OBSERVED)])).values
              for row in table]  # fmt: skip
    torch.testing.assert_close(together, torch.cat(single), rtol=0, atol=claim.atol)
    empty = only(claim.backend.run([Request(circuit, table[:0], OBSERVED)])).values
    assert empty.shape == (0, 3)


@each_exact
def test_dtype_and_device_follow_the_values(claim):
    circuit = example_circuit()
    for dtype in (torch.float32, torch.float64):
        result = only(claim.backend.run([Request(circuit, values(dtype=dtype), OBSERVED)]))
        assert result.values.dtype == dtype
        assert result.values.device.type == "cpu"
        torch.testing.assert_close(
            result.values.double(), reference(circuit, values()), rtol=0, atol=2e-6
        )


@each_exact
def test_probabilities(claim):
    circuit = example_circuit()
    result = only(claim.backend.run([Request(circuit, values(), qubits=(2, 0))]))
    states = circuit.statevector(values()[:, :2], values()[:, 2:])
    full = (states.abs() ** 2).reshape(-1, 2, 2, 2)  # axes: point, qubit 2, qubit 1, qubit 0
    expected = full.sum(2).transpose(1, 2).reshape(-1, 4)
    torch.testing.assert_close(result.values, expected, rtol=0, atol=claim.atol)


@each_exact
def test_bases(claim):
    """Marginals of P(outcomes of X on qubit 2, Y on qubit 0) are expectation values."""
    circuit = example_circuit()
    request = Request(circuit, values(), qubits=(2, 0), bases="XY")
    if not claim.bases:
        with pytest.raises(KetworkError, match="bases"):
            claim.backend.run([request])
        return
    result = only(claim.backend.run([request])).values
    signs = torch.tensor([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1.0]])
    letters = [PauliSum(label) for label in ("", "X2", "Y0", "X2 Y0")]
    expected = reference(circuit, values(), letters)
    torch.testing.assert_close(result @ signs.double().T, expected, rtol=0, atol=4 * claim.atol)


@each_exact
def test_gradients_pass_if_differentiable(claim):
    table = values().requires_grad_()
    result = only(claim.backend.run([Request(example_circuit(), table, OBSERVED)]))
    assert result.values.requires_grad == claim.backend.differentiable
    if claim.backend.differentiable:
        (found,) = torch.autograd.grad(result.values.sum(), table)
        (expected,) = torch.autograd.grad(reference(example_circuit(), table).sum(), table)
        torch.testing.assert_close(found, expected, rtol=0, atol=100 * claim.atol)


@each_backend
def test_shots(claim):
    circuit, shots = example_circuit(), 4000
    seed = 7 if claim.seeded else None
    requests = [Request(circuit, values(), OBSERVED, shots=shots, generator=seed) for _ in range(2)]
    if not claim.samples:
        with pytest.raises(UnsupportedOperationError, match="shots"):
            claim.backend.run(requests)
        return
    first, again = claim.backend.run(requests)
    assert torch.equal(first.values, again.values) == claim.seeded
    if not claim.seeded:
        seeded = Request(circuit, values(), OBSERVED, shots=shots, generator=7)
        with pytest.raises(UnsupportedOperationError, match="generator"):
            claim.backend.run([seeded])
    assert first.values.dtype == torch.float64
    assert not torch.equal(first.values, reference(circuit, values()))
    assert_plausible(first.values, reference(circuit, values()), first.standard_errors)
    assert first.metadata["shots"] == shots


@each_backend
def test_samples(claim):
    circuit, shots = example_circuit(), 4000
    seed = 3 if claim.seeded else None
    request = Request(circuit, values(2), qubits=(2, 0), shots=shots, generator=seed)
    if not claim.samples:
        with pytest.raises(UnsupportedOperationError, match="shots"):
            claim.backend.run([request])
        return
    samples = only(claim.backend.run([request])).samples
    assert samples.shape == (2, shots, 2)
    assert samples.dtype == torch.uint8
    exact = only(StateVector().run([Request(circuit, values(2), qubits=(2, 0))])).values
    index = samples[..., 0].long() + 2 * samples[..., 1].long()
    found = torch.stack([(index == k).double().mean(1) for k in range(4)], dim=1)
    assert_plausible(found, exact, (exact * (1 - exact) / shots).sqrt())


@each_backend
def test_global_randomness_is_left_alone(claim):
    shots = 10 if claim.samples else None
    generator = torch.Generator() if claim.seeded else None
    request = Request(example_circuit(), values(), OBSERVED, shots=shots, generator=generator)
    before = torch.get_rng_state()
    claim.backend.run([request])
    assert torch.equal(torch.get_rng_state(), before)


@each_backend
def test_tags_come_back_and_requests_stay_as_they_were(claim):
    table = values()
    shots = shots_of(claim)
    request = Request(example_circuit(), table.clone(), OBSERVED, shots=shots, tags={"fold": 3})
    result = only(claim.backend.run([request]))
    assert result.metadata["fold"] == 3
    assert torch.equal(request.values, table)
    assert claim.backend.lower(request).circuit.n_qubits >= 3


@each_backend
def test_channels_run_or_are_named(claim):
    circuit = Circuit(1, [g.h(0), g.kraus(random_channel(0, 2), 0)])
    empty = torch.zeros(1, 0, dtype=torch.float64)
    request = Request(circuit, empty, [PauliSum("Z0")], shots=shots_of(claim))
    if claim.channels:
        assert only(claim.backend.run([request])).values.shape == (1, 1)
    else:
        with pytest.raises(UnsupportedOperationError, match="kraus"):
            claim.backend.run([request])


@each_backend
def test_preparations_on_used_qubits_are_refused(claim):
    circuit = Circuit(2, [g.h(0), g.state_preparation([1, 1], 0)])
    empty = torch.zeros(1, 0, dtype=torch.float64)
    request = Request(circuit, empty, [PauliSum("Z0")], shots=shots_of(claim))
    with pytest.raises(UnsupportedOperationError, match="state_preparation"):
        claim.backend.run([request])


@each_backend
def test_results_of_angles_that_are_not_finite_are_refused(claim):
    table = values()
    table[2, 3] = float("nan")
    shots = 10 if claim.samples else None
    with pytest.raises(KetworkError, match="finite"):
        claim.backend.run([Request(example_circuit(), table, OBSERVED, shots=shots)])
    with pytest.raises(KetworkError, match="finite"):
        claim.backend.run([Request(example_circuit(), table, qubits=(0,), shots=shots)])


@each_exact
def test_copies(claim):
    request = Request(example_circuit(), values(), OBSERVED)
    expected = only(claim.backend.run([request])).values
    for backend in (copy.deepcopy(claim.backend), pickle.loads(pickle.dumps(claim.backend))):
        assert torch.equal(only(backend.run([request])).values, expected)


@each_backend
def test_copies_draw_the_same(claim):
    if not claim.samples or not claim.seeded:
        pytest.skip("draws are not seeded")

    def drawn(backend):
        request = Request(example_circuit(), values(), OBSERVED, shots=10, generator=5)
        return only(backend.run([request])).values

    expected = drawn(claim.backend)
    for backend in (copy.deepcopy(claim.backend), pickle.loads(pickle.dumps(claim.backend))):
        assert torch.equal(drawn(backend), expected)


@pytest.mark.parametrize(
    "claim", [claim for claim in BACKENDS if not claim.exact], ids=lambda claim: claim.name
)
def test_exact_values_are_refused_where_there_are_none(claim):
    with pytest.raises(UnsupportedOperationError, match="shots"):
        claim.backend.run([Request(example_circuit(), values(), OBSERVED)])
    assert not claim.backend.exact
