"""`from_aer`: rules from the errors of an Aer noise model."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from qiskit.circuit import Delay
from qiskit_aer.noise import NoiseModel as AerNoiseModel
from qiskit_aer.noise import RelaxationNoisePass

from circuits.errors import ArgumentTypeError, ConversionError, KetworkError
from circuits.gates import TABLE
from circuits.machines.records import NEVER_NOISY
from noise.model.aer.errors import to_channel
from noise.model.model import NoiseModel
from noise.model.rules import Rule

_NAMES = {
    gate.qiskit: gate.name
    for gate in TABLE.values()
    if gate.qiskit and not gate.is_channel and gate.name not in NEVER_NOISY
}


def from_aer(noise_model: Any, n_qubits: int | None, strict: bool) -> NoiseModel:
    """See `NoiseModel.from_aer`."""
    if not isinstance(noise_model, AerNoiseModel):
        raise ArgumentTypeError(
            f"Argument `noise_model` must be a qiskit_aer.noise.NoiseModel, got "
            f"{type(noise_model).__name__}."
        )
    lost: list[str] = []
    rules, known = _gate_rules(noise_model, lost)
    basis = [_NAMES[name] for name in noise_model.basis_gates if name in _NAMES]
    model = NoiseModel(
        basis_gates=list(dict.fromkeys(basis)),
        n_qubits=n_qubits,
        noiseless=[name for name in basis if name not in known],
    )
    model._rules = tuple(rules)
    _add_readout(model, noise_model, lost)
    _add_idle(model, noise_model, lost)
    if lost and strict:
        raise ConversionError(
            "Parts of the Aer noise model cannot be carried over: " + "; ".join(lost) + ". Pass "
            "`strict=False` to leave them out; they are then listed in `report`."
        )
    return model._noted(["Imported from Qiskit Aer.", *(f"Left out: {text}." for text in lost)])


def _gate_rules(source: AerNoiseModel, lost: list[str]) -> tuple[list[Rule], list[str]]:
    """One rule per error. An error for particular qubits replaces the one for all qubits."""
    rules: list[Rule] = []
    known: dict[str, None] = {}
    local = source._local_quantum_errors
    for name, error in source._default_quantum_errors.items():
        if _can_follow(name, lost):
            known[_NAMES[name]] = None
            places = frozenset(tuple(where) for where in local.get(name, {}))
            rules.append(Rule(_channel(error, name), (_NAMES[name],), except_for=places))
    for name, errors in local.items():
        if _can_follow(name, lost):
            known[_NAMES[name]] = None
            for where, error in errors.items():
                exact = frozenset({tuple(where)})
                rules.append(Rule(_channel(error, name), (_NAMES[name],), exact))
    return rules, list(known)


def _channel(error: Any, name: str) -> Any:
    try:
        return to_channel(error)
    except KetworkError as problem:
        raise ConversionError(f"The error of `{name}` is no channel: {problem}") from problem


def _can_follow(name: str, lost: list[str]) -> bool:
    if name in _NAMES:
        return True
    lost.append(f"noise of the instruction `{name}`, which circuits here do not have")
    return False


def _add_readout(model: NoiseModel, source: AerNoiseModel, lost: list[str]) -> None:
    """Readout of single qubits; an error for all of them needs to know how many there are."""
    for where, error in source._local_readout_errors.items():
        if len(where) == 1:
            model.add_readout(_rows(error), where[0])
        else:
            lost.append(f"correlated readout error of the qubits {tuple(where)}")
    if source._default_readout_error is not None:
        if model.n_qubits is None:
            lost.append("readout error of all qubits: pass `n_qubits` to say how many there are")
            return
        for qubit in range(model.n_qubits):
            if (qubit,) not in source._local_readout_errors:
                model.add_readout(_rows(source._default_readout_error), qubit)


def _rows(error: Any) -> np.ndarray:
    """Aer's probabilities have the prepared state as rows, too."""
    return np.asarray(error.probabilities, dtype=np.float64)


def _add_idle(model: NoiseModel, source: AerNoiseModel, lost: list[str]) -> None:
    for custom in source._custom_noise_passes:
        if not isinstance(custom, RelaxationNoisePass) or custom._ops != (Delay,):
            lost.append(f"the custom noise pass {type(custom).__name__}")
            continue
        for qubit, (t1, t2, population) in enumerate(_times(custom)):
            if math.isfinite(t1) or math.isfinite(t2):
                model.add_idle(qubit, t1, t2, population=population)


def _times(custom: Any) -> Iterable[tuple[float, float, float]]:
    arrays = (custom._t1s, custom._t2s, custom._p1s)
    return zip(*(np.asarray(a, dtype=np.float64).tolist() for a in arrays), strict=True)
