"""Dynamical decoupling: pulses in the windows in which qubits wait."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import final

from circuits import gates as g
from circuits.arguments import integer, numbers_for
from circuits.circuit import Circuit
from circuits.errors import InvalidArgumentError
from circuits.execution import Backend, Request, Result
from circuits.ops import Op
from circuits.remembered import Remembered
from noise.mitigation.base import Mitigation, derive
from noise.mitigation.pulses import NativePaulis, native_paulis
from noise.mitigation.schedule import (
    ROUNDING,
    Durations,
    Window,
    check_durations,
    duration_of,
    schedule,
)

SEQUENCES: dict[str, tuple[str, ...]] = {
    "XX": ("X", "X"),
    "YY": ("Y", "Y"),
    "XpXm": ("X", "Xm"),
    "XY4": ("X", "Y", "X", "Y"),
    "XY8": ("X", "Y", "X", "Y", "Y", "X", "Y", "X"),
}
_KEPT = 32  # circuits whose padding is remembered
_PULSES = {"X": (1, 0.0), "Y": (2, math.pi / 2), "Xm": (1, math.pi), "Ym": (2, -math.pi / 2)}


@final
class DynamicalDecoupling(Mitigation):
    """Pulses that undo slow errors of waiting qubits.

    The lowered circuit is scheduled as late as possible. A window that is long enough gets the
    pulses of the sequence with delays between them; their product is the identity, and what a slow
    field did before a pulse it undoes behind it. Shorter windows become one delay. Qubits that have
    not been used yet are in |0> and only get delays.

    The values of an inner backend without noise on `delay` do not improve; without noise at all
    they stay the same. Samples work too. `metadata` holds the numbers of `windows` and `pulses`;
    if windows exist and all are too short, a warning says so.

    Args:
        backend: Where the circuit runs.
        sequence: One of `SEQUENCES`, or letters of your own from X, Y, Xm, Ym whose product is the
            identity up to a phase. Xm and Ym are rotations in the opposite direction.
        durations: Seconds by gate name, or by (name, qubits) which goes first;
            `durations_of(device)` reads them from a Qiskit device.
        spacing: Shares of the free time before, between and after the pulses, one more than there
            are pulses, summing to 1. The default is symmetric: half a share at both ends.
        repetitions: How often the sequence is repeated in each window.

    Raises:
        InvalidArgumentError: If the sequence, a duration or the spacing is not usable.

    References:
        Viola, Knill, Lloyd, Phys. Rev. Lett. 82, 2417 (1999); Ezzell et al., Phys. Rev. Applied
        20, 064027 (2023) compares sequences on hardware.
    """

    def __init__(
        self,
        backend: Backend,
        sequence: str | Sequence[str] = "XX",
        *,
        durations: Durations,
        spacing: Sequence[float] | None = None,
        repetitions: int = 1,
    ) -> None:
        super().__init__(backend)
        self.pulses = _checked(sequence) * integer(repetitions, "repetitions")
        self.durations = check_durations(durations)
        self.spacing = _spacing(spacing, len(self.pulses))
        self.sequence = sequence
        self.deterministic = backend.deterministic
        self._padded = Remembered[tuple[Circuit, dict[str, int]]](_KEPT)

    def __repr__(self) -> str:
        return f"DynamicalDecoupling({self.backend!r}, {self.sequence!r})"

    def prepare(self, request: Request) -> list[Request]:
        circuit, facts = self._padded.of(
            (self.backend, request.circuit), None, lambda: self._pad(request)
        )
        return [derive(request, circuit=circuit, tags=facts)]

    def _pad(self, request: Request) -> tuple[Circuit, dict[str, int]]:
        """The circuit with pulses and delays in its windows, and how many there are."""
        steps = schedule(request.circuit, self.durations)
        windows = [s for s in steps if isinstance(s, Window) and not s.leading]
        paulis = native_paulis(self.backend, request.circuit.n_qubits) if windows else None
        ops: list[Op] = []
        filled = 0
        for step in steps:
            if isinstance(step, Op):
                ops.append(step)
                continue
            inside = None if step.leading or paulis is None else self._fill(step, paulis)
            ops += [g.delay(step.seconds, step.qubit)] if inside is None else inside
            filled += inside is not None
        if windows and not filled:
            warnings.warn(
                f"DynamicalDecoupling inserted nothing: the longest of {len(windows)} window(s) is "
                f"{max(w.seconds for w in windows):.3g} s, shorter than {len(self.pulses)} "
                "pulses. Use a shorter sequence.",
                RuntimeWarning,
                stacklevel=2,
            )
        circuit = Circuit(request.circuit.n_qubits, ops, measured=request.circuit.measured)
        return circuit, {"windows": len(windows), "pulses": filled * len(self.pulses)}

    def combine(self, request: Request, results: Sequence[Result]) -> Result:
        (result,) = results
        facts = {name: result.metadata[name] for name in ("windows", "pulses")}
        return replace(result, metadata=facts)

    def _fill(self, window: Window, paulis: NativePaulis) -> list[Op] | None:
        """Pulses and delays that take as long as the window; `None` if they do not fit."""
        q = window.qubit
        pulses = [_pulse(letter, q, paulis) for letter in self.pulses]
        busy = sum(duration_of(op, self.durations) for pulse in pulses for op in pulse)
        free = window.seconds - busy
        if abs(free) < ROUNDING * window.seconds:
            free = 0.0
        if free < 0:
            return None
        ops: list[Op] = []
        for share, pulse in zip(self.spacing, [*pulses, ()], strict=True):
            if share * free > 0:
                ops.append(g.delay(share * free, q))
            ops += pulse
        return ops


def _pulse(letter: str, qubit: int, paulis: NativePaulis) -> tuple[Op, ...]:
    """A pi rotation about an axis of the equator; with virtual Z its direction is a phase."""
    pauli, direction = _PULSES[letter]
    if [op.name for op in paulis.z(qubit)] != ["rz"]:
        return paulis.ops(pauli, qubit)
    if direction == 0.0:
        return paulis.x(qubit)
    return (g.rz(-direction, qubit), *paulis.x(qubit), g.rz(direction, qubit))


def _checked(sequence: str | Sequence[str]) -> tuple[str, ...]:
    if isinstance(sequence, str) and sequence not in SEQUENCES:
        raise InvalidArgumentError(
            f"Argument `sequence` must be one of {', '.join(SEQUENCES)} or a list of pulses "
            f"{', '.join(_PULSES)}, got {sequence!r}."
        )
    letters = SEQUENCES[sequence] if isinstance(sequence, str) else tuple(sequence)
    unknown = [letter for letter in letters if letter not in _PULSES]
    if unknown or not letters:
        raise InvalidArgumentError(
            f"Argument `sequence` must be made of the pulses {', '.join(_PULSES)}, got {letters}."
        )
    product = 0
    for letter in letters:
        product ^= _PULSES[letter][0]
    if product:
        raise InvalidArgumentError(
            f"Argument `sequence` must multiply to the identity, but {letters} gives "
            f"{'IXYZ'[product]}."
        )
    return letters


def _spacing(spacing: Sequence[float] | None, n_pulses: int) -> tuple[float, ...]:
    if spacing is None:
        return (0.5 / n_pulses, *[1 / n_pulses] * (n_pulses - 1), 0.5 / n_pulses)
    shares = numbers_for(spacing, n_pulses + 1, "spacing")
    if min(shares) < 0 or not math.isclose(sum(shares), 1, abs_tol=1e-9):
        raise InvalidArgumentError(
            f"Argument `spacing` must be shares >= 0 that sum to 1, got {list(shares)}."
        )
    return shares
