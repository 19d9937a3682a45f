"""Rotosolve: minimize exactly along one parameter after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, final

import numpy as np

from circuits import Circuit
from circuits.errors import InvalidArgumentError, UnsupportedOperationError
from optim.optimizers.base import Array, Steps, VectorOptimizer, needed
from optim.optimizers.trigonometric import Wave, waves_of

RESET = 32
"""After so many parameters the centre is evaluated again, so that rounding does not add up."""

_CHECK_TOLERANCE = 1e-4


@final
class Rotosolve(VectorOptimizer):
    """Sequential minimal optimization of rotation angles, also known as NFT.

    Along one angle an expectation value is a trigonometric polynomial of K harmonics, which 2 K + 1
    evaluations fix; the angle then jumps to its global minimum. One step is a sweep over all
    parameters and needs 2 K evaluations for each, as the last minimum is the next centre.

    The loss must be an expectation value, or a linear function of such: a squared error is none.

    Args:
        params: Parameters in one group, each entry an angle.
        circuit: The circuit whose weights they are, in the order of its weight groups (as
            `QuantumLayer.parameters()` is): weights that are scaled, or shared by several gates,
            have more harmonics. Default: every entry is the angle of one rotation.
        check: Compare the first predicted minimum of every parameter with the loss there, and
            raise if the loss is no such function. Turn it off for losses with shot noise.

    References:
        Nakanishi, Fujii, Todo, Phys. Rev. Research 2, 043158 (2020).
        Ostaszewski, Grant, Benedetti, Quantum 5, 391 (2021).

    >>> import torch
    >>> from circuits import Circuit, gates as g, weights
    >>> w = weights(1)
    >>> circuit = Circuit(1, [g.rx(w[0], 0)])
    >>> angle = torch.nn.Parameter(torch.tensor([0.3], dtype=torch.float64))
    >>> optimizer = Rotosolve([angle])
    >>> _ = optimizer.step(lambda: circuit.expectation("Z0", w=angle))
    >>> round(abs(angle.item()), 6)  # <Z> = cos(angle) is least at pi
    3.141593
    """

    def __init__(
        self, params: Iterable[Any], *, circuit: Circuit | None = None, check: bool = True
    ) -> None:
        super().__init__(params, {"check": bool(check)})
        size = len(self.vector())
        self._waves: Sequence[Wave] = [Wave()] * size if circuit is None else waves_of(circuit)
        if len(self._waves) != size:
            raise InvalidArgumentError(
                f"Argument `circuit` has {len(self._waves)} weights, but there are {size} "
                "parameters."
            )

    def step(self, closure: Any = None) -> Any:
        """One sweep over all parameters; returns the loss before it."""
        closure = needed(closure, "Rotosolve")
        sweeps = self.memory.get("sweeps", 0)
        check = self.options["check"] and sweeps == 0
        loss = self.drive(sweep(self.vector(), self._waves, check=check), closure)
        self.memory["sweeps"] = sweeps + 1
        return loss


def sweep(point: Array, waves: Sequence[Wave], *, check: bool = False) -> Steps:
    """One sweep over all parameters.

    Args:
        point: Where to start `(n,)`.
        waves: Frequencies of each parameter.
        check: Whether to compare predictions with losses.

    Raises:
        UnsupportedOperationError: If a prediction is wrong.
    """
    point = point.copy()
    (centre,) = yield point[None]
    for k, wave in enumerate(waves):
        if wave.harmonics == 0:
            continue
        if k % RESET == RESET - 1:
            (centre,) = yield point[None]
        around = np.repeat(point[None], 2 * wave.harmonics, axis=0)
        around[:, k] += wave.offsets[1:]
        others = yield around
        values = np.concatenate([[centre], others])
        shift, centre = wave.minimum(values)
        point[k] = np.remainder(point[k] + shift + np.pi / wave.base, 2 * np.pi / wave.base)
        point[k] -= np.pi / wave.base
        if check:
            (seen,) = yield point[None]
            if abs(seen - centre) > _CHECK_TOLERANCE * max(np.ptp(values), abs(seen), 1e-8):
                raise UnsupportedOperationError(
                    f"Along parameter {k} the loss is no trigonometric polynomial of "
                    f"{wave.harmonics} harmonic(s) of {wave.base:g}: {centre} was predicted, "
                    f"{seen} was found. Pass `circuit=` if weights are shared or scaled, "
                    "`check=False` if the loss has shot noise; for losses that are not linear in "
                    "expectation values use another optimizer."
                )
    return point
