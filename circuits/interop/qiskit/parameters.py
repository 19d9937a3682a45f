"""Which parameter of a Qiskit circuit is which input or weight."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.parametervector import ParameterVectorElement

from circuits.errors import ArgumentTypeError, ConversionError
from circuits.symbols import Angle, inputs, weights


def declare_symbols(
    circuit: QuantumCircuit, input_params: Any, weight_params: Any
) -> dict[str, Angle]:
    """An angle for every parameter of the circuit, by the parameter's name.

    The arguments are those of `from_qiskit`.

    Raises:
        ConversionError: If a parameter is named twice, is not in the circuit, or is left over.
    """
    names = Names(circuit)
    groups = [
        *_groups(inputs, "x", "input_params", input_params, names),
        *_groups(weights, "weight", "weight_params", weight_params, names),
    ]
    if weight_params is None:
        taken = {p.name for _, _, members in groups for p in members}
        rest = [p for p in circuit.parameters if p.name not in taken]
        groups.append((weights, ("weight", False), rest))
    symbols: dict[str, Angle] = {}
    for make, (group, scalar), members in groups:
        if not members:
            continue
        array = [make(name=group)] if scalar else make(len(members), name=group)
        for parameter, angle in zip(members, array, strict=True):
            if parameter.name in symbols:
                raise ConversionError(
                    f"The parameter {parameter.name!r} is named twice in `input_params` and "
                    "`weight_params`; name each parameter once."
                )
            symbols[parameter.name] = angle
    left_over = [p.name for p in circuit.parameters if p.name not in symbols]
    if left_over:
        raise ConversionError(
            f"Parameters of the circuit are neither in `input_params` nor in `weight_params`: "
            f"{', '.join(left_over)}. Name them, or leave `weight_params` out to make all others "
            "weights."
        )
    return symbols


class Names:
    """The parameters of a circuit, looked up by object or name."""

    def __init__(self, circuit: QuantumCircuit) -> None:
        self.parameters: dict[str, Parameter] = {p.name: p for p in circuit.parameters}
        self.vectors: dict[str, ParameterVector] = {
            p.vector.name: p.vector
            for p in circuit.parameters
            if isinstance(p, ParameterVectorElement)
        }

    def find(self, item: Any, argument: str) -> list[Parameter]:
        """The parameters that one entry of an argument means."""
        if isinstance(item, str) and item not in self.parameters:
            item = self.vectors.get(item, item)
        if isinstance(item, ParameterVector) and any(p in self for p in item):
            return list(item)
        if isinstance(item, Parameter) and item in self:
            return [item]
        if isinstance(item, str) and item in self.parameters:
            return [self.parameters[item]]
        if not isinstance(item, str | Parameter | ParameterVector):
            raise ArgumentTypeError(
                f"Argument `{argument}` must hold Parameters, ParameterVectors or names, got "
                f"{type(item).__name__}: {item!r}."
            )
        name = item if isinstance(item, str) else item.name
        known = [*self.parameters, *self.vectors]
        close = difflib.get_close_matches(name, known, n=3)
        text = f"Argument `{argument}` names {name!r}, which is not a parameter of the circuit."
        if name in known:
            text += " The circuit has another parameter of that name; pass that one, or the name."
        elif close:
            text += f" Did you mean {', '.join(close)}?"
        raise ConversionError(text)

    def __contains__(self, parameter: Parameter) -> bool:
        return self.parameters.get(parameter.name) == parameter


def _groups(
    make: Any, default: str, argument: str, given: Any, names: Names
) -> list[tuple[Any, tuple[str, bool], list[Parameter]]]:
    """Constructor, (group name, whether it is one symbol), members."""
    if given is None:
        return []
    if not isinstance(given, Mapping):
        return [(make, (default, False), _members(given, argument, names))]
    groups = []
    for name, item in given.items():
        members = _members(item, argument, names)
        scalar = isinstance(item, Parameter) or (isinstance(item, str) and item in names.parameters)
        groups.append((make, (name, scalar), members))
    return groups


def _members(given: Any, argument: str, names: Names) -> list[Parameter]:
    items = list(given) if _is_collection(given) else [given]
    return [p for item in items for p in names.find(item, argument)]


def _is_collection(given: Any) -> bool:
    return isinstance(given, Iterable) and not isinstance(given, str | Parameter | ParameterVector)
