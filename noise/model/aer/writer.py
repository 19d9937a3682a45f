"""`to_aer`: the errors of an Aer noise model from rules."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

from qiskit.circuit import Delay
from qiskit_aer.noise import NoiseModel as AerNoiseModel
from qiskit_aer.noise import ReadoutError, RelaxationNoisePass

from circuits.errors import ConversionError, SymbolError
from circuits.gates import TABLE, gate_named
from circuits.gates.record import Gate
from circuits.machines.machine import Qubits
from circuits.ops import Op
from noise.model.aer.errors import to_error
from noise.model.lookup import Lookup
from noise.model.model import NoiseModel
from noise.model.rules import ONLY_BY_NAME, Rule

_FAR = 10**6
"""A qubit that no rule names: what happens there happens everywhere else."""


def to_aer(model: NoiseModel, n_qubits: int | None) -> AerNoiseModel:
    """See `NoiseModel.to_aer`."""
    if model.parameters:
        names = ", ".join(group.name for group in model.parameters)
        raise SymbolError(f"Strengths are symbols ({names}): give them numbers with `bind` first.")
    size = model.n_qubits if n_qubits is None else n_qubits
    basis = [gate_named(name).qiskit or name for name in model.basis_gates or ()]
    result = AerNoiseModel(basis_gates=basis or None)
    lookup = Lookup(model.rules, {}, ())
    for gate in _gates(model):
        _check(gate)
        rules = [rule for rule in model.rules if rule.applies_to(gate)]
        _add_errors(result, gate, rules, lookup, size)
    for qubit, matrix in sorted(model.readout.items()):
        result.add_readout_error(ReadoutError(matrix.tolist()), [qubit])
    if model.idle:
        result._custom_noise_passes.append(_idle_pass(model, size))
    return result


def _gates(model: NoiseModel) -> list[Gate]:
    """The gates that rules are about; all of the table for a rule about every gate."""
    names: dict[str, None] = {}
    for rule in model.rules:
        if rule.gates is not None:
            names.update(dict.fromkeys(rule.gates))
        elif model.basis_gates is not None:
            names.update(dict.fromkeys(model.basis_gates))
        else:
            fixed = (g for g in TABLE.values() if g.n_qubits and g.qiskit and g.block is not None)
            names.update({g.name: None for g in fixed if g.name not in ONLY_BY_NAME})
    return [gate_named(name) for name in names]


def _check(gate: Gate) -> None:
    if not gate.qiskit or gate.n_qubits is None:
        raise ConversionError(
            f"Aer has no noise for the gate `{gate.name}` as such. Write rules for the gates that "
            "it is made of."
        )


def _add_errors(
    result: AerNoiseModel, gate: Gate, rules: list[Rule], lookup: Lookup, size: int | None
) -> None:
    """The error of a gate for all qubits, and for each tuple where it is another one.

    In Aer an error for particular qubits replaces the one for all qubits, so it holds everything.
    """
    width = gate.n_qubits or 0
    anywhere = tuple(range(_FAR, _FAR + width))
    common = lookup(Op(gate, anywhere))[0]
    if common:
        result.add_all_qubit_quantum_error(to_error(common, anywhere), gate.qiskit)
    for where in _special_places(rules, width, size):
        own = lookup(Op(gate, where))[0]
        if own:
            error = to_error(own, where)
            result.add_quantum_error(error, gate.qiskit, list(where), warnings=False)
        elif common:
            raise ConversionError(
                f"The noise model leaves `{gate.name}` on {where} without noise and gives it noise "
                "elsewhere. Aer cannot say that: write the places out with `qubits=[...]`."
            )


def _special_places(rules: Iterable[Rule], width: int, size: int | None) -> list[Qubits]:
    """Qubit tuples on which the noise may differ from that elsewhere."""
    places: set[Qubits] = set()
    for rule in rules:
        places.update(t for t in (rule.exact or ()) if len(t) == width)
        places.update(t for t in rule.except_for if len(t) == width)
        if rule.touched is None:
            continue
        if width == 1:
            places.update((q,) for q in rule.touched)
        elif size is None:
            raise ConversionError(
                f"The rule `{rule}` is about single qubits of gates on {width}, and the model does "
                "not know how many qubits there are: pass `to_aer(n_qubits=...)`."
            )
        else:
            everywhere = itertools.permutations(range(size), width)
            places.update(t for t in everywhere if not rule.touched.isdisjoint(t))
    return sorted(places)


def _idle_pass(model: NoiseModel, size: int | None) -> RelaxationNoisePass:
    idle = model.idle
    count = max(max(idle) + 1, size or 0)
    times = [idle.get(q) for q in range(count)]
    return RelaxationNoisePass(
        t1s=[math.inf if one is None else float(one.t1) for one in times],
        t2s=[math.inf if one is None else float(one.t2) for one in times],
        op_types=Delay,
        excited_state_populations=[0.0 if one is None else float(one.population) for one in times],
    )
