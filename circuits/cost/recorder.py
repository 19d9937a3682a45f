"""A backend that runs nothing, to see what a layer or an optimizer would ask for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import torch

from circuits.execution import Backend, Request, Result


@final
class Recorder(Backend):
    """Notes requests and answers with zeros.

    Give it to a layer in place of a device, run one training step, and pass `calls` to
    `estimate_cost`: shifted points of gradients are in them.

    Attributes:
        calls: What each call of `run` asked for, in order.

    >>> from circuits import Circuit, gates as g, weights
    >>> recorder = Recorder()
    >>> w = weights(1)
    >>> _ = Circuit(1, [g.rx(w[0], 0)]).expectation("Z0", w=[0.1], backend=recorder, shots=100)
    >>> [[request.shots for request in call] for call in recorder.calls]
    [[100]]
    """

    def __init__(self) -> None:
        self.calls: list[list[Request]] = []

    def __repr__(self) -> str:
        return f"Recorder({len(self.calls)} calls)"

    def run(self, requests: Sequence[Request]) -> list[Result]:
        self.calls.append(list(requests))
        return [_zeros(request) for request in requests]


def _zeros(request: Request) -> Result:
    like = request.inputs if request.inputs.shape[1] else request.weights
    k = len(request.qubits or ())
    facts = {**request.tags, "backend": "Recorder()", "shots": request.shots}
    if request.qubits is not None and request.shots is not None:
        samples = torch.zeros(request.points, request.shots, k, dtype=torch.uint8)
        return Result(samples=samples, metadata=facts)
    width = 2**k if request.qubits is not None else len(request.observables)
    values = torch.zeros(request.points, width, dtype=like.dtype, device=like.device)
    variances = None if request.shots is None else torch.zeros_like(values)
    return Result(values=values, variances=variances, metadata=facts)
