"""`PEC`: sample circuits whose weighted average has no noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import final

from circuits.arguments import integer, number
from circuits.errors import InvalidArgumentError, ResourceLimitError
from circuits.execution import Backend, Request, Result, Seed, as_generator
from noise.mitigation.base import Mitigation, derive, refuse_samples, values_of
from noise.mitigation.cdr import CDR
from noise.mitigation.pec.noisy import NoiseSource, noise_of
from noise.mitigation.pec.sites import Site, find_sites, inserted
from noise.mitigation.pec.weighting import Draw, draw, enumerate_all, shots_for, spread_of
from noise.mitigation.pulses import native_paulis
from noise.mitigation.twirling import PauliTwirling
from noise.mitigation.zne import ZNE

_MOST_ENUMERATED = 4096


@final
class PEC(Mitigation):
    """Probabilistic error cancellation.

    The inverse of the noise N_g behind each gate g is written as a mixture with coefficients of
    either sign of operations that the machine can do: Paulis and resets to |0> and |1>,

        N_g^-1 = sum_b c_b B_b,    gamma_g = sum_b |c_b|,

    where B_b holds the noise of the inserted gates. A sample inserts behind every noisy gate one
    operation with probability |c_b| / gamma_g; its value counts with the product of signs times
    gamma = prod_g gamma_g. The average over samples is the noiseless value; its standard error
    grows by gamma, and the number of samples for a given one by gamma^2.

    The circuit without insertions, the likeliest one, is run with its exact coefficient and only
    the others are sampled, which keeps the average and lowers the variance. Equal samples are run
    once, shots are divided in proportion to the coefficients, and all points of a request share
    the samples, so their errors are correlated. Readout errors are not cancelled: put a readout
    method inside. Channels that the circuit holds itself are part of what is computed.

    With `PauliTwirling` as the inner backend, the noise of two-qubit gates is taken as twirled,
    which Paulis alone cancel (the noise of the twirling Paulis themselves is left).

    Args:
        backend: Where the sampled circuits run.
        noise_model: Knows the channels behind each gate (`channels_for(op)`); by default that of
            the backend.
        n_samples: Number of samples besides the circuit without insertions, at least 2, or
            `"all"`: every combination with its coefficient, which is exact (at most 4096
            circuits).
        resets: Whether resets may be inserted; without them only Pauli noise can be cancelled.
        max_overhead: Refuse circuits whose gamma^2 is larger.
        seed: Source of the samples: an integer repeats them in every run. By default they come
            from the request's generator.

    Raises:
        InvalidArgumentError: If there is no noise model, a number is out of range, or the backend
            removes the noise of gates itself.

    References:
        Temme, Bravyi, Gambetta, Phys. Rev. Lett. 119, 180509 (2017); Endo, Benjamin, Li, Phys.
        Rev. X 8, 031027 (2018), section IV.
    """

    def __init__(
        self,
        backend: Backend,
        noise_model: NoiseSource | None = None,
        *,
        n_samples: int | str = 1000,
        resets: bool = True,
        max_overhead: float = 100.0,
        seed: Seed = None,
    ) -> None:
        super().__init__(backend)
        _refuse_corrected(backend)
        as_generator(seed)
        source = noise_of(backend) if noise_model is None else noise_model
        if not callable(getattr(source, "channels_for", None)):
            raise InvalidArgumentError(
                "Argument `noise_model` must have a method `channels_for(op)` like "
                f"noise.NoiseModel, got {type(source).__name__}: {source!r}."
            )
        if number(max_overhead, "max_overhead") < 1:
            raise InvalidArgumentError(
                f"Argument `max_overhead` must be at least 1, got {max_overhead}."
            )
        self.noise_model = source
        self.n_samples = n_samples if n_samples == "all" else integer(n_samples, "n_samples", 2)
        self.resets = resets
        self.max_overhead = float(max_overhead)
        self.seed = seed

    def __repr__(self) -> str:
        return f"PEC({self.backend!r}, n_samples={self.n_samples!r})"

    def prepare(self, request: Request) -> list[Request]:
        refuse_samples(request, "PEC")
        sites = self._sites(request)
        gamma = math.prod(site.quasi.gamma for site in sites)
        drawn = self._draw(request, sites, gamma)
        shots = shots_for(drawn.weights, request.shots)
        return [
            derive(
                request,
                circuit=inserted(request.circuit, sites, row),
                shots=part,
                tags={"pec_weight": weight, "pec_count": count, "pec_gamma": gamma},
            )
            for row, weight, count, part in zip(
                drawn.choices, drawn.weights, drawn.counts, shots, strict=True
            )
        ]

    def combine(self, request: Request, results: Sequence[Result]) -> Result:
        values, variances = values_of(results, "PEC")
        facts = [result.metadata for result in results]
        weights = values.new_tensor([fact["pec_weight"] for fact in facts])[:, None, None]
        counts = values.new_tensor([fact["pec_count"] for fact in facts])[:, None, None]
        gamma = facts[0]["pec_gamma"]
        return Result(
            values=(weights * values).sum(dim=0),
            variances=spread_of(values, variances, weights, counts),
            metadata={"gamma": gamma, "overhead": gamma**2, "samples": int(counts.sum())},
        )

    def overhead(self, request: Request) -> float:
        """gamma^2 of a request: how many times more samples an error bar costs.

        Args:
            request: The request, lowered or not.
        """
        return math.prod(site.quasi.gamma for site in self._sites(self.lower(request))) ** 2

    def _sites(self, request: Request) -> list[Site]:
        paulis = native_paulis(self.backend, request.circuit.n_qubits)
        twirled = isinstance(self.backend, PauliTwirling)
        gates = self.backend.gates if isinstance(self.backend, PauliTwirling) else None
        return find_sites(
            request.circuit,
            self.noise_model,
            paulis,
            resets=self.resets,
            twirled=(gates or ()) if twirled else None,
        )

    def _draw(self, request: Request, sites: list[Site], gamma: float) -> Draw:
        quasi = [site.quasi for site in sites]
        if gamma**2 > self.max_overhead:
            raise ResourceLimitError(
                f"PEC of this circuit has gamma = {gamma:.4g}: it would need gamma^2 = "
                f"{gamma**2:.4g} times the samples, above `max_overhead` = {self.max_overhead:g}. "
                "Use a shorter circuit, less noise, or raise the limit."
            )
        if self.n_samples == "all":
            return enumerate_all(quasi, _MOST_ENUMERATED)
        generator = as_generator(self.seed)
        source = request.generator if generator is None else generator
        assert not isinstance(source, int)
        return draw(quasi, int(self.n_samples), source)


def _refuse_corrected(backend: Backend) -> None:
    """Refuse backends that remove the noise which would be cancelled, at any depth."""
    inner: object = backend
    while isinstance(inner, Mitigation):
        if isinstance(inner, (CDR, PEC, ZNE)):
            name = type(inner).__name__
            raise InvalidArgumentError(
                f"Argument `backend` holds {name}, which removes the noise of the gates; PEC would "
                f"cancel it once more. Exchange them: {name}(PEC(...))."
            )
        inner = inner.backend
