"""The laws of `Mitigation`, for every method in the list."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch

from circuits import Request, StateVector
from circuits.errors import KetworkError, UnsupportedOperationError
from noise import NoiseModel
from noise.mitigation import Mitigation
from qml import QuantumLayer
from tests.conformance.mitigations import MITIGATIONS
from tests.conformance.noisy_example import (
    MACHINES,
    OBSERVED,
    Recorder,
    exact,
    example_circuit,
    noisy,
    request,
)
from tests.support.properties import assert_gradients_match

ESTIMATING = [claim for claim in MITIGATIONS if claim.exact]
SAMPLING = [claim for claim in MITIGATIONS if claim.samples]
each_method = pytest.mark.parametrize("claim", MITIGATIONS, ids=lambda claim: claim.name)
each_estimate = pytest.mark.parametrize("claim", ESTIMATING, ids=lambda claim: claim.name)


@each_estimate
def test_a_batch_is_a_loop_and_order_is_kept(claim):
    method = claim.make(noisy())
    three, one, two = method.run([request(3), request(1), request(2)])
    assert [len(r.values) for r in (three, one, two)] == [3, 1, 2]
    alone = method.run([request(1)])[0]
    torch.testing.assert_close(one.values, alone.values, rtol=0, atol=1e-10)
    if claim.alone:
        torch.testing.assert_close(three.values[:1], one.values, rtol=0, atol=1e-10)
        torch.testing.assert_close(three.values[:2], two.values, rtol=0, atol=1e-10)
    assert method.run([]) == []


@each_estimate
def test_noiseless_values_stay(claim):
    found = claim.make(noisy(0.0)).run([request()])[0].values
    torch.testing.assert_close(found, exact(), rtol=0, atol=claim.neutral)


@pytest.mark.parametrize("claim", [c for c in ESTIMATING if c.reduces], ids=lambda c: c.name)
def test_errors_are_halved(claim):
    machine = MACHINES[claim.reduces]
    raw = (machine.run([request()])[0].values - exact()).abs()
    left = (claim.make(machine).run([request()])[0].values - exact()).abs()
    assert float(raw.min()) > 0.01
    assert float(left.mean()) < 0.5 * float(raw.mean())


@each_estimate
def test_gradients_pass(claim):
    method = claim.make(MACHINES[claim.reduces])
    assert method.differentiable
    table = request(2).values

    def function(values):
        return method.run([Request(example_circuit(), values, OBSERVED, generator=7)])[0].values

    if claim.gradients:
        assert_gradients_match(function, [table])
        return
    # What the method estimates from the values is held constant: the gradient is close.
    given = table.clone().requires_grad_()
    found = torch.autograd.grad(function(given).sum(), given)[0]
    truth = StateVector().run([Request(example_circuit(), given, OBSERVED)])[0].values
    wanted = torch.autograd.grad(truth.sum(), given)[0]
    torch.testing.assert_close(found, wanted, rtol=0, atol=0.1 * float(wanted.abs().max()))


@each_estimate
def test_machines_without_gradients_are_shifted(claim):
    machine = MACHINES[claim.reduces]
    shifting = claim.make(Recorder(machine, differentiable=False))
    assert not shifting.differentiable
    x = torch.rand(2, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found = []
    for backend in (shifting, claim.make(machine)):
        layer = QuantumLayer(example_circuit(), OBSERVED, backend=backend, dtype=torch.float64,
                             generator=3)  # fmt: skip
        layer.load_state_dict({"weight": torch.tensor([0.3, 0.9], dtype=torch.float64)})
        given = x.clone().requires_grad_()
        layer(given).sum().backward()
        found.append(torch.cat([given.grad.flatten(), layer.weight.grad]))
    if not claim.random:
        close = 1e-9 if claim.shifts else 0.01 * float(found[1].abs().max())
        torch.testing.assert_close(found[0], found[1], rtol=0, atol=close)


@each_estimate
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_in_a_layer(claim, dtype):
    layer = QuantumLayer(example_circuit(), list(OBSERVED), dtype=dtype)
    mitigated = layer.with_backend(claim.make(MACHINES[claim.reduces]))
    assert mitigated.state_dict().keys() == layer.state_dict().keys()
    assert mitigated.weight is layer.weight
    x = torch.rand(2, 3, 2, generator=torch.Generator().manual_seed(1)).to(dtype)
    found = mitigated(x)
    assert found.shape == (2, 3, 2)
    assert found.dtype == dtype
    if claim.alone and not claim.random:
        flat = mitigated(x.flatten(0, 1))
        torch.testing.assert_close(found.flatten(0, 1), flat)
    found.sum().backward()
    assert layer.weight.grad.dtype == dtype
    assert bool(layer.weight.grad.isfinite().all())
    assert bool(layer.weight.grad.any())


@each_estimate
@pytest.mark.parametrize("shots", [None, 6000])
def test_types_follow_the_values(claim, shots):
    method = claim.make(MACHINES[claim.reduces])
    values = request().values
    for dtype in (torch.float32, torch.float64):
        asked = Request(example_circuit(), values.to(dtype), OBSERVED, shots=shots, generator=7)
        result = method.run([asked])[0]
        assert result.values.dtype == dtype
        assert result.variances is None or result.variances.dtype == dtype


@each_method
def test_copies(claim):
    method = claim.make(MACHINES[claim.reduces])
    options = {} if claim.exact else {"shots": 300}
    expected = method.run([request(**options)])[0]
    for twin in (copy.copy(method), copy.deepcopy(method), pickle.loads(pickle.dumps(method))):
        found = twin.run([request(**options)])[0]
        assert repr(twin) == repr(method)
        assert torch.equal(found.values, expected.values)


@each_method
def test_shots_are_a_total(claim):
    method = claim.make(MACHINES[claim.reduces])
    asked = request(shots=6000)
    first, again = (method.run([asked])[0] for _ in range(2))
    assert torch.equal(first.values, again.values)
    assert not torch.equal(first.values, method.run([request(shots=6000, generator=8)])[0].values)
    assert first.variances.shape == first.values.shape
    assert bool((first.standard_errors > 0).all())
    cost = method.cost(asked)
    if claim.spends:
        assert (cost.circuits, cost.shots) == (first.metadata["circuits"], 6000)
        assert first.metadata["shots"] == 6000
    else:
        assert cost.shots <= first.metadata["shots"] <= 6000


@each_estimate
def test_metadata(claim):
    machine = Recorder(MACHINES[claim.reduces])
    method = claim.make(machine)
    tags = {"mine": 3, "circuits": "many", "shots": "none"}
    result = method.run([request(tags=tags)])[0]
    ran = sum(r.points if claim.name == "cdr" else 3 for r in machine.ran) // 3
    if claim.name != "trex":  # its calibration has no points
        assert result.metadata["circuits"] == ran
    assert result.metadata["mine"] == 3
    assert result.metadata["shots"] is None
    assert result.metadata["backend"] == repr(method)
    assert (result.variances is not None) == claim.random
    if claim.spends:
        assert method.cost(request(tags=tags)).circuits == result.metadata["circuits"]


@each_method
def test_bad_arguments_are_refused_by_the_constructor(claim):
    for options in claim.refused:
        with pytest.raises(KetworkError, match="|".join([*options, "gate called"])):
            claim.make(noisy(), **options)
    for foreign in ("pauli_transfer", None, NoiseModel()):
        with pytest.raises((KetworkError, TypeError), match="backend"):
            claim.make(foreign)


@each_method
def test_what_cannot_be_done_is_refused_before_anything_runs(claim):
    machine = Recorder(noisy())
    method = claim.make(machine)
    if not claim.samples:
        with pytest.raises(UnsupportedOperationError, match=r"samples|observables"):
            method.run([request(observables=(), qubits=(0, 1), shots=100)])
    if not claim.exact:
        with pytest.raises(UnsupportedOperationError, match="exact"):
            method.run([request()])
    if claim.exact and method.cost(request()).circuits > 1 and not claim.needs_samples:
        with pytest.raises(KetworkError, match="shots"):
            method.run([request(shots=1)])
    assert machine.ran == []


@pytest.mark.parametrize("claim", SAMPLING, ids=lambda c: c.name)
def test_samples_stay_samples(claim):
    method = claim.make(MACHINES[claim.reduces])
    asked = request(observables=(), qubits=(1, 0), shots=500)
    result = method.run([asked])[0]
    assert result.samples.shape == (3, 500, 2)
    assert result.metadata["shots"] == 500
    assert torch.equal(result.samples, method.run([asked])[0].samples)


@each_method
def test_global_randomness_is_left_alone(claim):
    method, before = claim.make(noisy()), torch.get_rng_state()
    method.run([request(shots=6000)])
    assert torch.equal(torch.get_rng_state(), before)


@each_estimate
def test_requests_stay_as_they_were(claim):
    asked = request(tags={"a": 1})
    table, circuit = asked.values.clone(), asked.circuit
    claim.make(noisy()).run([asked])
    assert torch.equal(asked.values, table)
    assert asked.circuit is circuit
    assert asked.tags == {"a": 1}
    assert asked.generator == 7


def test_every_public_method_is_listed():
    from noise import mitigation

    public = {getattr(mitigation, name) for name in mitigation.__all__}
    methods = {m for m in public if isinstance(m, type) and issubclass(m, Mitigation)}
    listed = {type(claim.make(noisy())) for claim in MITIGATIONS}
    assert methods - {Mitigation} <= listed
