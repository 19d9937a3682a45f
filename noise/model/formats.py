"""The conversions of `NoiseModel`: each forwards to the module that does the work."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from circuits.arguments import integer

if TYPE_CHECKING:
    from noise.model.model import NoiseModel


class Formats:
    """Methods of `NoiseModel` that read and write it. Not for use on its own."""

    __slots__ = ()

    @classmethod
    def from_backend(
        cls, backend: Any, qubits: Sequence[int] | None = None, *, missing: str = "auto"
    ) -> NoiseModel:
        """The noise of a Qiskit backend from its calibration data: fake, simulated or real.

        Each gate is followed by depolarizing noise and then by the thermal relaxation of its
        qubits, such that the gate's average infidelity is the reported one; delays by relaxation;
        readout error keeps both flip probabilities. Gates whose error is exactly 1 are marked as
        unusable by their maker and are left out. What is not in calibration data (crosstalk,
        leakage, coherent error, drift) is not in the model; `report` lists all that was assumed.

        Args:
            backend: A `BackendV2`.
            qubits: Take only these: qubit `qubits[k]` becomes qubit k of the model. By default all
                qubits with their own numbers.
            missing: See `NoiseModel`.

        Returns:
            A model with basis gates and coupling, to which noisy backends lower circuits.

        Raises:
            ArgumentTypeError: If `backend` is no `BackendV2`.
            QubitError: If `qubits` names a qubit that the device lacks.
        """
        from noise.model.from_backend import from_backend

        return from_backend(backend, qubits, missing)

    @classmethod
    def from_aer(
        cls, noise_model: Any, *, n_qubits: int | None = None, strict: bool = True
    ) -> NoiseModel:
        """Qiskit Aer's noise model, readout error included.

        Args:
            noise_model: A `qiskit_aer.noise.NoiseModel`.
            n_qubits: Number of qubits of the machine, which Aer's model does not know; needed
                where it has a readout error for all qubits.
            strict: Raise if something cannot be carried over (noise of `reset` and `measure`,
                unknown instructions, correlated readout, custom passes); otherwise it is left out
                and listed in `report`.

        Raises:
            ConversionError: Listing what cannot be carried over.
        """
        from noise.model.aer import from_aer

        return from_aer(noise_model, n_qubits, strict)

    def to_aer(self: Any, n_qubits: int | None = None) -> Any:
        """Qiskit Aer's noise model of the same noise, readout error and idle noise included.

        Args:
            n_qubits: Number of qubits, where rules for single qubits must be written out and the
                model does not know its machine's.

        Returns:
            A `qiskit_aer.noise.NoiseModel`.

        Raises:
            ConversionError: If a rule has no counterpart, naming it.
        """
        from noise.model.aer import to_aer

        return to_aer(self, None if n_qubits is None else integer(n_qubits, "n_qubits"))

    def to_json(self: Any) -> str:
        """The model as text; numbers survive exactly."""
        from noise.model.serialise import to_json

        return to_json(self)

    @classmethod
    def from_json(cls, text: str) -> NoiseModel:
        """The model that `to_json` wrote.

        Raises:
            NoiseFileError: If the text is no model of a known version; it is never executed.
        """
        from noise.model.serialise import from_json

        return from_json(text)

    def save(self: Any, path: str | os.PathLike[str]) -> None:
        """Write the model to a JSON file."""
        from noise.model.serialise import save

        save(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> NoiseModel:
        """Read a model from a JSON file; see `from_json`."""
        from noise.model.serialise import load

        return load(path)
