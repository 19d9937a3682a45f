"""Pauli channels, by probabilities and by rates."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, final

from circuits import gates as g
from circuits.errors import ArgumentTypeError, ChannelError, InvalidArgumentError, SymbolError
from circuits.gates.channels import anticommuting
from circuits.ops import Op
from circuits.symbols import Angle
from noise.channels.channel import Channel, Strength, strength

_TOLERANCE = 1e-9


@dataclass(frozen=True, init=False, repr=False)
class Labelled(Channel):
    """Pauli labels with a strength each, in alphabetical order."""

    strengths: tuple[tuple[str, Strength], ...]

    def _keep(self, given: Any, argument: str) -> None:
        if not isinstance(given, Mapping) or not all(isinstance(label, str) for label in given):
            raise ArgumentTypeError(
                f"Argument `{argument}` must map Pauli labels to strengths, such as "
                f"{{'XX': 0.01}}, got {type(given).__name__}: {given!r}."
            )
        if not given:
            raise InvalidArgumentError(f"Argument `{argument}` must not be empty.")
        kept = tuple((a, strength(given[a], f"{argument}[{a!r}]")) for a in sorted(given))
        object.__setattr__(self, "strengths", kept)
        self.on(*range(self.n_qubits))

    @property
    def n_qubits(self) -> int:
        return len(self.strengths[0][0])

    @abstractmethod
    def _op(self, *qubits: int) -> Op: ...

    def _zero(self) -> dict[str, float]:
        return {self.strengths[0][0]: 0.0}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict(self.strengths)!r})"


@final
@dataclass(frozen=True, init=False, repr=False)
class PauliChannel(Labelled):
    """A Pauli string is applied with its probability, nothing with what remains of one.

    rho -> (1 - sum_a p_a) rho + sum_a p_a P_a rho P_a. <P_j> is multiplied by 1 - 2 times the
    probabilities of the strings that anticommute with P_j.

    Scaled: these multipliers are raised to the power `factor`, if the result is a channel.

    Args:
        probabilities: From labels, character k on the k-th qubit, to numbers or expressions of
            symbols. The identity may be listed if the probabilities then add up to one.

    Raises:
        ChannelError: If a probability or their sum is out of [0, 1], or the identity's is not
            what remains.

    >>> PauliChannel({"XI": 0.1, "ZZ": 0.05}).on(3, 5)
    pauli_channel(0.1, 0.05, 'XI ZZ', 3, 5)
    """

    def __init__(self, probabilities: Mapping[str, Strength]) -> None:
        if isinstance(probabilities, Mapping):
            probabilities = _without_identity(dict(probabilities))
        self._keep(probabilities, "probabilities")

    @property
    def probabilities(self) -> dict[str, Strength]:
        """Probability of each label but the identity."""
        return dict(self.strengths)

    def _op(self, *qubits: int) -> Op:
        return g.pauli_channel(self.probabilities, *qubits)

    def _scaled(self, factor: float) -> PauliChannel:
        if any(isinstance(p, Angle) for _, p in self.strengths):
            raise SymbolError(
                f"`{self!r}` cannot be scaled before its symbols have values. Use PauliLindblad, "
                "whose rates scale linearly."
            )
        multipliers = self.transfer().diagonal().numpy()
        whole = float(factor).is_integer()
        if not whole and multipliers.min() < 0:
            raise ChannelError(
                f"`{self!r}` cannot be scaled by {factor}: it turns the sign of a Pauli "
                "expectation value, so that only integer powers exist."
            )
        labels = ["".join(reversed(p)) for p in itertools.product("IXYZ", repeat=self.n_qubits)]
        signs = 1 - 2 * anticommuting(" ".join(labels), self.n_qubits)
        raised = multipliers ** (int(factor) if whole else factor)
        found = dict(zip(labels, (signs @ raised / len(labels)).tolist(), strict=True))
        if min(found.values()) < -_TOLERANCE:
            raise ChannelError(
                f"`{self!r}` cannot be scaled by {factor}: its power would need the probability "
                f"{min(found.values()):.3g}."
            )
        kept = {a: p for a, p in found.items() if p > 1e-15 and set(a) != {"I"}}
        return PauliChannel(kept or self._zero())

    def _identity(self) -> Self:
        return type(self)(self._zero())


def _without_identity(given: dict[str, Strength]) -> dict[str, Strength]:
    """The probabilities but the identity's, which must be what remains."""
    label = next((a for a in given if isinstance(a, str) and a and set(a) == {"I"}), None)
    if label is None:
        return given
    own = given.pop(label)
    if isinstance(own, Angle) or any(isinstance(p, Angle) for p in given.values()):
        raise InvalidArgumentError(
            f"Leave the identity {label!r} out of `probabilities` with symbols: it has what "
            "remains of one."
        )
    rest = 1 - sum(float(p) for p in given.values())
    if abs(rest - float(own)) > _TOLERANCE:
        raise ChannelError(
            f"Probabilities that include the identity must add up to one: {label!r} has {own}, "
            f"the others leave {rest:.9g}."
        )
    return given or {"X" + label[1:]: 0.0}


@final
@dataclass(frozen=True, init=False, repr=False)
class PauliLindblad(Labelled):
    """The exponential of the generator rho -> sum_a lambda_a (P_a rho P_a - rho).

    <P_j> is multiplied by exp(-2 sum of lambda_a over the strings that anticommute with P_j). One
    string is applied with probability (1 - e^(-2 lambda)) / 2, independently of the others.

    Scaled: rates times factor.

    Args:
        rates: From labels, character k on the k-th qubit, to numbers >= 0 or expressions.

    Raises:
        ChannelError: If a rate is negative.

    References:
        van den Berg, Minev, Kandala, Temme, Nature Physics 19, 1116 (2023), equation 1.

    >>> PauliLindblad({"XX": 0.1, "IZ": 0.2}).scaled(2)
    PauliLindblad({'IZ': 0.4, 'XX': 0.2})
    """

    def __init__(self, rates: Mapping[str, Strength]) -> None:
        self._keep(rates, "rates")

    @property
    def rates(self) -> dict[str, Strength]:
        """Rate of each label."""
        return dict(self.strengths)

    def _op(self, *qubits: int) -> Op:
        return g.pauli_lindblad(self.rates, *qubits)

    def _scaled(self, factor: float) -> PauliLindblad:
        return PauliLindblad({a: factor * rate for a, rate in self.strengths})

    def _identity(self) -> PauliLindblad:
        return PauliLindblad(self._zero())
