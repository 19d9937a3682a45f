"""Gradients: finite differences, agreement of all methods, and where each is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits import (
    SPSA,
    Circuit,
    DensityMatrix,
    PauliSum,
    Probabilities,
    StateVector,
    inputs,
    weights,
)
from circuits import gates as g
from circuits.errors import InvalidArgumentError, UnsupportedOperationError
from circuits.gradients import make_evaluator
from circuits.gradients.rules import shift_rule
from tests.support.properties import assert_gradients_match
from tests.support.strategies import FIXED_SHAPE, circuits, observables, random_unitary, seeds

TORCH = StateVector("torch")
OBSERVED = (PauliSum("Z0"), PauliSum({"X0": 0.7, "Y0": -0.4, "": 0.2}))


def flat_values(circuit: Circuit, seed: int, batch: int = 2, rows: int = 1):
    """Inputs `(batch, n_inputs)` and weights `(rows, n_weights)` that require grad."""
    generator = torch.Generator().manual_seed(seed)
    sizes = ((batch, circuit.n_inputs), (rows, circuit.n_weights))
    return tuple(
        (4 * torch.rand(size, generator=generator, dtype=torch.float64) - 2).requires_grad_()
        for size in sizes
    )


def gradients(circuit, observed, method, values, backend=None):
    """Values, and the gradients of a fixed random combination of them."""
    evaluate = make_evaluator(circuit, observed, backend or StateVector(), diff_method=method)
    out = evaluate(*values)
    mix = torch.linspace(0.3, 1.9, out.numel(), dtype=torch.float64).reshape(out.shape)
    found = [None, None]
    if out.requires_grad:  # backprop has no graph where nothing depends on the values
        found = torch.autograd.grad((mix * out).sum(), values, allow_unused=True)
    return [
        out.detach(),
        *(torch.zeros_like(v) if f is None else f for f, v in zip(found, values, strict=True)),
    ]


def has_symbolic_preparation(circuit: Circuit) -> bool:
    return any(op.kind == "state_preparation" and op.angles for op in circuit.ops)


def assert_all_close(found, expected, atol=1e-10):
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=atol)


@settings(max_examples=60)
@given(st.data(), circuits(max_qubits=4, max_ops=8), seeds)
def test_gradients_are_finite_differences(data, circuit, seed):
    observed = [PauliSum(data.draw(observables(circuit.n_qubits)))]
    x, w = flat_values(circuit, seed)
    evaluate = make_evaluator(circuit, tuple(observed), StateVector())
    assert_gradients_match(evaluate, [x.detach(), w.detach()])


@settings(max_examples=80)
@given(st.data(), circuits(max_qubits=4, max_ops=8), seeds, st.sampled_from((1, 2)))
def test_methods_agree(data, circuit, seed, rows):
    """Backprop, adjoint and parameter shift, with weights shared or per sample."""
    observed = tuple(PauliSum(data.draw(observables(circuit.n_qubits))) for _ in range(2))
    values = flat_values(circuit, seed, rows=rows)
    expected = gradients(circuit, observed, "backprop", values)
    assert_all_close(gradients(circuit, observed, "adjoint", values), expected)
    assert_all_close(gradients(circuit, observed, "adjoint", values, TORCH), expected)
    assert_all_close(
        gradients(circuit, observed, "backprop", values, DensityMatrix()), expected, 1e-9
    )
    if has_symbolic_preparation(circuit):
        with pytest.raises(UnsupportedOperationError, match="state_preparation"):
            gradients(circuit, observed, "parameter-shift", values)
    else:
        assert_all_close(gradients(circuit, observed, "parameter-shift", values), expected)


@settings(max_examples=30)
@given(st.data(), circuits(max_qubits=3, max_ops=6), seeds)
def test_gradients_of_probabilities(data, circuit, seed):
    n = circuit.n_qubits
    kept = tuple(data.draw(st.permutations(range(n)))[: data.draw(st.integers(1, n))])
    values = flat_values(circuit, seed)
    expected = gradients(circuit, Probabilities(kept), "backprop", values)
    for backend in (StateVector(), TORCH):
        found = gradients(circuit, Probabilities(kept), "adjoint", values, backend)
        assert_all_close(found, expected)
    if not has_symbolic_preparation(circuit):
        shifted = gradients(circuit, Probabilities(kept), "parameter-shift", values)
        assert_all_close(shifted, expected)


@pytest.mark.parametrize("name", [n for n in FIXED_SHAPE if g.TABLE[n].n_angles])
@pytest.mark.parametrize("added", [0, 1, 2])
def test_every_angle_of_every_gate(name, added):
    """Each angle from inputs and weights, in the middle of a scrambling circuit."""
    gate = g.TABLE[name]
    k = gate.n_qubits or 0
    n = max(k + added, 1)
    x, w = inputs(gate.n_angles), weights(gate.n_angles)
    op = getattr(g, name)(*(x * w + 0.2), *range(k))
    if added:
        op = g.controlled(op, *range(k, k + added))
    before, after = (g.unitary(random_unitary(seed, 2**n), *range(n)) for seed in (1, 2))
    circuit = Circuit(n, [before, op, after])
    values = flat_values(circuit, 5)
    expected = gradients(circuit, OBSERVED, "backprop", values)
    for method in ("adjoint", "parameter-shift"):
        for backend in (StateVector(), TORCH):
            assert_all_close(gradients(circuit, OBSERVED, method, values, backend), expected)
    if name != "global_phase" or added:
        assert expected[2].abs().max() > 1e-3


@pytest.mark.parametrize("label", ["X", "YZ", "IZ", "XYZ", "II"])
@pytest.mark.parametrize("added", [0, 1, 2])
def test_pauli_rotations(label, added):
    n = len(label) + added
    w = weights(2)
    op = g.pauli_rotation(w[0] + 0.3 * w[1] ** 2, label, *range(len(label)))
    if added:
        op = g.controlled(op, *range(len(label), n))
    before, after = (g.unitary(random_unitary(seed, 2**n), *range(n)) for seed in (1, 2))
    circuit = Circuit(n, [before, op, after])
    values = flat_values(circuit, 5, batch=1)
    expected = gradients(circuit, OBSERVED, "backprop", values)
    for method in ("adjoint", "parameter-shift"):
        for backend in (StateVector(), TORCH):
            assert_all_close(gradients(circuit, OBSERVED, method, values, backend), expected)


def test_each_occurrence_is_shifted():
    """A weight appears twice, scaled and multiplied: f = cos(w)cos(3 w x) has a known gradient."""
    x, w = inputs(1), weights(1)
    circuit = Circuit(2, [g.rx(w[0], 0), g.rx(3 * w[0] * x[0], 1)])
    values = flat_values(circuit, 0, batch=1)
    xv, wv = (float(v.detach()) for v in values)
    expected_w = -np.sin(wv) * np.cos(3 * wv * xv) - 3 * xv * np.cos(wv) * np.sin(3 * wv * xv)
    expected_x = -3 * wv * np.cos(wv) * np.sin(3 * wv * xv)
    for method in ("adjoint", "backprop", "parameter-shift"):
        evaluate = make_evaluator(circuit, (PauliSum("Z0 Z1"),), StateVector(), diff_method=method)
        gx, gw = torch.autograd.grad(evaluate(*values).sum(), values)
        assert gx.item() == pytest.approx(expected_x, abs=1e-12)
        assert gw.item() == pytest.approx(expected_w, abs=1e-12)


def test_unused_entries_have_zero_gradient():
    x, w = inputs(3), weights(4)
    circuit = Circuit(1, [g.rx(x[1], 0), g.ry(w[2], 0)])
    values = flat_values(circuit, 1)
    for method in ("adjoint", "backprop", "parameter-shift"):
        _, gx, gw = gradients(circuit, OBSERVED, method, values)
        assert gx[:, [0, 2]].abs().max() == 0
        assert gx[:, 1].abs().min() > 0
        assert gw[:, [0, 1, 3]].abs().max() == 0
        assert gw[0, 2] != 0


@pytest.mark.parametrize(
    "frequencies", [(1.0,), (0.5,), (0.5, 1.0), (1.0, 2.0, 3.0), (0.5, 1.0, 2.5), (1.0, 1.7)]
)
def test_shift_rules_differentiate_trigonometric_polynomials(frequencies):
    rule = shift_rule(frequencies)
    assert len(rule.shifts) == len(frequencies)
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, len(frequencies)))

    def f(t):
        return sum(p * np.cos(o * t) + q * np.sin(o * t)
                   for p, q, o in zip(a, b, frequencies, strict=True))  # fmt: skip

    t = 0.37
    slope = sum(
        c * (f(t + s) - f(t - s)) for s, c in zip(rule.shifts, rule.coefficients, strict=True)
    )
    exact = sum(o * (q * np.cos(o * t) - p * np.sin(o * t))
                for p, q, o in zip(a, b, frequencies, strict=True))  # fmt: skip
    assert slope == pytest.approx(exact, abs=1e-12)


def test_the_two_term_rule_is_the_textbooks():
    rule = shift_rule((1.0,))
    assert rule.shifts == (pytest.approx(np.pi / 2),)
    assert rule.coefficients == (pytest.approx(0.5),)


def test_parameter_shift_costs_two_runs_per_angle_and_one_job():
    class Counting(StateVector.__base__):  # type: ignore[misc, name-defined]
        requests: list[int]

        def run(self, requests):
            self.requests.append(sum(r.points for r in requests))
            return StateVector().run(requests)

    backend = Counting()
    backend.requests = []
    w = weights(3)
    circuit = Circuit(2, [g.rx(w[0], 0), g.ry(w[1], 1), g.cx(0, 1), g.crz(w[2], 0, 1)])
    values = flat_values(circuit, 0, batch=5)
    evaluate = make_evaluator(circuit, OBSERVED, backend)
    out = evaluate(*values)
    assert backend.requests == [5 * (1 + 2 + 2 + 4)]
    out.sum().backward()
    assert len(backend.requests) == 1
    with torch.no_grad():
        evaluate(*values)
    assert backend.requests[1:] == [5]


def test_refusals_name_the_operation():
    w = weights(4)
    prepared = Circuit(2, [g.state_preparation(w, 0, 1)])
    values = flat_values(prepared, 0, batch=1)
    shift = make_evaluator(prepared, OBSERVED, StateVector(), diff_method="parameter-shift")
    with pytest.raises(UnsupportedOperationError, match="`state_preparation` on qubits"):
        shift(*values)
    with torch.no_grad():
        assert shift(*values).shape == (1, 2)  # values alone are fine
    noisy = Circuit(1, [g.h(0), g.kraus([np.eye(2)], 0)])
    for method in ("adjoint", "backprop"):
        with pytest.raises(UnsupportedOperationError, match="kraus"):
            make_evaluator(noisy, OBSERVED, StateVector(), diff_method=method)
    with pytest.raises(UnsupportedOperationError, match="adjoint"):
        make_evaluator(noisy, OBSERVED, DensityMatrix(), diff_method="adjoint")
    for method in ("adjoint", "backprop"):
        with pytest.raises(UnsupportedOperationError, match="shots"):
            make_evaluator(prepared, OBSERVED, StateVector(), 10, diff_method=method)
    with pytest.raises(InvalidArgumentError, match="diff_method"):
        make_evaluator(prepared, OBSERVED, StateVector(), diff_method="finite")


def test_constant_preparations_and_channels_may_be_shifted_around():
    w = weights(1)
    circuit = Circuit(
        2, [g.state_preparation([1, 1j], 1), g.rx(w[0], 0), g.kraus([np.eye(2)], 0), g.cx(0, 1)]
    )
    values = flat_values(circuit, 0, batch=1)
    expected = gradients(circuit, OBSERVED, "backprop", values, DensityMatrix())
    found = gradients(circuit, OBSERVED, "parameter-shift", values, DensityMatrix())
    assert_all_close(found, expected)


class TestSPSA:
    """f has 4 angles, so the stated bias at step c is at most (4 c)^2 / 6 * 4."""

    w = weights(2)
    x = inputs(1)
    circuit = Circuit(
        2,
        [
            g.rx(w[0], 0),
            g.ry(w[1] * x[0], 1),
            g.cx(0, 1),
            g.ry(w[0], 1),
            g.rz(0.2, 0),
            g.rx(x[0], 0),
        ],
    )

    def estimates(self, spsa: SPSA, seed: int, repeats: int):
        values = [v.detach().expand(repeats, -1).clone().requires_grad_()
                  for v in flat_values(self.circuit, 3, batch=1)]  # fmt: skip
        evaluate = make_evaluator(
            self.circuit, OBSERVED[:1], StateVector(), generator=seed, diff_method=spsa
        )
        grads = torch.autograd.grad(evaluate(*values).sum(), values)
        return torch.cat(grads, dim=1), values

    def test_mean(self):
        """Within 6 standard errors plus the stated bias: false alarm below 1e-8."""
        repeats, step = 4000, 0.05
        found, values = self.estimates(SPSA(step), 11, repeats)
        exact = torch.cat(gradients(self.circuit, OBSERVED[:1], "adjoint", values)[1:], dim=1)
        mix = torch.linspace(0.3, 1.9, repeats, dtype=torch.float64)[:, None]
        exact = (exact / mix)[0]
        error = found.std(0) / repeats**0.5
        bias = (4 * step) ** 2 / 6 * 4
        assert bool(((found.mean(0) - exact).abs() <= 6 * error + bias).all())
        assert bool((error < 0.05).all())

    def test_samples_average(self):
        """Several draws per estimate divide the variance by their number."""
        one = self.estimates(SPSA(0.05, 1), 1, 2000)[0].var(0)
        four = self.estimates(SPSA(0.05, 4), 2, 2000)[0].var(0)
        ratio = one / four
        assert bool(((ratio > 3) & (ratio < 5.3)).all()), ratio

    def test_seed(self):
        first, _ = self.estimates(SPSA(), 5, 3)
        again, _ = self.estimates(SPSA(), 5, 3)
        other, _ = self.estimates(SPSA(), 6, 3)
        assert torch.equal(first, again)
        assert not torch.equal(first, other)

    def test_settings_are_checked(self):
        for bad in (0.0, -1.0, float("nan"), float("inf")):
            with pytest.raises(InvalidArgumentError, match="step"):
                SPSA(step=bad)
        with pytest.raises(InvalidArgumentError, match="samples"):
            SPSA(samples=0)
        with pytest.raises(InvalidArgumentError, match="samples"):
            SPSA(samples=1.5)  # type: ignore[arg-type]
