"""A small circuit and small machines on which mitigation methods are tried."""

from __future__ import annotations

import torch

from circuits import Backend, Circuit, PauliSum, Request, StateVector, inputs, weights
from circuits import gates as g
from noise import NoiseModel, PauliChannel, PauliTransfer

OBSERVED = (PauliSum("Z0"), PauliSum({"X0 X1": 0.5, "Z1": 0.25}))


class Recorder(Backend):
    """A machine that remembers what it ran; it may be one without gradients."""

    def __init__(self, backend: PauliTransfer, *, differentiable: bool = True) -> None:
        self.backend = backend
        self.noise_model = backend.noise_model
        self.differentiable = differentiable
        self.ran: list[Request] = []

    def lower(self, request):
        return self.backend.lower(request)

    def run(self, requests):
        self.ran += requests
        if self.differentiable:
            return self.backend.run(requests)
        with torch.no_grad():
            return self.backend.run(requests)


def noisy(gates: float = 0.03, readout: float = 0.0) -> PauliTransfer:
    model = NoiseModel(noiseless=("rz", "ry", "sx", "x", "id"))
    if gates:
        errors = {"XI": gates / 3, "ZZ": gates / 3, "IY": gates / 6, "ZX": gates / 6}
        model.add(PauliChannel(errors), gates="cx")
    for qubit in range(2):
        model.add_readout([[1 - readout / 2, readout / 2], [readout, 1 - readout]], qubit)
    return PauliTransfer(model)


MACHINES = {"gates": noisy(), "readout": noisy(0.0, 0.08), None: noisy(0.0)}


def example_circuit() -> Circuit:
    x, w = inputs(2), weights(2)
    return Circuit(
        2,
        [g.ry(x[0] - 1.6, 0), g.ry(-2.4, 1), g.cx(0, 1), g.sx(1), g.rz(w[0] - 0.6, 1), g.sx(1),
         g.cx(1, 0), g.rz(w[1] * x[1] - 2.1, 0), g.ry(-2.6, 0), g.cx(0, 1), g.ry(-0.6, 1)],
    )  # fmt: skip


def request(points: int = 3, **options) -> Request:
    table = torch.rand(points, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    what = {"observables": OBSERVED, "generator": 7, **options}
    return Request(example_circuit(), table, **what)


def exact(points: int = 3) -> torch.Tensor:
    return StateVector().run([request(points)])[0].values
