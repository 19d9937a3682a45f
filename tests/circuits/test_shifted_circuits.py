"""What a backend without gradients of its own is given to run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import final

import torch

from circuits import Backend, Circuit, Request, Result, StateVector, inputs, weights
from circuits import gates as g


@final
class Recording(Backend):
    """The exact simulator without gradients; keeps the requests."""

    def __init__(self) -> None:
        self.seen: list[Request] = []

    def run(self, requests: Sequence[Request]) -> list[Result]:
        self.seen += requests
        return StateVector().run(requests)


def _circuit() -> Circuit:
    x, w = inputs(1), weights(2)
    return Circuit(
        2,
        [
            g.u(math.pi / 2, w[0], 0.0, 0),
            g.ry(math.pi, 1),
            g.rx(2 * x[0], 1),
            g.crz(w[0] * x[0], 0, 1),
            g.ry(w[1], 0),
        ],
    )


def test_angles_that_are_numbers_stay_numbers() -> None:
    """So that a transpiler sees what it sees without gradients: fixed gates cost what they do."""
    circuit, machine = _circuit(), Recording()
    circuit.expectation("Z0 X1", torch.rand(3, 1), torch.rand(2), backend=machine)
    (request,) = machine.seen
    given = [[a.is_constant for a in op.angles] for op in circuit.ops]
    assert [[a.is_constant for a in op.angles] for op in request.circuit.ops] == given
    assert request.circuit.ops[1] == circuit.ops[1]
    assert request.weights.shape == (3, 4)


def test_gradients_are_those_of_the_exact_simulator() -> None:
    circuit = _circuit()
    x = torch.rand(3, 1, dtype=torch.float64, requires_grad=True)
    w = torch.rand(2, dtype=torch.float64, requires_grad=True)
    found, exact = (
        torch.autograd.grad(
            circuit.expectation(["Z0 X1", "Y0"], x, w, backend=backend).square().sum(), [x, w]
        )
        for backend in (Recording(), StateVector())
    )
    for one, other in zip(found, exact, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)
