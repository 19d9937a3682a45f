"""Saying out loud that gates of a circuit have no noise."""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Sequence

from circuits.errors import NoiseNotAppliedError, NoiseNotAppliedWarning
from circuits.ops import Op

POLICIES = ("auto", "ignore", "warn", "raise")

_OURS = ("circuits", "noise", "qml", "optim")
_REMEDY = (
    "Add rules for them, lower the circuit to the model's gates (`model.lower`), or declare what "
    "is free of noise on purpose: `NoiseModel(noiseless=[...])`."
)


def report_gaps(
    missing: Sequence[Op], noisy: bool, policy: str, device: bool, said: set[str]
) -> None:
    """Warn or raise about gates without a rule; each warning once per model.

    Args:
        missing: The circuit's gates that no rule is about; at least one.
        noisy: Whether any rule applied to the circuit.
        policy: `missing` of the model: one of `POLICIES`.
        device: Whether the model names basis gates, so that every gate should have a rule.
        said: What the model has said already; extended.

    Raises:
        NoiseNotAppliedError: If the policy is `"raise"`.
    """
    if noisy and (policy == "ignore" or (policy == "auto" and not device)):
        return
    names = ", ".join(f"`{name}`" for name, _ in Counter(op.name for op in missing).most_common())
    if noisy:
        key = f"gap {names}"
        first = missing[0]
        text = f"The noise model has no rule for gates of the circuit: {names} (first {first!r})."
    else:
        key = f"none {names}"
        text = (
            "No rule of the noise model is about any gate of the circuit, so it would run without "
            f"gate noise. The circuit has {names}."
        )
    if policy == "raise":
        raise NoiseNotAppliedError(f"{text} {_REMEDY}")
    if key not in said:
        said.add(key)
        say(f"{text} {_REMEDY}")


def say(text: str) -> None:
    """Warn at the line outside of ketwork that led here."""
    level, frame = 1, sys._getframe()
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _OURS:
        level, frame = level + 1, frame.f_back  # type: ignore[assignment]
    warnings.warn(text, NoiseNotAppliedWarning, stacklevel=level)
