"""Rotosolve: sweeps against PennyLane's, against brute force, and its refusals."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from circuits.errors import InvalidArgumentError, NonFiniteError, UnsupportedOperationError
from optim.optimizers import Rotosolve
from tests.optim.optimizers.circuits_to_optimize import HAMILTONIAN, energy_of, plain, start, tied


def test_a_sweep_is_that_of_pennylane():
    qp = pytest.importorskip("pennylane")
    circuit, parameter = plain(), start(plain())
    first = parameter.detach().numpy().copy()
    optimizer = Rotosolve([parameter])
    optimizer.step(lambda: energy_of(circuit, parameter))

    def theirs(values):
        return float(circuit.expectation(HAMILTONIAN, w=torch.tensor(np.array(values)))[0])

    found, _ = qp.RotosolveOptimizer().step_and_cost(
        theirs,
        qp.numpy.array(first, requires_grad=True),
        nums_frequency={"values": dict.fromkeys(np.ndindex(first.shape), 1)},
    )
    turns = (parameter.detach().numpy() - np.array(found)) / (2 * np.pi)
    np.testing.assert_allclose(turns, np.round(turns), atol=1e-5)


@pytest.mark.parametrize("make", [plain, tied])
def test_every_parameter_moves_to_its_lowest_point(make):
    """After a sweep the last parameter's energy is least, against a grid over two periods."""
    circuit, parameter = make(), start(make())
    optimizer = Rotosolve([parameter], circuit=circuit)
    before = energy_of(circuit, parameter).item()
    returned = optimizer.step(lambda: energy_of(circuit, parameter))
    assert returned == pytest.approx(before, abs=1e-12)
    moved = parameter.detach()
    last = 8 if make is plain else 3
    grid = moved.reshape(1, -1).repeat(3001, 1)
    grid[:, last] += torch.linspace(-4 * np.pi, 4 * np.pi, 3001, dtype=torch.float64)
    around = circuit.expectation(HAMILTONIAN, w=grid.reshape(3001, *moved.shape))[:, 0]
    assert energy_of(circuit, moved).item() <= around.min().item() + 1e-9


def test_energies_never_rise_and_reach_a_minimum(dtype, tolerance):
    circuit, parameter = tied(), start(tied(), dtype=dtype)
    optimizer = Rotosolve([parameter], circuit=circuit)
    losses = [optimizer.step(lambda: energy_of(circuit, parameter)) for _ in range(30)]
    assert all(b <= a + 20 * tolerance["atol"] for a, b in itertools.pairwise(losses))
    energy_of(circuit, parameter).backward()
    assert parameter.grad.abs().max() < 1e-3


def test_number_of_evaluations():
    """2 K for each parameter, one for the start, and one for each check in the first sweep."""
    circuit, parameter = tied(), start(tied())
    calls = []

    def closure():
        calls.append(1)
        return energy_of(circuit, parameter)

    optimizer = Rotosolve([parameter], circuit=circuit)
    optimizer.step(closure)
    assert len(calls) == 1 + 2 * (3 + 1 + 2 + 3) + 4
    calls.clear()
    optimizer.step(closure)
    assert len(calls) == 1 + 2 * (3 + 1 + 2 + 3)


def test_several_parameters_are_one_vector():
    circuit = plain()
    whole, parts = start(circuit), [torch.nn.Parameter(row) for row in start(circuit).detach()]
    Rotosolve([whole]).step(lambda: energy_of(circuit, whole))
    Rotosolve(parts).step(lambda: energy_of(circuit, torch.stack(list(parts))))
    torch.testing.assert_close(torch.stack(list(parts)), whole)


def test_shared_weights_without_a_circuit_are_found_out():
    circuit, parameter = tied(), start(tied())
    with pytest.raises(UnsupportedOperationError, match="Pass `circuit=`"):
        Rotosolve([parameter]).step(lambda: energy_of(circuit, parameter))


def test_losses_that_are_no_expectation_value_are_found_out():
    circuit, parameter = plain(), start(plain())
    optimizer = Rotosolve([parameter], circuit=circuit)
    with pytest.raises(UnsupportedOperationError, match="not linear in"):
        optimizer.step(lambda: (energy_of(circuit, parameter) - 3.0) ** 2)


def test_refused():
    circuit, parameter = plain(), start(plain())
    with pytest.raises(InvalidArgumentError, match="9 weights"):
        Rotosolve([torch.nn.Parameter(torch.zeros(2))], circuit=circuit)
    with pytest.raises(InvalidArgumentError, match="one group"):
        Rotosolve([{"params": [parameter]}, {"params": [torch.nn.Parameter(torch.zeros(1))]}])
    with pytest.raises(InvalidArgumentError, match="closure"):
        Rotosolve([parameter]).step()
    with pytest.raises(NonFiniteError, match="finite loss"):
        Rotosolve([parameter]).step(lambda: torch.tensor(float("nan")))
