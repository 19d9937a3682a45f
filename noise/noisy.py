"""What every simulator of noise does with its noise model before it runs a circuit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from circuits.circuit import Circuit
from circuits.errors import ArgumentTypeError, SymbolError

if TYPE_CHECKING:
    from noise.model import NoiseModel


def check_noise_model(model: Any) -> NoiseModel | None:
    """The model, or `None`.

    Raises:
        ArgumentTypeError: If it is something else.
    """
    if model is not None and not hasattr(model, "channels_for"):
        text = (
            "A channel goes into a circuit with `channel.on(qubit)`, or after gates with "
            "`NoiseModel().add(channel)`."
        )
        if type(model).__module__.startswith("qiskit_aer.noise"):
            text = "Aer's are imported by `NoiseModel.from_aer(noise_model)`."
        elif hasattr(model, "target"):
            text = "The noise of a device is imported by `NoiseModel.from_backend(backend)`."
        raise ArgumentTypeError(
            f"Argument `noise_model` must be a noise.NoiseModel or None, got "
            f"{type(model).__name__}: {model!r}. {text}"
        )
    checked: NoiseModel | None = model
    return checked


def with_noise(model: NoiseModel | None, circuit: Circuit) -> Circuit:
    """The circuit with the model's channels behind its gates.

    Raises:
        SymbolError: If a channel of the model has a strength that is a symbol.
    """
    if model is None:
        return circuit
    noisy: Circuit = model.apply(circuit)
    if noisy.parameters != circuit.parameters:
        free = [g.name for g in noisy.parameters if g not in circuit.parameters]
        raise SymbolError(
            f"Strengths of the noise model are symbols without values: {free}. Put the channels "
            "into the circuit with `model.apply(circuit)` and pass values for them, or build the "
            "model from numbers."
        )
    return noisy
