"""`DoublyStochasticCircuit`: scores to doubly stochastic matrices by a variational circuit."""

from __future__ import annotations

import math
from typing import Any, final

import torch
from torch import Tensor, nn

from circuits import SPSA, Backend, Circuit
from circuits.arguments import flag, integer
from circuits.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    NonFiniteError,
    ResourceLimitError,
    ShapeError,
)
from circuits.execution import Seed, as_generator
from circuits.finite import can_look
from qml.models.base import placement, shallow, uniform
from qml.models.qdsformer.ansatz import ansatz_named
from qml.models.qdsformer.compiled import opaque
from qml.models.qdsformer.engine import evaluate
from qml.models.qdsformer.export import bell_circuit, from_probabilities, measured_qubits
from qml.models.qdsformer.program import Program, program_of
from qml.models.qdsformer.runner import BellRunner

MAX_QUBITS = 12
MAX_ANGLES = 2**20


@final
class DoublyStochasticCircuit(nn.Module):
    """Doubly stochastic matrices by a circuit: `(..., T, T) -> (..., T, T)`.

    P_ij = 2^-a sum_bc |<b, i| U |c, j>|^2, averaged over the states c of the a auxiliary qubits
    and summed over b. Rows and columns sum to 1 for every unitary U. The angles of U are
    theta_k M_k: the flattened scores M are repeated cyclically along theta, so M = 0 gives
    P = identity. Where T is no power of two, M is filled up with zeros, and P is the first T rows
    and columns of the larger matrix, whose sums are at most 1.

    On a line of n qubits, data qubits stand on every other one if there are enough auxiliary ones.
    An A turns about Y on these and the other qubits at even distance, and about X on the rest. A
    layer of the ansatz is

    | ansatz | a layer | angles |
    |---|---|---|
    | `simple` | blocks RY x RY, RXX, RZZ on (0, 1), (2, 3), ..., then on (1, 2), ... | 4 (n - 1) |
    | `parted` | blocks A x A, RXX, RZZ; on Bell pairs the circuit has half the depth | 4 (n - 1) |
    | `centrosymmetric` | blocks RX x RX, RXX, RZZ: P_ij = P_(T-1-i)(T-1-j) | 4 (n - 1) |
    | `trotter` | a second-order step of A on every qubit, RXX and RZZ on neighbours | 3 n - 2 |

    The paper does not state its blocks. Those of `simple` are matchgates, whatever the number of
    layers: their matrices fill a space of 11 dimensions for T = 8, which has 49 for doubly
    stochastic matrices, 25 for `centrosymmetric` and all 49 for `parted` and `trotter`.

    Args:
        n_tokens: Number of tokens T, at least 2.
        layers: Number of layers.
        n_auxiliary: Number a of auxiliary qubits; default ceil(log2 T) + 1.
        ansatz: `"simple"`, `"parted"`, `"centrosymmetric"` or `"trotter"`.
        trainable: Whether theta is trained; `False` keeps it as it was drawn.
        generator: Randomness of theta, uniform within 4 / sqrt(layers), at most pi, on both sides
            of zero: a `torch.Generator` or a seed. (With angles all over the circle a deep circuit
            starts with matrices that are all but uniform, whatever the scores.)
        dtype: dtype of theta; default torch's default dtype.
        device: Device of theta.

    Shape:
        Scores `(..., T, T)`, output `(..., T, T)` in the dtype of the scores.

    Raises:
        KetworkError: If an argument is not valid, or values are not finite.

    References:
        Born et al., Quantum Doubly Stochastic Transformers, arXiv:2504.16275; Mariella et al.,
        Quantum Theory and Application of Contextual Optimal Transport, arXiv:2402.14991.

    >>> circuit = DoublyStochasticCircuit(4, layers=2, generator=0)
    >>> matrix = circuit(torch.rand(10, 4, 4))
    >>> torch.allclose(matrix.sum(-1), torch.ones(10, 4)), circuit.n_qubits
    (True, 5)
    """

    theta: nn.Parameter

    def __init__(
        self,
        n_tokens: int,
        *,
        layers: int = 16,
        n_auxiliary: int | None = None,
        ansatz: str = "parted",
        trainable: bool = True,
        generator: Seed = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__()
        self.n_tokens = integer(n_tokens, "n_tokens", 2)
        self.n_data = (self.n_tokens - 1).bit_length()
        given = self.n_data + 1 if n_auxiliary is None else n_auxiliary
        self.n_auxiliary = integer(given, "n_auxiliary", 0)
        self.layers = integer(layers, "layers")
        self.ansatz = ansatz_named(ansatz).name
        check_size(self.n_tokens, self.n_auxiliary, self.layers)
        self.generator = as_generator(generator)
        empty = torch.empty(self.program.n_angles, **placement(dtype, device))
        self.theta = nn.Parameter(empty, requires_grad=flag(trainable, "trainable"))
        self.runner: BellRunner | None = None
        self.reset_parameters()

    @property
    def program(self) -> Program:
        """The circuit in the form in which it is computed."""
        return program_of(self.ansatz, self.n_data, self.n_auxiliary, self.layers)

    @property
    def n_qubits(self) -> int:
        """Number of qubits of U; the circuit on Bell pairs has twice as many."""
        return self.n_data + self.n_auxiliary

    num_qubits = n_qubits

    def options(self) -> dict[str, Any]:
        """The keyword arguments that rebuild the module."""
        return {
            "layers": self.layers,
            "n_auxiliary": self.n_auxiliary,
            "ansatz": self.ansatz,
            "trainable": self.theta.requires_grad,
        }

    def reset_parameters(self, generator: Seed = None) -> None:
        """Draw theta anew.

        Args:
            generator: Source of randomness; default the module's own, else torch's default.
        """
        source = self.generator if generator is None else as_generator(generator)
        bound = min(math.pi, 4 / math.sqrt(self.layers))
        with torch.no_grad():
            self.theta.copy_(uniform(self.theta, -bound, bound, source))

    def forward(self, scores: Tensor) -> Tensor:
        """Doubly stochastic matrices `(..., T, T)` in the dtype of the scores.

        Args:
            scores: Real numbers `(..., T, T)`.

        Raises:
            KetworkError: If the scores are of another shape or dtype, or values are not finite.
        """
        check_scores(scores, self.n_tokens)
        with torch.autocast(scores.device.type, enabled=False):
            data = self._data(scores)
            if self.runner is not None:
                size = 2**self.n_data
                theta = self.theta.to(data.dtype)[None]
                found = from_probabilities(self.runner(data, theta), size)
            else:
                angles = self.theta.to(data.dtype) * self._repeated(data)
                found = self._stochastic(angles)
        self._check(found, data)
        found = found[:, : self.n_tokens, : self.n_tokens]
        return found.reshape(scores.shape).to(scores.dtype)

    def _stochastic(self, angles: Tensor) -> Tensor:
        if torch.compiler.is_compiling():
            return opaque(angles, self.ansatz, self.n_data, self.n_auxiliary, self.layers)
        return evaluate(self.program, angles)

    def _data(self, scores: Tensor) -> Tensor:
        """The filled-up scores `(batch, 4^n_data)` in the dtype to compute in."""
        dtype = torch.promote_types(scores.dtype, self.theta.dtype)
        if dtype in (torch.float16, torch.bfloat16):
            dtype = torch.float32
        more = 2**self.n_data - self.n_tokens
        batch = scores.shape[:-2].numel()
        flat = scores.to(dtype).reshape(batch, self.n_tokens, self.n_tokens)
        return nn.functional.pad(flat, (0, more, 0, more)).flatten(1)

    def _repeated(self, data: Tensor) -> Tensor:
        slots = torch.arange(len(self.theta), device=data.device) % data.shape[1]
        return data[:, slots]

    def _check(self, found: Tensor, data: Tensor) -> None:
        if not can_look(found) or found.device.type != "cpu":
            return
        if not bool(torch.isfinite(found.detach()).all()):
            what = "theta" if bool(torch.isfinite(data).all()) else "scores"
            raise NonFiniteError(
                f"The values of `{what}` must be finite, got NaN or infinity, or numbers so large "
                "that their product is infinite."
            )

    def to_circuit(self, scores: Tensor | None = None) -> Circuit:
        """The circuit on Bell pairs, to draw, export, and run on devices.

        Measure its `measured_qubits()`: with i the less significant half of the outcome and j the
        other, the probability is P_ij / T, T being the power of two.

        Args:
            scores: One matrix `(T, T)` whose numbers are put in together with theta; without one
                the circuit has inputs `x` `(T, T)` and weights `theta`, both symbols.

        Returns:
            Circuit on 2 `n_qubits` qubits.

        >>> circuit = DoublyStochasticCircuit(2, layers=1, generator=0)
        >>> circuit.to_circuit(torch.zeros(2, 2)).n_qubits, circuit.measured_qubits()
        (6, (1, 4))
        """
        symbolic = bell_circuit(self.ansatz, self.n_data, self.n_auxiliary, self.layers)
        if scores is None:
            return symbolic
        check_scores(scores, self.n_tokens)
        if scores.dim() != 2:
            raise ShapeError(
                f"Argument `scores` must be one matrix ({self.n_tokens}, {self.n_tokens}), got "
                f"{tuple(scores.shape)}."
            )
        size = 2**self.n_data
        x = self._data(scores.detach()).reshape(size, size)
        return symbolic.bind(x=x, w=self.theta.detach())

    def measured_qubits(self) -> tuple[int, ...]:
        """The qubits of `to_circuit` to measure: those of i first, then those of j."""
        return measured_qubits(self.n_data, self.n_auxiliary)

    def with_backend(
        self,
        backend: Backend,
        *,
        shots: int | None = None,
        diff_method: str | SPSA = "auto",
        generator: Seed = None,
    ) -> DoublyStochasticCircuit:
        """The same module with the same theta (shared, not copied) on a backend.

        All matrices of a batch are points of one request. With finite shots, rows and columns sum
        to 1 only on average; noise that prefers a state, such as decay or asymmetric errors of
        readout, moves their sums.

        Args:
            backend: Where the circuit on Bell pairs runs.
            shots: Measurements of every matrix; `None` is exact.
            diff_method: Differentiation method, see `QuantumLayer`.
            generator: Randomness of shots.
        """
        other = shallow(self)
        other.runner = BellRunner(
            self.to_circuit(),
            self.measured_qubits(),
            backend,
            shots,
            diff_method,
            as_generator(generator),
        )
        return other

    def extra_repr(self) -> str:
        """Sizes and options, as shown in `print(module)`."""
        shown = {"n_tokens": self.n_tokens, **self.options()}
        if self.runner is not None:
            shown["backend"] = self.runner.backend
        return ", ".join(f"{k}={v!r}" for k, v in shown.items())


def check_size(n_tokens: int, n_auxiliary: int, layers: int) -> None:
    """Raise if the matrices of the circuit would be too large, or there is no qubit to couple."""
    qubits = (n_tokens - 1).bit_length() + n_auxiliary
    if qubits < 2:
        raise InvalidArgumentError(
            "Argument `n_auxiliary` must be at least 1 for 2 tokens: the blocks of the circuit "
            "need two qubits."
        )
    if qubits > MAX_QUBITS or 4 * qubits * layers > MAX_ANGLES:
        raise ResourceLimitError(
            f"A circuit with {qubits} qubits and {layers} layers is too large: at most "
            f"{MAX_QUBITS} qubits and {MAX_ANGLES} angles are computed. Use fewer tokens, "
            "auxiliary qubits or layers."
        )


def check_scores(scores: Tensor, n_tokens: int) -> None:
    """Raise unless the scores are real numbers `(..., n_tokens, n_tokens)`."""
    if not isinstance(scores, Tensor) or not scores.dtype.is_floating_point:
        got = scores.dtype if isinstance(scores, Tensor) else type(scores).__name__
        raise ArgumentTypeError(
            f"Argument `scores` must be a real floating-point torch.Tensor, got {got}."
        )
    if scores.dim() < 2 or scores.shape[-2:] != (n_tokens, n_tokens):
        raise ShapeError(
            f"Argument `scores` must have shape (..., {n_tokens}, {n_tokens}), got "
            f"{tuple(scores.shape)}. Build the circuit for the number of tokens you have."
        )
