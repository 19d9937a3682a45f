"""`CDR`: learn the effect of noise from circuits that are easy to simulate."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor

from circuits.arguments import integer, number
from circuits.backends.statevector import StateVector
from circuits.compact import compact_request
from circuits.errors import ArgumentTypeError, InvalidArgumentError, UnsupportedOperationError
from circuits.execution import Backend, Request, Result, Seed, Values, as_generator
from noise.mitigation.base import (
    CIRCUITS,
    Mitigation,
    derive,
    refuse_samples,
    split_shots,
    values_of,
)
from noise.mitigation.cdr.regression import fit
from noise.mitigation.cdr.training import (
    Plan,
    angles_of,
    make_plan,
    training_angles,
    values_for,
)


@final
class CDR(Mitigation):
    """Clifford data regression.

    For every point, training circuits are made from the circuit itself by sending most of its
    rotation angles to multiples of pi/2. Their exact values are simulated, their noisy values are
    measured, and a straight line exact = a * noisy + b through them mitigates the circuit's own
    noisy value, for each observable.

    All training circuits are one circuit whose rotation angles are inputs, so backends compile it
    once; on exact requests they are the points of one request. Points share the random choices, so
    a value does not depend on what else is in its batch.

    The lines are constants for derivatives: the gradient of a mitigated value is `a` times that of
    the noisy one. Standard errors hold the scatter of the training values around the line, the
    uncertainty of the line and shot noise. The scatter stands for how far the circuit itself may be
    from the line, also on exact requests: an indication, since the circuit is none of the training
    circuits.

    Where all noisy training values are equal, no line is determined: then the least change of the
    value that fits the training circuits is made (none if they have no error), with a warning and
    a standard error of NaN, and `metadata["degenerate"]` counts those values. A circuit without
    rotations to replace is its own training circuit.

    Args:
        backend: Where the circuits run.
        n_training: Number of training circuits per point, at least 3.
        fraction_non_clifford: Share of the rotations that keep their angles, 0 <= f < 1. With too
            few the values of most observables are 0 in every training circuit; simulators of
            Clifford circuits need exponentially more time the more there are.
        simulator: Backend that computes the exact training values; the default simulates state
            vectors of the qubits that are used. Circuits that hold channels need
            `circuits.DensityMatrix()`.
        seed: Source of the training circuits: an integer repeats them in every run. By default
            they come from the request's generator.

    Raises:
        InvalidArgumentError: If a number is out of range.

    References:
        Czarnik, Arrasmith, Coles, Cincio, Quantum 5, 592 (2021).

    >>> CDR(StateVector("torch"), n_training=10)
    CDR(StateVector(engine=torch), n_training=10, fraction_non_clifford=0.5)
    """

    def __init__(
        self,
        backend: Backend,
        *,
        n_training: int = 30,
        fraction_non_clifford: float = 0.5,
        simulator: Backend | None = None,
        seed: Seed = None,
    ) -> None:
        super().__init__(backend)
        as_generator(seed)
        if not 0 <= number(fraction_non_clifford, "fraction_non_clifford") < 1:
            raise InvalidArgumentError(
                "Argument `fraction_non_clifford` must be at least 0 and below 1 (at 1 the "
                f"training circuit is the circuit itself), got {fraction_non_clifford}."
            )
        if simulator is not None and not isinstance(simulator, Backend):
            raise ArgumentTypeError(
                f"Argument `simulator` must be a Backend or None, got {type(simulator).__name__}."
            )
        if simulator is not None and not simulator.exact:
            raise InvalidArgumentError(
                f"Argument `simulator` must compute exact values, which {simulator!r} cannot."
            )
        self.n_training = integer(n_training, "n_training", 3)
        self.fraction_non_clifford = float(fraction_non_clifford)
        self.simulator = StateVector() if simulator is None else simulator
        self.seed = seed

    def __repr__(self) -> str:
        return (
            f"CDR({self.backend!r}, n_training={self.n_training}, "
            f"fraction_non_clifford={self.fraction_non_clifford:g})"
        )

    def prepare(self, request: Request) -> list[Request]:
        refuse_samples(request, "CDR")
        generator = as_generator(self.seed)
        source = request.generator if generator is None else generator
        assert not isinstance(source, int)
        seed = int(torch.randint(2**62, (1,), generator=source))
        plan, values = self._training(request, seed)
        n, joined = self.n_training, request.shots is None and not self._nested
        own, *parts = split_shots(request.shots, [n, *[1] * n], name="training and own circuits")
        target = derive(request, shots=own, tags={"cdr_seed": seed})
        if joined:
            return [target, derive(request, circuit=plan.circuit, values=values,
                                   tags={CIRCUITS: n})]  # fmt: skip
        rows = zip(
            values.inputs.chunk(n) if request.points else [values.inputs] * n,
            values.weights.chunk(n) if request.points else [values.weights] * n,
            strict=True,
        )
        return [
            target,
            *(
                derive(request, circuit=plan.circuit, values=Values(*row), shots=part)
                for row, part in zip(rows, parts, strict=True)
            ),
        ]

    def combine(self, request: Request, results: Sequence[Result]) -> Result:
        own, own_variances = values_of(results[:1], "CDR")
        trained, variances = values_of(results[1:], "CDR")
        shape = (self.n_training, request.points, own.shape[-1])
        plan, values = self._training(request, results[0].metadata["cdr_seed"])
        exact = self._exact(request, plan, values).reshape(shape)
        spread = None if variances is None else variances.reshape(shape)
        line = fit(trained.reshape(shape), exact, spread)
        degenerate = int(line.degenerate.sum())
        if degenerate and plan.n_rotations:
            _warn(degenerate, line.degenerate.numel())
        mitigated = line.predict(own[0])
        error = line.variance(own[0], None if own_variances is None else own_variances[0])
        if plan.n_rotations:
            error = torch.where(line.degenerate, torch.nan, error)
        return Result(
            values=mitigated,
            variances=error,
            metadata={
                "training_circuits": self.n_training,
                "rotations": plan.n_rotations,
                "degenerate": degenerate,
                "slopes": line.slope,
            },
        )

    @property
    def _nested(self) -> bool:
        return isinstance(self.backend, Mitigation)

    def _training(self, request: Request, seed: int) -> tuple[Plan, Values]:
        """The training circuit and its values, the same for the same seed."""
        plan = make_plan(request.circuit)
        trained = training_angles(
            plan,
            angles_of(request),
            self.n_training,
            self.fraction_non_clifford,
            torch.Generator().manual_seed(seed),
        )
        return plan, values_for(plan, request, trained)

    def _exact(self, request: Request, plan: Plan, values: Values) -> Tensor:
        """Exact values of the training circuits, `(n * points, m)`."""
        wanted = derive(request, circuit=plan.circuit, values=values, shots=None)
        with torch.no_grad():
            found = self.simulator.run([compact_request(wanted)])[0].values
        if found is None:
            raise UnsupportedOperationError(f"{self.simulator!r} returned no values.")
        return found


def _warn(degenerate: int, total: int) -> None:
    warnings.warn(
        f"CDR: the noisy training values of {degenerate} of {total} value(s) are all equal, so "
        "they say nothing about the noise of those values beyond a constant. Keep more rotations "
        "(`fraction_non_clifford`) or use more training circuits (`n_training`).",
        RuntimeWarning,
        stacklevel=2,
    )
