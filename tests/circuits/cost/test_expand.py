"""What mitigation would send, without sending it."""

from __future__ import annotations

import copy

import pytest
import torch

from circuits import StateVector, estimate_cost
from noise import TREX, ZNE, PauliTwirling, mitigation
from tests.conformance.mitigations import MITIGATIONS
from tests.conformance.noisy_example import MACHINES, Recorder, noisy, request

each_method = pytest.mark.parametrize("claim", MITIGATIONS, ids=lambda claim: claim.name)


def facts(requests):
    return [
        (one.circuit.content_hash, one.points, one.shots, one.observables, one.qubits, one.bases)
        for one in requests
    ]


@each_method
def test_expand_is_what_reaches_the_machine_first(claim):
    machine = Recorder(MACHINES[claim.reduces])
    method = claim.make(machine)
    asked = request(shots=6000)
    expanded = method.expand([asked])
    if claim.name == "zne-scale":  # runs on copies of the machine
        assert len(expanded) == 3
        return
    assert machine.ran == []
    method.run([asked])
    assert facts(expanded) == facts(machine.ran[: len(expanded)])
    assert len(expanded) == len(machine.ran) or claim.name == "zne-adaptive"


@each_method
def test_estimates_count_what_reaches_the_machine(claim):
    machine = Recorder(MACHINES[claim.reduces])
    method = claim.make(machine)
    asked = request(shots=6000, generator=torch.Generator().manual_seed(3))
    before = asked.generator.get_state(), torch.get_rng_state()
    estimate = estimate_cost(asked, method, calls=2)
    assert torch.equal(asked.generator.get_state(), before[0])
    assert torch.equal(torch.get_rng_state(), before[1])
    assert machine.ran == []
    fixed = request(shots=6000, generator=torch.Generator().manual_seed(0))
    ran = copy.deepcopy(method).expand([fixed])
    assert estimate.executions == 2 * sum(one.points * one.shots * _bases(one) for one in ran)
    assert estimate.depth == max(one.circuit.depth() for one in ran)


def _bases(one):
    from circuits.simulators.sampling import measurement_groups

    return 1 if one.qubits is not None else len(measurement_groups(one.observables)[0])


def test_generators_of_methods_are_left_alone():
    seed = torch.Generator().manual_seed(5)
    method = PauliTwirling(StateVector("torch"), n_twirls=4, seed=seed)
    before = seed.get_state()
    estimate_cost(request(shots=100), method)
    assert torch.equal(seed.get_state(), before)


def test_nested_methods_multiply():
    single = estimate_cost(request(shots=6000), noisy())
    nested = ZNE(TREX(noisy(), n_twirls=8))
    assert single.circuits == 2 * 3
    found = estimate_cost(request(shots=6000), nested)
    # Per factor: 8 twirls of 2 groups at 3 points, and 8 calibrations.
    assert found.circuits == 3 * (8 * 2 * 3 + 8)
    assert found.two_qubit_gates == 5 * single.two_qubit_gates


def test_every_exported_method_expands():
    methods = [getattr(mitigation, name) for name in mitigation.__all__]
    wrappers = [m for m in methods if isinstance(m, type) and issubclass(m, mitigation.Mitigation)]
    named = {type(claim.make(MACHINES[claim.reduces])) for claim in MITIGATIONS}
    assert set(wrappers) - {mitigation.Mitigation} <= named
