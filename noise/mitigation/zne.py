"""Zero-noise extrapolation: measure at stronger noise, extrapolate to none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, final

import torch
from torch import Tensor

from circuits.circuit import Circuit
from circuits.errors import InvalidArgumentError
from circuits.execution import Backend, Request, Result, as_generator
from circuits.finite import can_look
from circuits.gates.table import gate_named
from circuits.ops import Op
from circuits.remembered import Remembered
from noise.mitigation.base import Mitigation, derive, refuse_samples, split_shots, values_of
from noise.mitigation.extrapolation import Extrapolator, as_extrapolator, check_factors
from noise.mitigation.folding import Folded, fold_gates, fold_global, insert_identities
from noise.mitigation.scaling import FACTOR, NoiseScaling

TAG = "zne_factor"
FOLDS = ("global", "gates", "random", "identity", "scale")
_KEPT = 32  # circuits whose folds are remembered


@final
class ZNE(Mitigation):
    """Run at noise factors f_1 < f_2 < ..., fit the values, and read the fit at f = 0.

    `request.shots` is the total for one mitigated value; it is split over the factors as the
    extrapolator says (equally, or by the coefficients' sizes where the estimate is linear). The
    cost is one circuit per factor, in one job; an adaptive extrapolator adds one job per step.
    Exact probabilities of qubits are extrapolated entry by entry and may leave [0, 1].

    Metadata of a result: `factors` (those really reached, which the fit uses), `raw` (values at
    the factors, `(k, points, m)`, detached), `invalid` (how many values the extrapolator could
    not fit and took from a line; not inside transforms of `torch.func`), `circuits`, `shots`.

    Args:
        backend: Where to run, for example `noise.PauliTransfer(model)`.
        factors: Noise factors, different, at least 1; enough for the extrapolator. 1 need not be
            among them.
        fold: How noise is made stronger, always after lowering:
            `"global"`: the whole circuit forth and back; `"gates"`: every gate forth and back;
            `"random"`: likewise, the gates of a fractional part drawn at random; `"identity"`:
            rows of `id`; `"scale"`: the noise model itself, on simulators that have one.
        extrapolator: A name, an `Extrapolator`, or a list of them in order of preference.
        gates: With `"gates"` and `"random"`: only fold gates of these names, for example
            `("cx",)`.
        seed: With `"random"`: source of randomness; default the generator of the request. An
            integer draws the same gates every time.

    Raises:
        InvalidArgumentError: If factors repeat, are below 1 or too few, or an option has no effect.

    References:
        Temme, Bravyi, Gambetta, PRL 119, 180509 (2017); Giurgica-Tiron et al., IEEE QCE 2020, 306.

    >>> from circuits import StateVector
    >>> ZNE(StateVector("torch"), extrapolator="linear")
    ZNE(StateVector(engine=torch), factors=(1.0, 3.0, 5.0), fold='global', extrapolator=Linear())
    """

    def __init__(
        self,
        backend: Backend,
        factors: Sequence[float] = (1, 3, 5),
        fold: str = "global",
        extrapolator: str | Extrapolator | Sequence[str | Extrapolator] = "richardson",
        *,
        gates: Collection[str] | None = None,
        seed: torch.Generator | int | None = None,
    ) -> None:
        if fold not in FOLDS:
            raise InvalidArgumentError(f"Argument `fold` must be one of {FOLDS}, got {fold!r}.")
        super().__init__(NoiseScaling(backend) if fold == "scale" else backend)
        self.extrapolator = as_extrapolator(extrapolator)
        self.factors = check_factors(factors, self.extrapolator.minimum, repr(self.extrapolator))
        self.fold = fold
        self.gates = _check_gates(gates, fold)
        if seed is not None and fold != "random":
            raise InvalidArgumentError(
                f'Argument `seed` has no effect with fold={fold!r}: only "random" draws gates.'
            )
        self.seed = seed
        if seed is not None:
            as_generator(seed)
        self.deterministic = backend.deterministic and (fold != "random" or seed is not None)
        self._folds = Remembered[list[Folded]](_KEPT)

    def __repr__(self) -> str:
        inner = self.backend.backend if isinstance(self.backend, NoiseScaling) else self.backend
        options = [f"factors={self.factors}", f"fold={self.fold!r}",
                   f"extrapolator={self.extrapolator!r}"]  # fmt: skip
        if self.gates is not None:
            options.append(f"gates={self.gates}")
        if self.seed is not None:
            options.append(f"seed={self.seed!r}")
        return f"ZNE({inner!r}, {', '.join(options)})"

    def prepare(self, request: Request) -> list[Request]:
        refuse_samples(request, "ZNE")
        shares = self.extrapolator.shares(self.factors)
        extra = self.extrapolator.rounds
        shares += [sum(shares) / len(shares)] * extra
        shots = split_shots(request.shots, shares, name="noise factors")
        folded = self._all_folded(request)
        _check_reached(folded, self.factors, self.extrapolator)
        return [
            self._request(request, one, number) for one, number in zip(folded, shots, strict=False)
        ]

    def more(self, request: Request, results: Sequence[Result]) -> list[Request]:
        step = len(results) - len(self.factors)
        if step >= self.extrapolator.rounds:
            return []
        values, variances = values_of(results, "ZNE")
        reached = _factors(results)
        factor = self.extrapolator.next_factor(reached.to(values), values, variances)
        if factor is None:
            return []
        folded = self._folded(request, factor, self._source(request))
        if bool((reached - folded.factor).abs().min() < 1e-9):
            return []
        shares = self.extrapolator.shares(self.factors)
        shares += [sum(shares) / len(shares)] * self.extrapolator.rounds
        shots = split_shots(request.shots, shares, name="noise factors")
        return [self._request(request, folded, shots[len(results)])]

    def combine(self, request: Request, results: Sequence[Result]) -> Result:
        values, variances = values_of(results, "ZNE")
        factors = _factors(results).to(values)
        found = self.extrapolator.extrapolate(factors, values, variances)
        facts: dict[str, Any] = {
            "factors": tuple(float(result.metadata[TAG]) for result in results),
            "raw": values.detach(),
        }
        if can_look(found.valid):
            facts["invalid"] = int((~found.valid).sum())
        return Result(values=found.values, variances=found.variances, metadata=facts)

    def _request(self, request: Request, folded: Folded, shots: int | None) -> Request:
        tags = {TAG: folded.factor}
        if self.fold == "scale":
            tags[FACTOR] = folded.factor
        return derive(request, circuit=folded.circuit, shots=shots, tags=tags)

    def _all_folded(self, request: Request) -> list[Folded]:
        """One circuit per factor: the same objects for the same circuit, unless they are drawn."""

        def fold() -> list[Folded]:
            draw = self._source(request)
            return [self._folded(request, factor, draw) for factor in self.factors]

        if self.fold == "random" and not isinstance(self.seed, int):
            return fold()
        options = self.factors, self.fold, self.gates, self.seed
        return self._folds.of((self.backend, request.circuit), options, fold)

    def _source(self, request: Request) -> torch.Generator | None:
        """Where gates are drawn from: the seed, else the generator of the request."""
        return as_generator(request.generator if self.seed is None else self.seed)

    def _folded(self, request: Request, factor: float, generator: torch.Generator | None) -> Folded:
        circuit = request.circuit

        def native(ops: tuple[Op, ...]) -> bool:
            alone = _alone(request, ops)
            return self.backend.lower(alone).circuit == alone.circuit

        methods: dict[str, Callable[[], Folded]] = {
            "global": lambda: fold_global(circuit, factor, native=native),
            "gates": lambda: fold_gates(circuit, factor, names=self.gates, native=native),
            "random": lambda: fold_gates(
                circuit, factor, names=self.gates, random=True, generator=generator, native=native
            ),
            "identity": lambda: insert_identities(circuit, factor, native=native),
            "scale": lambda: Folded(circuit, factor),
        }
        return methods[self.fold]()


def _alone(request: Request, ops: tuple[Op, ...]) -> Request:
    """One exact point of a circuit of other ops on the same qubits."""
    circuit = Circuit(request.circuit.n_qubits, ops)
    values = request.values.new_zeros(1, circuit.n_inputs + circuit.n_weights)
    return derive(request, circuit=circuit, values=values, shots=None)


def _factors(results: Sequence[Result]) -> Tensor:
    return torch.tensor([float(result.metadata[TAG]) for result in results], dtype=torch.float64)


def _check_gates(gates: Collection[str] | None, fold: str) -> tuple[str, ...] | None:
    if gates is None:
        return None
    if fold not in ("gates", "random"):
        raise InvalidArgumentError(
            f'Argument `gates` has no effect with fold={fold!r}: only "gates" and "random" choose.'
        )
    names = (gates,) if isinstance(gates, str) else tuple(gates)
    for name in names:
        gate_named(name)
    return names


def _check_reached(
    folded: Sequence[Folded], factors: Sequence[float], extrapolator: Extrapolator
) -> None:
    """Refuse factors that fall together because the circuit has too few gates."""
    reached = {round(one.factor, 9) for one in folded}
    if len(reached) < len(factors):
        raise InvalidArgumentError(
            f"Argument `factors` {tuple(factors)}: this circuit has so few gates that only the "
            f"factors {sorted(reached)} are reached, and {extrapolator!r} needs different ones. "
            "Odd integers are always reached."
        )
