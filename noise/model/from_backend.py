"""A noise model from the calibration data of a Qiskit backend.

Nothing of Qiskit is imported: a backend is asked for its target and, if it has them, its
properties, which hold both flip probabilities of the readout where the target has their mean.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, final

import numpy as np

from circuits.errors import (
    InvalidArgumentError,
    NoiseNotAppliedError,
    QubitError,
)
from circuits.gates.record import Gate
from circuits.machines.machine import Entries, Qubits, make_machine
from circuits.machines.target import (
    UNUSABLE,
    calibration,
    check_backend,
    number,
    properties_of,
    readout_flips,
)
from circuits.ops import check_qubits
from noise.channels import Depolarizing, ThermalRelaxation
from noise.model.calibration import Coherence, depolarizing_strength, relaxation_fidelity
from noise.model.coverage import say
from noise.model.model import NoiseModel
from noise.model.readout import check_confusion
from noise.model.rules import Rule

NEVER_CARRIED = (
    "Not in calibration data, thus not in the model: crosstalk, leakage, coherent errors, drift, "
    "errors of state preparation, and excited states at equilibrium (zero temperature).",
)


def from_backend(backend: Any, qubits: Sequence[int] | None, missing: str) -> NoiseModel:
    """See `NoiseModel.from_backend`."""
    target = check_backend(backend)
    wanted = None
    if qubits is not None:
        wanted = check_qubits(list(qubits), "qubits")
        if not wanted or max(wanted) >= target.num_qubits:
            raise QubitError(
                f"Argument `qubits` must list qubits of the device, 0 to "
                f"{target.num_qubits - 1}, got {list(qubits)}."
            )
    reader = Reader(target, properties_of(backend), wanted)
    model = reader.model(missing)
    _check_noisy(model, backend)
    frozen = [q for q, coherence in reader.coherences.items() if not coherence.relaxes]
    if frozen and model.rules:
        say(
            f"The device has no T1 and T2 of the qubits {', '.join(map(str, frozen))}: they do not "
            "relax, and the errors of their gates are modelled as depolarizing alone."
        )
    if wanted is not None:
        model = model.for_qubits(wanted)
    name = getattr(backend, "name", type(backend).__name__)
    return model._noted([f"Imported from {name}.", *reader.report, *NEVER_CARRIED])


def _check_noisy(model: NoiseModel, backend: Any) -> None:
    """Refuse or warn about a device without calibration data: its model has no noise."""
    if model.rules or model.readout:
        return
    text = (
        f"The backend {getattr(backend, 'name', type(backend).__name__)!r} has no calibration data "
        "(errors, T1, T2, readout), so its noise model has no noise. The noise of a simulator is "
        "in its noise model: `NoiseModel.from_aer(backend.options.noise_model)`."
    )
    if model.missing == "raise":
        raise NoiseNotAppliedError(text)
    say(text)


@final
class Reader:
    """Reads a target, and collects what has to be reported.

    Args:
        target: Qiskit's description of the device.
        properties: The backend's properties, or `None`.
        wanted: The qubits of interest; `None` for all.
    """

    def __init__(self, target: Any, properties: Any, wanted: Sequence[int] | None) -> None:
        self.target, self.properties = target, properties
        self.wanted = tuple(range(target.num_qubits)) if wanted is None else tuple(wanted)
        self.chosen = wanted is not None
        self._found: dict[str, list[str]] = {}
        self.coherences = {q: self._coherence(q) for q in self.wanted}

    @property
    def report(self) -> list[str]:
        """One line for each kind of finding, with all gates or qubits it is about."""
        return [f"{text}: {', '.join(items)}." for text, items in self._found.items()]

    def _note(self, text: str, *items: object) -> None:
        self._found.setdefault(text, []).extend(str(item).replace(",)", ")") for item in items)

    def model(self, missing: str) -> NoiseModel:
        """The model of the wanted qubits, in the device's numbering."""
        entries = self._usable()
        rules: list[Rule] = []
        errors: Entries = {}
        durations: Entries = {}
        silent = []
        for gate, places in entries.items():
            made = []
            for where, data in places.items():
                made += self._rules(gate, where, data)
                errors[gate.name, where] = number(data, "error")
                durations[gate.name, where] = number(data, "duration")
            rules += made
            if not made:
                silent.append(gate.name)
        if silent:
            self._note("Gates without error and duration, taken as noiseless", *silent)
        pairs = sorted({w for places in entries.values() for w in places if len(w) == 2})
        model = NoiseModel(noiseless=silent, missing=missing)
        model._machine = make_machine(
            {gate.name: list(places) for gate, places in entries.items()},
            pairs,
            self.target.num_qubits,
            errors,
            durations,
        )
        model._rules = tuple(rules)
        for qubit, coherence in self.coherences.items():
            if coherence.relaxes:
                model.add_idle(qubit, coherence.t1, coherence.t2)
        for qubit in self.wanted:
            confusion = self._confusion(qubit)
            if confusion is not None:
                model.add_readout(confusion, qubit)
        return model

    # === gates ===

    def _usable(self) -> dict[Gate, dict[Qubits, Any]]:
        """Calibration data of the usable gates inside the wanted qubits."""
        found = calibration(self.target, self.wanted)
        if found.left_out:
            self._note("Instructions that circuits here do not have, left out", *found.left_out)
        if found.dead and self.chosen:
            qubit, name = next(iter(found.dead.items()))
            raise InvalidArgumentError(
                f"Argument `qubits` names qubit {qubit}, whose gate `{name}` has the error 1, by "
                "which it is marked as unusable. Choose other qubits."
            )
        if found.broken:
            self._note("Gates marked unusable (error exactly 1), left out", *found.broken)
        if found.dead:
            self._note("Qubits with unusable one-qubit gates, not coupled", *sorted(found.dead))
        placed = {g: {w: d for w, d in p.items() if w is not None} for g, p in found.gates.items()}
        return {gate: places for gate, places in placed.items() if places}

    def _rules(self, gate: Gate, where: Qubits, data: Any) -> list[Rule]:
        """Depolarizing noise, then relaxation of each qubit."""
        error, time = number(data, "error"), number(data, "duration")
        coherences = [self.coherences[q] for q in where]
        relaxed = relaxation_fidelity(coherences, time)
        strength = depolarizing_strength(error, relaxed, len(where))
        exact = frozenset({where})
        rules = []
        if strength > 0:
            rules.append(Rule(Depolarizing(strength, len(where)), (gate.name,), exact))
        if error < 1 - relaxed and not math.isclose(error, 1 - relaxed, rel_tol=1e-9):
            self._note(
                "Gates whose qubits relax by more than the reported error (reported, relaxation), "
                "which the model keeps",
                f"{gate.name}{where} ({error:.3g}, {1 - relaxed:.3g})",
            )
        for position, coherence in enumerate(coherences):
            if time > 0 and coherence.relaxes:
                channel = ThermalRelaxation(coherence.t1, coherence.t2, time)
                placed = (position,) if len(where) > 1 else None
                rules.append(Rule(channel, (gate.name,), exact, positions=placed))
        return rules

    # === qubits ===

    def _coherence(self, qubit: int) -> Coherence:
        listed = self.target.qubit_properties
        data = listed[qubit] if listed else None
        t1, t2 = getattr(data, "t1", None), getattr(data, "t2", None)
        if t1 is None and t2 is None:
            self._note("Qubits without T1 and T2, which do not relax", qubit)
            return Coherence(math.inf, math.inf)
        if t1 is None:
            self._note("Qubits without T1, which dephase only", qubit)
            return Coherence(math.inf, float(t2 or math.inf))
        if t2 is None:
            self._note("Qubits without T2, for which 2 T1 is taken", qubit)
        elif t2 > 2 * t1:
            self._note("Qubits whose T2 was capped at 2 T1", qubit)
        return Coherence(float(t1), float(2 * t1 if t2 is None else min(t2, 2 * t1)))

    def _confusion(self, qubit: int) -> np.ndarray | None:
        """The confusion matrix, or `None` if the qubit is read without error."""
        data = self.target["measure"].get((qubit,)) if "measure" in self.target else None
        mean = None if data is None else getattr(data, "error", None)
        if mean == UNUSABLE:
            self._note("Qubits whose readout is marked unusable and tells nothing", qubit)
            return np.full((2, 2), 0.5)
        up, down = readout_flips(self.properties, self.target, qubit)
        if up is None or down is None:
            if mean is None:
                self._note("Qubits without readout error in the calibration data", qubit)
                return None
            self._note("Qubits whose readout error is taken as symmetric", qubit)
            up = down = float(mean)
        if up == down == 0:
            return None
        return check_confusion([[1 - up, up], [down, 1 - down]], f"readout of qubit {qubit}")
