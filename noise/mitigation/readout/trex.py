"""`TREX`: twirled readout error extinction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

import torch

from circuits.arguments import integer, number
from circuits.circuit import Circuit
from circuits.errors import InvalidArgumentError, UnsupportedOperationError
from circuits.execution import Backend, Request, Result, Seed, as_generator
from noise.mitigation.base import Mitigation, derive, split_shots
from noise.mitigation.pulses import NativePaulis, native_paulis
from noise.mitigation.readout.groups import Group, groups_of
from noise.mitigation.readout.masks import TwirlMasks, twirl_masks
from noise.mitigation.readout.trex_means import (
    FLIPS,
    STRENGTH,
    exact_means,
    reference_group,
    sampled_means,
)

_FLIP = {"X": 3, "Y": 1, "Z": 1}  # the Pauli that exchanges the outcomes of a letter


@final
class TREX(Mitigation):
    """Readout error removed by flipping qubits at random and dividing by a calibration.

    Before measurement each qubit is flipped or not, and its bit is flipped back afterwards. That
    makes the readout error of any string of letters S, also a correlated one, one factor f_S, which
    the same flips of |0...0> measure:

        <P_S> = <P_S>_twirled / f_S,   f_S = <Z_S>_twirled on |0...0>.

    No model of the readout is needed, and the overhead is that of the measured strings only:
    1 / f_S^2 in variance. Flips are balanced (`twirl_masks`): if the number of twirls is a power
    of two, asymmetries cancel exactly for strings of up to two letters with more twirls than
    measured qubits, three letters with twice as many, and any number with 2^n. Flips are native
    gates behind the lowered circuit; their errors count as readout error.

    Works exact (with gradients) and sampled, for observables. Standard errors hold the shot noise
    of both experiments and, where the twirls are not balanced, the spread between them. Of values
    without shots that the backend estimates they are an upper bound, exact for single strings.

    Args:
        backend: Where the circuits run. With shots it must give samples.
        n_twirls: Number of flips, at least 2. Each is one circuit per group of observables that are
            measured together, and one for the calibration.
        calibration_share: Part of the shots that goes to the calibration, in (0, 1).
        seed: Source of the flips: an integer repeats them in every run. By default they come from
            the request's generator.

    Raises:
        InvalidArgumentError: If a number is out of range; when run, if the shots are fewer than the
            circuits or a factor f_S is not positive within its error.

    References:
        van den Berg, Minev, Temme, Phys. Rev. A 105, 032620 (2022).

    >>> from circuits import StateVector
    >>> TREX(StateVector("torch"), n_twirls=16)
    TREX(StateVector(engine=torch), n_twirls=16)
    """

    def __init__(
        self,
        backend: Backend,
        *,
        n_twirls: int = 32,
        calibration_share: float = 0.25,
        seed: Seed = None,
    ) -> None:
        super().__init__(backend)
        as_generator(seed)
        self.n_twirls = integer(n_twirls, "n_twirls", minimum=2)
        self.calibration_share = number(calibration_share, "calibration_share")
        if not 0 < self.calibration_share < 1:
            raise InvalidArgumentError(
                f"Argument `calibration_share` must be in (0, 1), got {calibration_share}."
            )
        self.seed = seed

    def __repr__(self) -> str:
        return f"TREX({self.backend!r}, n_twirls={self.n_twirls})"

    def prepare(self, request: Request) -> list[Request]:
        if request.qubits is not None:
            raise UnsupportedOperationError(
                "TREX improves expectation values of observables, not distributions over qubits. "
                "Use ReadoutInverse or QCluster for them."
            )
        groups, _ = groups_of(request.observables)
        if not groups:
            return [request]
        reference = reference_group(groups)
        seed = request.generator if self.seed is None else self.seed
        masks = twirl_masks(len(reference.qubits), self.n_twirls, as_generator(seed))
        weights = [1 - self.calibration_share, self.calibration_share]
        data, rest = split_shots(request.shots, weights, name="experiments")
        empty = derive(
            request,
            circuit=Circuit(request.circuit.n_qubits),
            values=request.values.detach().new_zeros(1, 0),
        )
        paulis = native_paulis(self.backend, request.circuit.n_qubits)
        experiments = [(group, derive(request, shots=data)) for group in groups]
        experiments.append((reference, derive(empty, shots=rest)))
        return [
            twirled
            for group, experiment in experiments
            for twirled in _twirled(group, experiment, reference.qubits, masks, paulis)
        ]

    def total_shots(self, request: Request, shots: Sequence[int | None]) -> int | None:
        others = len(shots) - 2 * self.n_twirls  # those of further groups
        return super().total_shots(request, shots[max(others, 0) :])

    def combine(self, request: Request, results: Sequence[Result]) -> Result:
        groups, constants = groups_of(request.observables)
        if not groups:
            return Result(values=results[0].values, variances=results[0].variances)
        reference = reference_group(groups)
        n = self.n_twirls
        runs = [results[start : start + n] for start in range(0, len(results), n)]
        means = exact_means if request.shots is None else sampled_means
        values, variances = means(groups, runs[:-1], reference, runs[-1])
        like = request.values
        shifted = values.to(like.dtype) + torch.as_tensor(constants).to(like)
        spread = None if variances is None else variances.to(like.dtype)
        facts = {"twirls": n, "twirl_strength": results[0].metadata[STRENGTH]}
        return Result(values=shifted, variances=spread, metadata=facts)


def _twirled(
    group: Group,
    request: Request,
    columns: tuple[int, ...],
    masks: TwirlMasks,
    paulis: NativePaulis,
) -> list[Request]:
    """One request per mask: the circuit with flips behind it, measured in the group's bases."""
    place = [columns.index(q) for q in group.qubits]
    shots = split_shots(request.shots, [1] * len(masks.flips), name="twirls")
    requests = []
    for row, part in zip(masks.flips, shots, strict=True):
        flips = row[place]
        ops = [
            op
            for flip, qubit, letter in zip(flips, group.qubits, group.bases, strict=True)
            if flip
            for op in paulis.ops(_FLIP[letter], qubit)
        ]
        what: dict[str, Any] = {"observables": group.strings()}
        if part is not None:
            what = {"observables": (), "qubits": group.qubits, "bases": group.bases}
        tags = {FLIPS: flips.tolist(), STRENGTH: masks.strength}
        circuit = request.circuit + ops if ops else request.circuit
        requests.append(derive(request, circuit=circuit, shots=part, tags=tags, **what))
    return requests
