"""The books that every mitigation keeps: rounds, shots, generators, costs, nesting."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from circuits import Backend, Circuit, PauliSum, Request, Result, StateVector, inputs
from circuits import gates as g
from circuits.errors import ArgumentTypeError, InvalidArgumentError, UnsupportedOperationError
from noise.mitigation.base import (
    Cost,
    Mitigation,
    derive,
    refuse_samples,
    split_shots,
    values_of,
)

OBSERVED = (PauliSum("Z0"), PauliSum("X1"))


class Recorder(Backend):
    """The exact simulator, remembering every call."""

    differentiable = True

    def __init__(self):
        self.calls = []

    def run(self, requests):
        self.calls.append(list(requests))
        return StateVector().run(requests)


class Average(Mitigation):
    """The mean of several equal runs, with some rounds more."""

    def __init__(self, backend, copies=2, rounds=0):
        super().__init__(backend)
        self.copies, self.rounds = copies, rounds

    def __repr__(self):
        return f"Average({self.backend!r})"

    def prepare(self, request):
        shots = split_shots(request.shots, [1.0] * self.copies)
        return [derive(request, shots=s, tags={"copy": k}) for k, s in enumerate(shots)]

    def more(self, request, results):
        return [request] if len(results) < self.copies + self.rounds else []

    def combine(self, request, results):
        values, variances = values_of(results, "Average")
        spread = None if variances is None else variances.sum(0) / len(results) ** 2
        return Result(values.mean(0), spread, metadata={"own": len(results)})


def request(points: int = 3, **options) -> Request:
    x = inputs(2)
    circuit = Circuit(2, [g.ry(x[0], 0), g.cx(0, 1), g.rx(x[1], 1)])
    table = torch.rand(points, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return Request(circuit, table, OBSERVED, **options)


def test_all_requests_ride_in_one_call():
    recorder = Recorder()
    results = Average(recorder, 3).run([request(), request(5), request(1)])
    assert [len(call) for call in recorder.calls] == [9]
    assert [r.values.shape for r in results] == [(3, 2), (5, 2), (1, 2)]
    for result, points in zip(results, (3, 5, 1), strict=True):
        expected = StateVector().run([request(points)])[0].values
        torch.testing.assert_close(result.values, expected)
    assert Average(recorder).run([]) == []


def test_rounds_are_further_calls_and_only_of_those_that_ask():
    recorder = Recorder()

    class Mixed(Average):
        def more(self, request, results):
            return super().more(request, results) if request.points == 3 else []

    results = Mixed(recorder, 2, rounds=2).run([request(3), request(5)])
    assert [len(call) for call in recorder.calls] == [4, 1, 1]
    assert [r.metadata["circuits"] for r in results] == [4, 2]
    assert [r.metadata["own"] for r in results] == [4, 2]


def test_metadata():
    (result,) = Average(StateVector(), 4).run([request(shots=10, tags={"mine": 7}, generator=3)])
    assert result.metadata["shots"] == 10
    assert result.metadata["circuits"] == 4
    assert result.metadata["mine"] == 7
    assert result.metadata["backend"] == repr(Average(StateVector()))
    assert "copy" not in result.metadata
    (exact,) = Average(StateVector()).run([request()])
    assert exact.metadata["shots"] is None
    assert exact.variances is None


def test_a_seed_gives_independent_parts_and_the_same_result_again():
    recorder = Recorder()
    first, again = Average(recorder).run([request(shots=100, generator=5) for _ in range(2)])
    assert torch.equal(first.values, again.values)
    (one, two), seeded = recorder.calls[0][:2], request(shots=100, generator=5)
    assert one.generator is two.generator
    assert isinstance(seeded.generator, int)
    alone = StateVector().run([derive(seeded, shots=50)])[0]
    assert not torch.equal(first.values, alone.values)


def test_nested_methods_share_the_shots():
    nested = Average(Average(StateVector(), 3), 2)
    (result,) = nested.run([request(shots=61, generator=1)])
    assert result.metadata["shots"] == 61
    assert result.metadata["circuits"] == 6
    assert nested.cost(request(shots=61)) == Cost(6, 61, 18, 6)
    assert nested.cost(request()) == Cost(6, None, 18, 6)
    assert Cost(1, 5, 2, 1) + Cost(2, None, 3, 0) == Cost(3, 5, 5, 1)


def test_properties_follow_the_inner_backend():
    class Small(Recorder):
        differentiable, exact, max_points = False, False, 7

    method = Average(Average(Small()))
    assert (method.differentiable, method.exact, method.max_points) == (False, False, 7)
    assert Average(StateVector()).differentiable


def test_lowering_happens_before_prepare():
    class Lowering(Recorder):
        def lower(self, request):
            ops = [g.rz(0.1, 0), *request.circuit.ops]
            return request if request.circuit.ops[0] == ops[0] else request.with_circuit(
                Circuit(2, ops))  # fmt: skip

    recorder = Lowering()
    Average(recorder).run([request()])
    assert all(r.circuit.count_ops()["rz"] == 1 for r in recorder.calls[0])


def test_copies():
    method = Average(Average(StateVector(), 3), 2)
    expected = method.run([request()])[0].values
    for twin in (copy.deepcopy(method), pickle.loads(pickle.dumps(method))):
        assert torch.equal(twin.run([request()])[0].values, expected)


def test_only_backends_are_wrapped():
    with pytest.raises(ArgumentTypeError, match="backend"):
        Average("StateVector")


@given(st.integers(1, 10**6), st.lists(st.floats(0.01, 10), min_size=1, max_size=12))
def test_split_shots(total, weights):
    if total < len(weights):
        with pytest.raises(InvalidArgumentError, match=f"at least {len(weights)}"):
            split_shots(total, weights)
        return
    parts = split_shots(total, weights)
    assert sum(parts) == total
    assert min(parts) >= 1
    spare = total - len(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - 1 - spare * weight / sum(weights)) < 1 + 1e-6


def test_split_of_exact_requests():
    assert split_shots(None, [1, 2, 3]) == [None, None, None]


def test_derive_changes_what_is_named_and_nothing_else():
    start = Request(
        Circuit(2, [g.h(0)]), torch.zeros(4, 0), qubits=(1, 0), bases="XZ", shots=8, generator=3,
        tags={"a": 1, "b": 2},
    )  # fmt: skip
    same = derive(start)
    for name in Request.__slots__:
        if name != "_values":
            assert getattr(same, name) == getattr(start, name)
    assert torch.equal(same.values, start.values)
    other = derive(start, shots=2, tags={"b": 3}, circuit=Circuit(2, [g.x(1)]))
    assert (other.shots, other.tags, other.bases) == (2, {"a": 1, "b": 3}, "XZ")
    assert other.circuit.ops[0].name == "x"
    assert start.tags == {"a": 1, "b": 2}


def test_samples_are_refused():
    sampled = Request(Circuit(1, [g.h(0)]), torch.zeros(1, 0), qubits=(0,), shots=5)
    with pytest.raises(UnsupportedOperationError, match="not samples"):
        refuse_samples(sampled, "Average")
    with pytest.raises(UnsupportedOperationError, match="not samples"):
        Average(StateVector()).run([sampled])


def test_exact_values_among_estimates_have_no_variance():
    results = [Result(torch.ones(1, 2)), Result(torch.zeros(1, 2), torch.full((1, 2), 0.5))]
    values, variances = values_of(results, "Average")
    assert values.tolist() == [[[1, 1]], [[0, 0]]]
    assert variances.tolist() == [[[0, 0]], [[0.5, 0.5]]]
