"""The convenience methods of `Circuit`: each forwards to the module that does the work.

This is the one file of `circuits` whose functions import upwards, so that a circuit can be run,
drawn and converted by a method call while the modules below know nothing of backends.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

from torch import Tensor

if TYPE_CHECKING:
    import torch

    from circuits.circuit import Circuit
    from circuits.execution import Backend, Result
    from circuits.interop.qasm import Limits


class FrontDoor:
    """Methods of `Circuit` that run, draw or convert it. Not for use on its own."""

    def statevector(self: Any, x: Any = None, w: Any = None) -> Tensor:
        """State U|0...0>, differentiable to any order.

        Args:
            x: Inputs `(*batch, *shape)` or with a flat feature axis `(*batch, n_inputs)`; a dict
                by group name where the circuit has several groups.
            w: Weights `(*batch, *shape)`, likewise. The two batches broadcast.

        Returns:
            Complex tensor `(*batch, 2**n_qubits)`; entry i belongs to the basis state whose bit q
            is qubit q. complex128 without any tensor, else of the promoted type of the values.

        Raises:
            KetworkError: If values are missing, have the wrong shape, dtype, or are not finite.

        >>> from circuits import Circuit, gates as g
        >>> Circuit(2, [g.x(0)]).statevector().real
        tensor([0., 1., 0., 0.], dtype=torch.float64)
        """
        from circuits.evaluate import statevector

        return statevector(self, x, w)

    def expectation(
        self: Any,
        observables: Any,
        x: Any = None,
        w: Any = None,
        backend: Backend | None = None,
        shots: int | None = None,
        generator: torch.Generator | int | None = None,
    ) -> Tensor:
        """Expectation values <O_k>.

        Args:
            observables: An observable or a list of them: labels such as `"Z0 X1"`, `PauliSum`s.
            x: Inputs, as for `statevector`.
            w: Weights, as for `statevector`.
            backend: Where to run; default the exact state-vector simulator.
            shots: Number of measurements per commuting group of observables; `None` is exact.
            generator: Source of randomness for shots: a `torch.Generator` or an integer seed.
                Where nothing is drawn it has no effect and raises.

        Returns:
            Real tensor `(*batch, n_observables)` in the dtype of `x` (or of `w` without `x`).

        >>> from circuits import Circuit, gates as g
        >>> Circuit(2, [g.x(0)]).expectation(["Z0", "Z1"])
        tensor([-1.,  1.], dtype=torch.float64)
        """
        from circuits.evaluate import expectation

        return expectation(self, observables, x, w, backend, shots, generator)

    def estimate(
        self: Any,
        observables: Any,
        x: Any = None,
        w: Any = None,
        backend: Backend | None = None,
        shots: int | None = None,
        generator: torch.Generator | int | None = None,
    ) -> Result:
        """Expectation values with their standard errors.

        Takes the arguments of `expectation`.

        Returns:
            `Result` whose `values` and `standard_errors` have shape `(*batch, n_observables)`.
        """
        from circuits.evaluate import estimate

        return estimate(self, observables, x, w, backend, shots, generator)

    def probabilities(
        self: Any,
        x: Any = None,
        w: Any = None,
        backend: Backend | None = None,
        qubits: Sequence[int] | None = None,
    ) -> Tensor:
        """Probabilities of the basis states.

        Args:
            x: Inputs, as for `statevector`.
            w: Weights, as for `statevector`.
            backend: Where to run; default the exact state-vector simulator.
            qubits: Qubits to keep, the first the least significant bit; default all.

        Returns:
            Real tensor `(*batch, 2**n)` for n kept qubits.
        """
        from circuits.evaluate import probabilities

        return probabilities(self, x, w, backend, qubits)

    def sample(
        self: Any,
        shots: int,
        x: Any = None,
        w: Any = None,
        backend: Backend | None = None,
        generator: torch.Generator | int | None = None,
    ) -> Tensor:
        """Measurement outcomes in the computational basis.

        Args:
            shots: Number of measurements per sample of the batch.
            x: Inputs, as for `statevector`.
            w: Weights, as for `statevector`.
            backend: Where to run; default the state-vector simulator.
            generator: A `torch.Generator` or an integer seed.

        Returns:
            uint8 tensor `(*batch, shots, n_qubits)`; column q is qubit q.
        """
        from circuits.evaluate import sample

        return sample(self, shots, x, w, backend, generator)

    def draw(self: Any, output: str = "text", **options: Any) -> Any:
        """A drawing of the circuit.

        Args:
            output: `"text"` for a string, `"mpl"` for a matplotlib figure.
            **options: Passed to `circuits.drawing.draw_text` or `draw_figure`.
        """
        from circuits.drawing import draw

        return draw(self, output, **options)

    def __str__(self: Any) -> str:
        return str(self.draw())

    def _repr_html_(self: Any) -> str:
        html: str = self.draw()._repr_html_()
        return html

    @classmethod
    def from_qasm(
        cls, text: str, *, limits: Limits | None = None, input_params: Sequence[str] = ()
    ) -> Circuit:
        """Read OpenQASM 2 or 3 (found by the header).

        Args:
            text: The program.
            limits: Bounds on size, depth and gates; default `circuits.QasmLimits()`.
            input_params: Names of version 3 `input` declarations that receive data; the others
                become weights.

        Raises:
            QasmError: If the program cannot be read, naming line and column.
        """
        from circuits.interop.qasm import loads

        return loads(text, limits=limits, input_params=input_params)

    @classmethod
    def from_qasm_file(
        cls,
        path: str | PathLike[str],
        *,
        limits: Limits | None = None,
        input_params: Sequence[str] = (),
    ) -> Circuit:
        """Read an OpenQASM 2 or 3 file; see `from_qasm`."""
        from circuits.interop.qasm import load_file

        return load_file(path, limits=limits, input_params=input_params)

    def to_qasm(self: Any, version: int = 2) -> str:
        """The circuit as OpenQASM text of the given version, 2 or 3."""
        from circuits.interop.qasm import dumps

        return dumps(self, version)

    @classmethod
    def from_qiskit(
        cls, circuit: Any, input_params: Any = None, weight_params: Any = None
    ) -> Circuit:
        """Convert a `qiskit.QuantumCircuit`; see `circuits.interop.qiskit.from_qiskit`."""
        from circuits.interop.qiskit import from_qiskit

        return from_qiskit(circuit, input_params, weight_params)

    def to_qiskit(self: Any) -> Any:
        """Convert to a `qiskit.QuantumCircuit`; see `circuits.interop.qiskit.to_qiskit`."""
        from circuits.interop.qiskit import to_qiskit

        return to_qiskit(self)

    @classmethod
    def from_pennylane(cls, function: Any, *args: Any, **kwargs: Any) -> Circuit:
        """Convert a PennyLane QNode or tape; see `circuits.interop.pennylane.from_pennylane`."""
        from circuits.interop.pennylane import from_pennylane

        return from_pennylane(function, *args, **kwargs)

    def to_pennylane(self: Any) -> Any:
        """Convert to a PennyLane function; see `circuits.interop.pennylane.to_pennylane`."""
        from circuits.interop.pennylane import to_pennylane

        return to_pennylane(self)
