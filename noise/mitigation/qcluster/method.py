"""`QCluster`: a backend whose bit flips are undone by clustering what is sampled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from circuits.arguments import integer
from circuits.errors import UnsupportedOperationError
from circuits.execution import Backend, Request, Result, as_generator
from noise.mitigation.base import Mitigation
from noise.mitigation.qcluster.clustering import Clusters, flip_model, q_cluster
from noise.mitigation.qcluster.flip_rate import estimate_flip_rate
from noise.mitigation.readout.calibration import ReadoutCalibration
from noise.mitigation.readout.groups import Group, groups_of
from noise.mitigation.readout.mitigated_samples import mitigated_samples
from noise.mitigation.readout.outcomes import Bits, Floats, Outcomes


@final
class QCluster(Mitigation):
    """Independent bit flips undone by clustering, for circuits with few likely outcomes.

    See `q_cluster` for the method and its limits: outputs of high entropy are returned nearly as
    they were measured. Wrap twirled backends, so that errors are close to flips. Requests need
    shots.

    * Of samples come as many samples, in the numbers nearest to the mitigated distribution and in
      random order, and as metadata `distribution`, bitstring to probability.
    * Of observables come means over the mitigated distributions, one for each commuting group,
      with the standard errors of `Clusters.means`. Layers differentiate them by parameter shifts,
      which is exact where the mitigated means are linear in the measured ones.

    Further metadata, one entry per point (of observables: per group, then per point): `clusters`,
    how many; `background`, the probability that none of them explains; `flip_rate`, the mean rate
    that was used.

    Args:
        backend: Where the circuits run.
        p: Probability in [0, 0.5) that a bit flips: one number, one per measured bit, or a
            `ReadoutCalibration` (then the directions may differ). `None` estimates one rate from
            each point's samples (`estimate_flip_rate`), to which end every qubit is measured.
        max_clusters: Most clusters per point.

    Raises:
        InvalidArgumentError: If a rate is outside [0, 0.5).

    References:
        Patil, Baron, Zhou, arXiv 2504.10801 (2025).

    >>> from circuits import StateVector
    >>> QCluster(StateVector("torch"), 0.02)
    QCluster(StateVector(engine=torch), p=0.02)
    """

    def __init__(
        self,
        backend: Backend,
        p: float | Sequence[float] | ReadoutCalibration | None = None,
        *,
        max_clusters: int = 256,
    ) -> None:
        super().__init__(backend)
        self.exact, self.differentiable = False, False
        if p is not None and not isinstance(p, ReadoutCalibration):
            flip_model(p, int(np.size(p)))
        self.p = p
        self.max_clusters = integer(max_clusters, "max_clusters")

    def __repr__(self) -> str:
        return f"QCluster({self.backend!r}, p={self.p!r})"

    def prepare(self, request: Request) -> list[Request]:
        if request.shots is None:
            raise UnsupportedOperationError(
                "QCluster clusters measured bitstrings, so it needs shots, and this request is "
                "exact. Give `shots`, or use ReadoutInverse, TREX or ZNE."
            )
        if request.qubits is not None:
            self._flips(request.qubits)
            return [request]
        groups, _ = self._groups(request)
        for group in groups:
            self._flips(group.qubits)
        return [group.request(request) for group in groups] or [request]

    def total_shots(self, request: Request, shots: Sequence[int | None]) -> int | None:
        return shots[0]  # each group spends as much

    def combine(self, request: Request, results: Sequence[Result]) -> Result:
        if request.qubits is not None:
            return self._distribution(request, request.qubits, results[0])
        groups, constants = self._groups(request)
        if not groups:
            return Result(values=results[0].values, variances=results[0].variances)
        like, facts = request.values, []
        values = torch.as_tensor(constants).to(like).expand(request.points, -1)
        variances = torch.zeros_like(values)
        for group, result in zip(groups, results, strict=True):
            assert result.samples is not None
            found = self._clusters(result.samples, group.qubits)
            mean, variance = _means(group, [clusters for clusters, _ in found])
            values, variances = values + mean.to(like), variances + variance.to(like)
            facts.append([fact for _, fact in found])
        names = facts[0][0] if request.points else {}
        metadata = {name: [[fact[name] for fact in part] for part in facts] for name in names}
        return Result(values=values, variances=variances, metadata=metadata)

    def _distribution(self, request: Request, qubits: Sequence[int], result: Result) -> Result:
        def mitigate(outcomes: Outcomes) -> tuple[Bits, Floats, dict[str, Any]]:
            found, facts = self._clustered(outcomes, qubits)
            return found.bits, found.probabilities, {"distribution": found.distribution, **facts}

        assert result.samples is not None
        samples, facts = mitigated_samples(
            result.samples, mitigate, as_generator(request.generator)
        )
        return Result(samples=samples, metadata=facts)

    def _clusters(
        self, samples: Tensor, qubits: Sequence[int]
    ) -> list[tuple[Clusters, dict[str, Any]]]:
        return [self._clustered(Outcomes.of(point), qubits) for point in samples]

    def _clustered(
        self, outcomes: Outcomes, qubits: Sequence[int]
    ) -> tuple[Clusters, dict[str, Any]]:
        flips = self._flips(qubits)
        if flips is None:
            flips = flip_model(estimate_flip_rate(outcomes), outcomes.n_bits)
        found = q_cluster(outcomes, flips, max_clusters=self.max_clusters)
        return found, {
            "clusters": len(found.weights),
            "background": found.background,
            "flip_rate": float(flips[:, [0, 1], [1, 0]].mean()),
        }

    def _groups(self, request: Request) -> tuple[list[Group], Floats]:
        if self.p is not None:
            return groups_of(request.observables)
        used = {q for op in request.circuit.ops for q in op.qubits}
        used |= {q for observable in request.observables for q in observable.qubits}
        return groups_of(request.observables, sorted(used))

    def _flips(self, qubits: Sequence[int]) -> Floats | None:
        """Confusion matrices `(k, 2, 2)` of the measured bits; `None` if they are estimated."""
        if self.p is None:
            return None
        known = self.p.confusions(qubits) if isinstance(self.p, ReadoutCalibration) else self.p
        return flip_model(known, len(qubits))


def _means(group: Group, found: Sequence[Clusters]) -> tuple[Tensor, Tensor]:
    """Means and variances `(points, n_observables)` of what a group observes."""

    def observed(bits: Bits) -> Floats:
        return group.signs(bits) @ group.coefficients

    shape = (len(found), group.n_observables)
    pairs = [clusters.means(observed) for clusters in found]
    means = torch.as_tensor(np.array([mean for mean, _ in pairs]).reshape(shape))
    return means, torch.as_tensor(np.array([spread for _, spread in pairs]).reshape(shape))
