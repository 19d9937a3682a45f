"""Saying out loud that gates of a circuit have no noise."""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Callable, Sequence

from circuits.errors import (
    NoiseAppliedTwiceWarning,
    NoiseNotAppliedError,
    NoiseNotAppliedWarning,
)
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


def report_twice(ops: Sequence[Op], after: Callable[[Op], tuple[Op, ...]], said: set[str]) -> None:
    """Warn, once per model, about a circuit whose gates all have the model's channels already."""
    key = "twice"
    if key in said or not any(op.is_channel for op in ops):
        return
    owed = [(k + 1, after(op)) for k, op in enumerate(ops)]
    if all(ops[k : k + len(own)] == own for k, own in owed) and any(own for _, own in owed):
        said.add(key)
        say(
            "Behind every gate of the circuit stand the channels of the noise model already, and "
            "now they are put in a second time. Run the result of `model.apply(circuit)` on a "
            "backend without the model, or pass the backend the circuit itself; twice the noise "
            "is `model.scaled(2)`.",
            NoiseAppliedTwiceWarning,
        )


def say(text: str, category: type[Warning] = NoiseNotAppliedWarning) -> None:
    """Warn at the line outside of ketwork that led here."""
    level, frame = 1, sys._getframe()
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _OURS:
        level, frame = level + 1, frame.f_back  # type: ignore[assignment]
    warnings.warn(text, category, stacklevel=level)
