"""`ReadoutCalibration`: how each qubit of a machine is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

import numpy as np

from circuits.arguments import integer, one_of
from circuits.errors import ArgumentTypeError, InvalidArgumentError, QubitError
from circuits.execution import Backend, Seed
from noise.mitigation.readout import calibration_file, calibration_runs
from noise.mitigation.readout.confusion import check_confusion
from noise.mitigation.readout.outcomes import Floats


@final
class ReadoutCalibration:
    """Confusion matrices of qubits, with standard errors where they were measured.

    Args:
        confusions: Matrix [[P(0|0), P(1|0)], [P(0|1), P(1|1)]] by qubit.
        joint: Optional joint matrix `(2**k, 2**k)` of all these qubits, row prepared, column read;
            bit j of an index is the j-th qubit in ascending order. For errors that are correlated.
        standard_errors: Optional standard errors of `confusions`, by qubit.
        joint_errors: Optional standard errors of `joint`.

    Raises:
        InvalidArgumentError: If there is no qubit, or a matrix is no confusion matrix (also if
            rows and columns are exchanged).

    >>> calibration = ReadoutCalibration({0: [[0.98, 0.02], [0.05, 0.95]]})
    >>> calibration.qubits
    (0,)
    """

    def __init__(
        self,
        confusions: Mapping[int, Any],
        *,
        joint: Any = None,
        standard_errors: Mapping[int, Any] | None = None,
        joint_errors: Any = None,
    ) -> None:
        if not isinstance(confusions, Mapping) or not confusions:
            raise InvalidArgumentError(
                "Argument `confusions` must be a mapping with at least one qubit, such as "
                f"{{0: [[0.98, 0.02], [0.05, 0.95]]}}; got {confusions!r}."
            )
        self._confusions = {
            integer(q, "confusions", minimum=0): check_confusion(m, f"confusions[{q}]")
            for q, m in sorted(confusions.items())
        }
        size = len(self._confusions)
        self._joint = None if joint is None else check_confusion(joint, "joint", size)
        self._errors = _errors(standard_errors, self._confusions)
        self._joint_errors = None if joint_errors is None else np.array(joint_errors, dtype=float)
        if self._joint_errors is not None and np.shape(joint) != self._joint_errors.shape:
            raise InvalidArgumentError(
                f"Argument `joint_errors` must have the shape of `joint`, {np.shape(joint)}; got "
                f"{self._joint_errors.shape}."
            )

    # === other ways in ===

    @classmethod
    def from_model(cls, model: Any, n_qubits: int | None = None) -> ReadoutCalibration:
        """What a noise model says: no circuit is run.

        Args:
            model: A `NoiseModel`, or anything whose `readout` maps qubits to confusion matrices.
            n_qubits: If given, qubits below it that the model does not name are read without
                error; otherwise they are unknown.

        Raises:
            ArgumentTypeError: If there is no `readout`.
            InvalidArgumentError: If it is empty and `n_qubits` is not given.
        """
        readout = getattr(model, "readout", None)
        if not isinstance(readout, Mapping):
            raise ArgumentTypeError(
                f"Argument `model` must be a noise.NoiseModel, got {type(model).__name__}."
            )
        perfect = {} if n_qubits is None else dict.fromkeys(range(n_qubits), np.eye(2))
        return cls({**perfect, **readout})

    @classmethod
    def from_backend(
        cls,
        backend: Backend,
        n_qubits: int,
        shots: int | None = 8192,
        *,
        method: str = "tensored",
        generator: Seed = None,
    ) -> ReadoutCalibration:
        """Measure it: prepare basis states and read them.

        The gates that prepare |1> have their own errors, which count as readout error.

        Args:
            backend: The machine; not a mitigation.
            n_qubits: Qubits 0 to `n_qubits - 1` are calibrated.
            shots: Shots per circuit; `None` takes exact probabilities of a simulator.
            method: `"tensored"` runs |0...0> and |1...1> and keeps one matrix per qubit; `"full"`
                runs all 2^n basis states and keeps the joint matrix as well (at most 10 qubits).
            generator: Source of randomness.

        Raises:
            ResourceLimitError: If `"full"` is asked for too many qubits.
        """
        one_of(method, ("tensored", "full"), "method")
        size = integer(n_qubits, "n_qubits")
        if method == "full":
            joint, errors = calibration_runs.measure_joint(backend, size, shots, generator)
            confusions, spread = calibration_runs.marginals(joint, shots)
        else:
            joint, errors = None, None
            confusions, spread = calibration_runs.measure_each(backend, size, shots, generator)
        return cls(
            dict(enumerate(confusions)),
            joint=joint,
            standard_errors=None if shots is None else dict(enumerate(spread)),
            joint_errors=None if shots is None else errors,
        )

    @classmethod
    def load(cls, path: str | Path) -> ReadoutCalibration:
        """Read what `save` wrote.

        Raises:
            InvalidArgumentError: If the file is not such a calibration.
        """
        return cls(**calibration_file.read(Path(path)))

    def save(self, path: str | Path) -> None:
        """Write to a JSON file."""
        arrays = {
            "confusions": self._confusions,
            "standard_errors": self._errors,
            "joint": self._joint,
            "joint_errors": self._joint_errors,
        }
        calibration_file.write(Path(path), arrays)

    # === reading ===

    @property
    def qubits(self) -> tuple[int, ...]:
        """The calibrated qubits, ascending."""
        return tuple(self._confusions)

    @property
    def has_joint(self) -> bool:
        """Whether the joint matrix was measured."""
        return self._joint is not None

    def confusion(self, qubit: int) -> Floats:
        """The matrix `(2, 2)` of a qubit.

        Raises:
            QubitError: If it was not calibrated.
        """
        if qubit not in self._confusions:
            raise QubitError(
                f"Qubit {qubit} is not in the readout calibration of qubits {self.qubits}. "
                "Calibrate it, or pass `n_qubits` to `ReadoutCalibration.from_model`."
            )
        return self._confusions[qubit].copy()

    def confusions(self, qubits: Sequence[int]) -> Floats:
        """Matrices of the listed qubits `(k, 2, 2)`."""
        return np.stack([self.confusion(q) for q in qubits])

    def standard_error(self, qubit: int) -> Floats:
        """Standard errors of `confusion(qubit)`; zero if it was not estimated from shots."""
        self.confusion(qubit)
        return np.zeros((2, 2)) if self._errors is None else self._errors[qubit].copy()

    def joint(self, qubits: Sequence[int]) -> Floats:
        """The joint matrix `(2**k, 2**k)` of the listed qubits, bit j the j-th listed.

        The measured one where there is one: then all its qubits must be listed, in any order. The
        product of the single matrices otherwise.

        Raises:
            QubitError: If qubits are missing from the calibration or, where the joint matrix was
                measured, from the list.
        """
        factors = self.confusions(qubits)
        k = len(qubits)
        if self._joint is None:
            product = np.ones((1, 1))
            for factor in factors:
                product = np.kron(factor, product)
            return product
        if sorted(qubits) != list(self.qubits):
            raise QubitError(
                f"The joint readout calibration holds for qubits {self.qubits} together, got "
                f"{tuple(qubits)}. Measure them all, or use method='tensored'."
            )
        axes = [k - 1 - self.qubits.index(q) for q in reversed(qubits)]
        tensor = self._joint.reshape((2,) * (2 * k))
        result: Floats = tensor.transpose([*axes, *(a + k for a in axes)]).reshape(2**k, 2**k)
        return result

    def flip_rates(self, qubits: Sequence[int]) -> Floats:
        """Mean of P(1|0) and P(0|1) of the listed qubits `(k,)`: the flip rate after twirling."""
        matrices = self.confusions(qubits)
        result: Floats = (matrices[:, 0, 1] + matrices[:, 1, 0]) / 2
        return result

    def __repr__(self) -> str:
        worst = max(float(1 - np.diag(m).min()) for m in self._confusions.values())
        joint = ", joint" if self.has_joint else ""
        return f"ReadoutCalibration({len(self.qubits)} qubits, largest error {worst:.4g}{joint})"


def _errors(
    given: Mapping[int, Any] | None, like: Mapping[int, Floats]
) -> dict[int, Floats] | None:
    if given is None:
        return None
    found = {int(q): np.array(m, dtype=np.float64) for q, m in given.items()}
    shapes = {m.shape for m in found.values()}
    if set(found) != set(like) or shapes != {(2, 2)}:
        raise InvalidArgumentError(
            "Argument `standard_errors` must hold one 2 x 2 array for each qubit of `confusions`, "
            f"got qubits {sorted(found)} and shapes {sorted(shapes)}."
        )
    return found
