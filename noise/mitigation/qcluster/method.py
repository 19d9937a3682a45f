"""`QCluster`: a backend whose samples have their bit flips undone by clustering."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

import numpy as np

from circuits.arguments import integer
from circuits.errors import UnsupportedOperationError
from circuits.execution import Backend, Request, Result, as_generator
from noise.mitigation.base import Mitigation
from noise.mitigation.qcluster.clustering import flip_model, q_cluster
from noise.mitigation.qcluster.flip_rate import estimate_flip_rate
from noise.mitigation.readout.calibration import ReadoutCalibration
from noise.mitigation.readout.mitigated_samples import mitigated_samples
from noise.mitigation.readout.outcomes import Bits, Floats, Outcomes


@final
class QCluster(Mitigation):
    """Samples with independent bit flips undone, for circuits with few likely outcomes.

    See `q_cluster` for the method and its limits: outputs of high entropy are returned nearly as
    they were measured. Wrap twirled backends, so that errors are close to flips. Of samples come
    as many samples, in the numbers nearest to the mitigated distribution and in random order, and
    as metadata, one entry per point:

    * `distribution`: bitstring to probability;
    * `clusters`: how many; `background`: the probability that none of them explains;
    * `flip_rate`: the mean rate that was used.

    Args:
        backend: Where the circuits run; requests must be for samples.
        p: Probability in [0, 0.5) that a bit flips: one number, one per measured bit, or a
            `ReadoutCalibration` (then the directions may differ). `None` estimates one rate from
            each point's samples (`estimate_flip_rate`).
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
        if request.qubits is None or request.shots is None:
            raise UnsupportedOperationError(
                "QCluster works on samples: request `qubits` with `shots`. For expectation values "
                "use ReadoutInverse, TREX or ZNE."
            )
        self._flips(request.qubits)
        return [request]

    def combine(self, request: Request, results: Sequence[Result]) -> Result:
        assert request.qubits is not None
        assert results[0].samples is not None
        known = self._flips(request.qubits)

        def mitigate(outcomes: Outcomes) -> tuple[Bits, Floats, dict[str, Any]]:
            flips = known
            if flips is None:
                flips = flip_model(estimate_flip_rate(outcomes), outcomes.n_bits)
            found = q_cluster(outcomes, flips, max_clusters=self.max_clusters)
            facts = {
                "distribution": found.distribution,
                "clusters": len(found.weights),
                "background": found.background,
                "flip_rate": float(flips[:, [0, 1], [1, 0]].mean()),
            }
            return found.bits, found.probabilities, facts

        samples, facts = mitigated_samples(
            results[0].samples, mitigate, as_generator(request.generator)
        )
        return Result(samples=samples, metadata=facts)

    def _flips(self, qubits: Sequence[int]) -> Floats | None:
        """Confusion matrices `(k, 2, 2)` of the measured bits; `None` if they are estimated."""
        if self.p is None:
            return None
        known = self.p.confusions(qubits) if isinstance(self.p, ReadoutCalibration) else self.p
        return flip_model(known, len(qubits))
