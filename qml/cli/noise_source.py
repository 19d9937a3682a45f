"""Where the noise of a command comes from: a file, a fake device, or channels named by rules."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from circuits.errors import InvalidArgumentError, KetworkError, MissingDependencyError
from noise import NoiseModel, channels

from .names import known_name

_CHANNELS: dict[str, Callable[[float], channels.Channel]] = {
    "depolarizing": channels.Depolarizing,
    "bit_flip": channels.BitFlip,
    "phase_flip": channels.PhaseFlip,
    "amplitude_damping": channels.AmplitudeDamping,
    "phase_damping": channels.PhaseDamping,
}
_READOUT = "readout"
RULES = (*_CHANNELS, _READOUT)
"""Names of rules."""


@dataclass(frozen=True)
class NoiseSource:
    """A noise model and where it comes from.

    Args:
        model: The model.
        text: What the user wrote.
        device: The fake device, where it is one.
    """

    model: NoiseModel
    text: str
    device: Any = None


def noise_source(text: str, n_qubits: int) -> NoiseSource:
    """Reads the value of `--noise`.

    Args:
        text: One of

            * the name of a JSON file that `NoiseModel.save` wrote;
            * the name of a fake device of qiskit-ibm-runtime, such as `FakeManilaV2`;
            * rules `NAME:STRENGTH` joined by `+`, such as `depolarizing:0.01+readout:0.02`: the
              channel follows every gate on each of its qubits; `readout` exchanges what is read
              of each qubit with that probability.
        n_qubits: Number of qubits that are read.

    Raises:
        InvalidArgumentError: If it is none of these; says what was understood.
        MissingDependencyError: If it is a fake device and qiskit-ibm-runtime is not installed.
    """
    path = Path(text)
    if path.suffix == ".json" or path.is_file():
        if not path.is_file():
            raise InvalidArgumentError(
                f"--noise {text}: there is no such file. `NoiseModel.save(path)` writes one."
            )
        return NoiseSource(NoiseModel.load(path), text)
    if ":" in text:
        return NoiseSource(_from_rules(text, n_qubits), text)
    device = fake_device(text)
    return NoiseSource(NoiseModel.from_backend(device), type(device).__name__, device)


def fake_device(name: str) -> Any:
    """A fake device of qiskit-ibm-runtime: calibration data of a real one, shipped with it.

    Args:
        name: Its class name, as `FakeManilaV2`; `manila` and `fake_manila` mean the same.

    Raises:
        InvalidArgumentError: If there is no such device; lists similar names.
        MissingDependencyError: If qiskit-ibm-runtime is not installed.
    """
    try:
        from qiskit_ibm_runtime import fake_provider
    except ImportError as error:
        raise MissingDependencyError(
            "qiskit_ibm_runtime", extra="ibm", purpose=f"The noise of the device {name!r}"
        ) from error
    short = {
        attribute.removeprefix("Fake").removesuffix("V2").lower(): attribute
        for attribute in dir(fake_provider)
        if attribute.startswith("Fake") and not attribute.startswith("FakeProvider")
    }
    wanted = name.lower().replace("_", "").replace("-", "").removeprefix("fake").removesuffix("v2")
    if wanted not in short:
        try:
            known_name(wanted, short, "fake device")
        except InvalidArgumentError as error:
            raise InvalidArgumentError(
                f"--noise {name} is no file, no rule such as depolarizing:0.01 (rules: "
                f"{', '.join(RULES)}), and no fake device. {error}"
            ) from None
    return getattr(fake_provider, short[wanted])()


def _from_rules(text: str, n_qubits: int) -> NoiseModel:
    model = NoiseModel()
    for rule in text.split("+"):
        name, _, number = rule.partition(":")
        name = known_name(name.strip(), RULES, "kind of noise")
        strength = _strength(rule, number)
        if name == _READOUT:
            confusion = [[1 - strength, strength], [strength, 1 - strength]]
            model = model.add_readout(confusion, range(n_qubits))
            continue
        try:
            model = model.add(_CHANNELS[name](strength))
        except KetworkError as error:
            raise InvalidArgumentError(f"--noise {rule}: {error}") from error
    return model


def _strength(rule: str, number: str) -> float:
    try:
        strength = float(number)
    except ValueError:
        strength = math.nan
    if not 0 <= strength <= 1:
        raise InvalidArgumentError(
            f"--noise {rule}: the strength must be a number in [0, 1], for example "
            "depolarizing:0.01."
        )
    return strength
