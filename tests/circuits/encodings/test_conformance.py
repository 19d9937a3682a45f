"""What every encoding of the registry promises."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from circuits import errors
from circuits.encodings import ENCODINGS

each = pytest.mark.parametrize("name", ENCODINGS)


def features(d: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(d, generator=generator, dtype=torch.float64) + 0.1


@each
@given(d=st.integers(1, 5))
def test_one_group_of_inputs_of_the_given_name_all_used(name, d):
    circuit = ENCODINGS[name](d, name="data")
    assert [(g.kind, g.name, g.shape) for g in circuit.parameters] == [("input", "data", (d,))]
    used = {s.index for op in circuit.ops for angle in op.angles for s in angle.symbols}
    assert used == set(range(d))


@each
@pytest.mark.parametrize("d", [1, 2, 3, 4])
def test_states_are_normalised_and_batched(name, d):
    circuit = ENCODINGS[name](d)
    batch = torch.stack([features(d, seed) for seed in range(3)])
    states = circuit.statevector(batch)
    assert states.shape == (3, 2**circuit.n_qubits)
    np.testing.assert_allclose(torch.linalg.vector_norm(states, dim=-1), 1, atol=1e-12)
    torch.testing.assert_close(states[1], circuit.statevector(batch[1]))


@each
def test_different_data_give_different_states(name):
    circuit = ENCODINGS[name](3)
    overlap = circuit.statevector(features(3, 0)).conj() @ circuit.statevector(features(3, 1))
    assert overlap.abs() < 1 - 1e-4


@each
def test_gradients_with_respect_to_the_data(name):
    circuit = ENCODINGS[name](2)
    x = features(2).requires_grad_()
    observables = [f"{p}{q}" for p in "XZ" for q in range(circuit.n_qubits)]
    assert torch.autograd.gradcheck(lambda v: circuit.expectation(observables, v), x)


@each
@pytest.mark.parametrize("d", [0, -1, 2.0, True, None])
def test_bad_numbers_of_features(name, d):
    with pytest.raises((errors.InvalidArgumentError, errors.ArgumentTypeError), match="n_features"):
        ENCODINGS[name](d)


@each
def test_too_few_qubits(name):
    if "n_qubits" not in inspect.signature(ENCODINGS[name]).parameters:
        pytest.skip("has as many qubits as features")
    with pytest.raises(errors.QubitError, match="n_qubits"):
        ENCODINGS[name](9, n_qubits=3)
