"""Channels, symbols and qubits as JSON values, and the checks of what is read."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from circuits.errors import NoiseFileError
from circuits.gates.transfer import MAX_QUBITS
from circuits.symbols import KINDS, Angle, Group, Symbol
from noise import channels
from noise.channels import Channel
from noise.model.arguments import arguments
from noise.model.idle import Idle

CLASSES: dict[str, type[Channel]] = {
    kind.__name__: kind
    for kind in vars(channels).values()
    if inspect.isclass(kind) and issubclass(kind, Channel) and not inspect.isabstract(kind)
}
"""The channels that a file may hold, by name."""

MAX_TERMS = 10_000
MAX_DEGREE = 64

T = TypeVar("T")


def expect(value: Any, kind: type[T], name: str) -> T:
    """The value, if it has exactly the type.

    Raises:
        NoiseFileError: Otherwise.
    """
    if type(value) is not kind:
        raise NoiseFileError(
            f"`{name}` of a noise model must be {kind.__name__}, got {type(value).__name__}."
        )
    return value


def expect_keys(given: Mapping[str, Any], keys: Sequence[str], name: str) -> None:
    """Refuse missing and unknown keys."""
    if set(given) != set(keys):
        wrong = sorted(set(given) ^ set(keys))
        raise NoiseFileError(f"`{name}` must have the keys {', '.join(keys)}; wrong: {wrong}.")


def real(value: Any, name: str) -> float:
    """A finite number."""
    if type(value) not in (int, float) or not math.isfinite(value):
        raise NoiseFileError(f"`{name}` of a noise model must be a finite number, got {value!r}.")
    return float(value)


def qubits(value: Any, largest: int) -> tuple[int, ...]:
    """A list of qubits."""
    for q in expect(value, list, "qubits"):
        if expect(q, int, "qubits") < 0 or q > largest:
            raise NoiseFileError(f"Qubits of a noise model lie in 0 to {largest}, got {q}.")
    return tuple(value)


# === symbols ===


def encode_group(group: Group) -> dict[str, Any]:
    """A group of symbols with the identity of its declaration."""
    return {
        "kind": group.kind, "name": group.name, "shape": list(group.shape), "token": group.token,
    }  # fmt: skip


class Symbols:
    """The groups of a file; strengths refer to them by position."""

    def __init__(self, given: Sequence[Any]) -> None:
        self.groups = [self._group(entry) for entry in given]
        self.names = {(group.kind, group.name) for group in self.groups}

    def _group(self, given: Any) -> Group:
        expect_keys(expect(given, dict, "groups"), ["kind", "name", "shape", "token"], "groups")
        name, kind = expect(given["name"], str, "name"), expect(given["kind"], str, "kind")
        token = expect(given["token"], str, "token")
        shape = tuple(expect(n, int, "shape") for n in expect(given["shape"], list, "shape"))
        sound = name.isidentifier() and kind in KINDS and len(token) <= 64
        if not sound or any(n < 1 for n in shape) or math.prod(shape) > 10**7:
            raise NoiseFileError(f"A group of symbols is malformed: {given!r:.200}.")
        return Group(kind, name, shape, token)

    def symbol(self, given: Any) -> Symbol:
        """The symbol that a pair of group and index stands for."""
        where, index = expect(given, list, "symbol")
        if not 0 <= expect(where, int, "symbol") < len(self.groups):
            raise NoiseFileError(f"There is no group of symbols at position {where}.")
        group = self.groups[where]
        if not 0 <= expect(index, int, "symbol") < group.size:
            raise NoiseFileError(f"The group {group.name!r} has no entry {index}.")
        return Symbol(group, index)


# === strengths ===


def _encode(value: Any, groups: list[Group]) -> Any:
    if isinstance(value, Angle):
        terms = [
            [c, [[groups.index(s.group), s.index] for s in product]] for c, product in value.terms
        ]
        return {"constant": value.constant, "terms": terms}
    if isinstance(value, np.ndarray):
        if np.iscomplexobj(value):
            return {"shape": list(value.shape), "real": value.real.ravel().tolist(),
                    "imag": value.imag.ravel().tolist()}  # fmt: skip
        return {"shape": list(value.shape), "real": value.ravel().tolist()}
    if isinstance(value, Mapping):
        return {"labels": {label: _encode(v, groups) for label, v in value.items()}}
    return "inf" if value == math.inf else value


def _decode(value: Any, symbols: Symbols) -> Any:
    if type(value) is not dict:
        if value == "inf":
            return math.inf
        return value if type(value) in (str, int) else real(value, "a strength")
    if set(value) == {"labels"}:
        labels = expect(value["labels"], dict, "labels")
        return {label: _decode(v, symbols) for label, v in labels.items()}
    if set(value) == {"constant", "terms"}:
        return _angle(value, symbols)
    shape = qubits(value.get("shape"), 2**20)
    parts = []
    for name in [name for name in ("real", "imag") if name in value]:
        numbers = [real(v, name) for v in expect(value[name], list, name)]
        parts.append(np.array(numbers, dtype=np.float64).reshape(shape))
    expect_keys(value, ["shape", *("real", "imag")[: len(parts)]], "an array")
    return parts[0] if len(parts) == 1 else parts[0] + 1j * parts[1]


def _angle(value: Mapping[str, Any], symbols: Symbols) -> Angle:
    total = Angle(real(value["constant"], "constant"))
    terms = expect(value["terms"], list, "terms")
    if len(terms) > MAX_TERMS:
        raise NoiseFileError(f"A strength may have {MAX_TERMS} terms, got {len(terms)}.")
    collected = []
    for term in terms:
        coefficient, product = expect(term, list, "terms")
        if not 0 < len(expect(product, list, "terms")) <= MAX_DEGREE:
            raise NoiseFileError(f"A term has 1 to {MAX_DEGREE} symbols, got {len(product)}.")
        found = sorted(map(symbols.symbol, product), key=lambda s: s.sort_key)
        collected.append((real(coefficient, "coefficient"), tuple(found)))
    return total + Angle(0.0, tuple(collected))


# === channels ===


def encode_arguments(item: Channel | Idle, groups: Sequence[Group] = ()) -> dict[str, Any]:
    """Constructor arguments by name."""
    return {name: _encode(value, list(groups)) for name, value in arguments(item).items()}


def decode_arguments(given: Mapping[str, Any], symbols: Symbols) -> dict[str, Any]:
    """Constructor arguments by name, decoded."""
    width = given.get("n_qubits", 1)
    if type(width) is not int or not 1 <= width <= MAX_QUBITS:
        raise NoiseFileError(f"A channel acts on 1 to {MAX_QUBITS} qubits, got {width!r}.")
    return {name: _decode(value, symbols) for name, value in given.items()}


def encode_channel(channel: Channel, groups: Sequence[Group] = ()) -> dict[str, Any]:
    """Class and arguments."""
    return {"class": type(channel).__name__, "arguments": encode_arguments(channel, groups)}


def decode_channel(given: Any, symbols: Symbols) -> Channel:
    """The channel, made by its constructor."""
    expect_keys(expect(given, dict, "channel"), ["class", "arguments"], "channel")
    name = expect(given["class"], str, "class")
    if name not in CLASSES:
        raise NoiseFileError(f"There is no channel {name!r}; there are: {', '.join(CLASSES)}.")
    return CLASSES[name](**decode_arguments(expect(given["arguments"], dict, "arguments"), symbols))
