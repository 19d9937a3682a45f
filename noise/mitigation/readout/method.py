"""`ReadoutInverse`: a backend whose readout error is inverted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

import torch
from torch import Tensor

from circuits.arguments import one_of
from circuits.errors import ArgumentTypeError, ResourceLimitError
from circuits.execution import Backend, Request, Result, as_generator
from circuits.pauli import PauliSum
from circuits.remembered import Remembered
from noise.mitigation.base import Mitigation, derive
from noise.mitigation.readout.calibration import ReadoutCalibration
from noise.mitigation.readout.expectations import dense_means, subspace_means
from noise.mitigation.readout.groups import Group, groups_of
from noise.mitigation.readout.inversion import (
    full_bounds,
    full_inverse,
    tensored_bounds,
    tensored_inverse,
)
from noise.mitigation.readout.mitigated_samples import mitigated_samples
from noise.mitigation.readout.observables import corrected_observable
from noise.mitigation.readout.outcomes import Bits, Floats, Outcomes, all_bits
from noise.mitigation.readout.projection import nearest_distribution
from noise.mitigation.readout.subspace import QuasiDistribution, SubspaceInverse

_METHODS = ("tensored", "full", "subspace")
_MOST_JOINT = 12
_MOST_BITS = 16
_KEPT = 64  # lists of observables whose corrections are remembered


@final
class ReadoutInverse(Mitigation):
    """Invert the confusion matrices of a calibration.

    * `"tensored"`: qubits are read independently. Observables are replaced by ones whose noisy mean
      is the wanted one, so this works exact and sampled, with gradients, for any number of qubits.
    * `"full"`: the joint matrix of all calibrated qubits (at most 12, 2^n x 2^n): correlated errors
      too, if the calibration measured them.
    * `"subspace"`: independent errors, inverted on the bitstrings that were seen: for distributions
      over many qubits, and observables of many letters. Approximate for finite shots. Exact
      requests have seen everything: they are answered as by `"tensored"`.

    What comes out:

    * of observables: mitigated means, with the standard errors of the corrected shots. Errors of
      the calibration itself (`ReadoutCalibration.standard_error`) are not among them. The last two
      methods measure bitstrings for each commuting group, with the request's shots each;
    * of exact probabilities: quasi-probabilities in `values`, with their graph. Where the backend
      estimates probabilities without shots, standard errors that follow from theirs are bounds;
    * of samples: `metadata["quasi_probabilities"]` holds, for each point, bitstring to
      quasi-probability (they sum to one, some are negative). `samples` are made from the nearest
      probability distribution, in the numbers nearest to it, in random order: their frequencies
      are the mitigated ones.

    Args:
        backend: Where the circuits run.
        calibration: How its qubits are read, numbered as in lowered circuits.
        method: One of the three.

    Raises:
        ArgumentTypeError: If `calibration` is no `ReadoutCalibration`.
        InvalidArgumentError: If the method is unknown.

    References:
        Maciejewski, Zimboras, Oszmaniec, Quantum 4, 257 (2020) (inversion); Nation et al., PRX
        Quantum 2, 040326 (2021) (subspace).

    >>> from circuits import StateVector
    >>> ReadoutInverse(StateVector("torch"), ReadoutCalibration({0: [[0.9, 0.1], [0.2, 0.8]]}))
    ReadoutInverse(StateVector(engine=torch), method='tensored')
    """

    def __init__(
        self, backend: Backend, calibration: ReadoutCalibration, *, method: str = "tensored"
    ) -> None:
        super().__init__(backend)
        if not isinstance(calibration, ReadoutCalibration):
            raise ArgumentTypeError(
                "Argument `calibration` must be a ReadoutCalibration, made for example by "
                f"ReadoutCalibration.from_model(model); got {type(calibration).__name__}."
            )
        self.calibration = calibration
        self.method = one_of(method, _METHODS, "method")
        self.deterministic = backend.deterministic
        self._observables = Remembered[list[PauliSum]](_KEPT)

    def __repr__(self) -> str:
        return f"ReadoutInverse({self.backend!r}, method={self.method!r})"

    def prepare(self, request: Request) -> list[Request]:
        if request.qubits is not None:
            self._check_qubits(request.qubits, sampled=request.shots is not None)
            return [request]
        if self._by_observables(request):
            return [derive(request, observables=self._corrected(request))]
        groups, _ = self._groups(request)
        return [group.request(request) for group in groups] or [request]

    def total_shots(self, request: Request, shots: Sequence[int | None]) -> int | None:
        return shots[0]  # each group spends as much

    def combine(self, request: Request, results: Sequence[Result]) -> Result:
        if request.qubits is not None:
            return self._distribution(request, request.qubits, results[0])
        groups, constants = self._groups(request)
        if self._by_observables(request) or not groups:
            return Result(values=results[0].values, variances=results[0].variances)
        parts = [self._means(group, result) for group, result in zip(groups, results, strict=True)]
        like = request.values
        total = torch.as_tensor(constants, dtype=like.dtype, device=like.device)
        values = total + sum(mean.to(like.dtype) for mean, _ in parts)
        known = [variance.to(like.dtype) for _, variance in parts if variance is not None]
        variances = sum(known, torch.zeros_like(values)) if known else None
        return Result(values=values, variances=variances)

    def _by_observables(self, request: Request) -> bool:
        """Whether the inverse is put into the observables: without shots, all methods agree."""
        whole = self.method == "full" and self.calibration.has_joint
        return self.method == "tensored" or (request.shots is None and not whole)

    def _corrected(self, request: Request) -> list[PauliSum]:
        """Observables whose noisy means are the wanted ones; the same objects for the same ones."""

        def correct() -> list[PauliSum]:
            qubits = {q for o in request.observables for q in o.qubits}
            confusions = {q: self.calibration.confusion(q) for q in qubits}
            return [corrected_observable(o, confusions) for o in request.observables]

        return self._observables.of((self.calibration, *request.observables), None, correct)

    def _groups(self, request: Request) -> tuple[list[Group], Floats]:
        for observable in request.observables:
            for qubit in observable.qubits:
                self.calibration.confusion(qubit)
        whole = self.method == "full" and self.calibration.has_joint
        return groups_of(request.observables, self.calibration.qubits if whole else None)

    def _means(self, group: Group, result: Result) -> tuple[Tensor, Tensor | None]:
        if self.method == "full":
            return dense_means(group, result, self._joint(group.qubits))
        return subspace_means(group, result, self.calibration.confusions(group.qubits))

    def _joint(self, qubits: Sequence[int]) -> Floats:
        if len(qubits) > _MOST_JOINT:
            raise ResourceLimitError(
                f"method='full' inverts a matrix over 2**{len(qubits)} outcomes; the most is "
                f"{_MOST_JOINT} qubits. Use method='tensored' or 'subspace'."
            )
        return self.calibration.joint(qubits)

    def _distribution(self, request: Request, qubits: tuple[int, ...], result: Result) -> Result:
        confusions = self.calibration.confusions(qubits)
        if result.samples is None:
            assert result.values is not None
            read, spread = result.values, result.variances
            if self.method == "full":
                joint = self._joint(qubits)
                bounds = None if spread is None else full_bounds(spread, joint)
                return Result(values=full_inverse(read, joint), variances=bounds)
            bounds = None if spread is None else tensored_bounds(spread, list(confusions))
            return Result(values=tensored_inverse(read, list(confusions)), variances=bounds)

        def mitigate(outcomes: Outcomes) -> tuple[Bits, Floats, dict[str, Any]]:
            found = self._quasi(outcomes, qubits)
            facts = {"quasi_probabilities": found.distribution, "negativity": found.negativity}
            return found.bits, nearest_distribution(found.values), facts

        samples, facts = mitigated_samples(
            result.samples, mitigate, as_generator(request.generator)
        )
        return Result(samples=samples, metadata=facts)

    def _quasi(self, outcomes: Outcomes, qubits: tuple[int, ...]) -> QuasiDistribution:
        confusions = self.calibration.confusions(qubits)
        if self.method == "subspace":
            return SubspaceInverse(outcomes, confusions).quasi()
        read = torch.as_tensor(outcomes.dense())
        if self.method == "full":
            values = full_inverse(read, self._joint(qubits))
        else:
            values = tensored_inverse(read, list(confusions))
        return QuasiDistribution(all_bits(len(qubits)), values.numpy())

    def _check_qubits(self, qubits: tuple[int, ...], *, sampled: bool) -> None:
        self.calibration.confusions(qubits)
        if self.method == "full":
            self._joint(qubits)
        elif self.method == "tensored" and sampled and len(qubits) > _MOST_BITS:
            raise ResourceLimitError(
                f"method='tensored' inverts all 2**{len(qubits)} probabilities of {len(qubits)} "
                f"bits; the most is {_MOST_BITS}. Use method='subspace'."
            )
