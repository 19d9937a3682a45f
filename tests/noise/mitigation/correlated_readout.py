"""A backend on two qubits whose bits are sometimes flipped together when they are read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from circuits import Backend, Request, Result
from circuits import gates as g
from noise.mitigation.base import derive


class CorrelatedReadout(Backend):
    """Applies X X with a probability in front of each measurement.

    Observables are measured as their string of letters turned to Z, so requests for observables
    are refused unless all letters are Z.

    Args:
        backend: A simulator of channels.
        probability: Of flipping both bits.
    """

    differentiable = True

    def __init__(self, backend: Backend, probability: float) -> None:
        self.backend = backend
        both = np.eye(4)[::-1]
        self.flip = g.kraus([(1 - probability) ** 0.5 * np.eye(4), probability**0.5 * both], 0, 1)

    def run(self, requests: Sequence[Request]) -> list[Result]:
        assert all(o.is_diagonal for request in requests for o in request.observables)
        assert not any(request.bases for request in requests)
        read = [derive(request, circuit=request.circuit + self.flip) for request in requests]
        return self.backend.run(read)
