"""`DoublyStochasticAttention`: one attention class for circuits and what they are compared with."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, final

import torch
from torch import Tensor, nn

from circuits import SPSA, Backend
from circuits.arguments import flag, integer, number, one_of
from circuits.errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    ShapeError,
    UnsupportedOperationError,
)
from circuits.execution import Seed, as_generator
from circuits.values import as_real_tensor
from qml.models.base import check_numbers, check_same_dtype, placement, reset_linear, shallow
from qml.models.qdsformer import operators
from qml.models.qdsformer.circuit import DoublyStochasticCircuit
from qml.models.qdsformer.methods import (
    OPTIONS,
    SCORE_OFFSET,
    SCORE_SIZES,
    check_options,
    checked_iterations,
    checked_score_size,
)


@final
class DoublyStochasticAttention(nn.Module):
    """Attention A = D(Q K^T / sqrt(h)) V with a choice of D.

    | method | D | rows, columns |
    |---|---|---|
    | `circuit` | `DoublyStochasticCircuit` | both sum to 1 if T is a power of two |
    | `softmax` | exp(s_ij) / sum_k exp(s_ik) | rows |
    | `softmax_sigma` | softmax of Q K^T divided by its variance, not by sqrt(h) | rows |
    | `sinkhorn` | rows, columns, rows, ... of exp(s) normalised in turn | rows, columns nearly |
    | `qr` | Q_ij^2 of the QR decomposition | both |

    Args:
        features: Width of the tokens.
        n_tokens: Number of tokens T. A circuit has a power of two of them: it fills T up with
            tokens that are zero, and attention that goes to these is lost, so that sums are less
            than 1. Take a T of 2, 4, 8, ... where there is a choice.
        heads: Number of heads, each with its own queries, keys and values; they share the circuit.
        head_features: Width h of the queries, keys and values of a head; default features / heads.
        method: Name of D.
        layers: Layers of the circuit; default 16.
        n_auxiliary: Auxiliary qubits of the circuit; default ceil(log2 T) + 1.
        ansatz: Ansatz of the circuit; default `"parted"`.
        train_circuit: Whether the circuit's theta is trained; default `True`. The paper froze it.
        score_size: Root mean square that scores are brought to, matrix by matrix; default 0.25 for
            circuits (in training scores tend to grow, until the matrices of circuits are all but
            uniform), and 0 for softmax and sinkhorn, which leaves scores as they are.
        score_offset: What is added to the circuit's scores after that; default 1. Zero scores make
            the identity, with which a class token sees nothing; with the offset matrices are near
            one that mixes all tokens and that theta chooses, and scores are deviations from it.
        iterations: Number of normalisations of `sinkhorn`, odd; default 3.
        generator: Randomness of the initial weights: a `torch.Generator` or a seed.
        dtype: dtype of the parameters; default torch's default dtype.
        device: Device of the parameters.

    Shape:
        Input `(..., T, features)`, output `(..., T, features)`; a mask broadcasts to
        `(..., T, T)`.

    Raises:
        KetworkError: If an argument is not valid, or an option has no effect on the method.

    References:
        Born et al., arXiv:2504.16275.

    >>> attention = DoublyStochasticAttention(6, 4, layers=2, generator=0)
    >>> attention(torch.rand(3, 4, 6)).shape
    torch.Size([3, 4, 6])
    """

    def __init__(
        self,
        features: int,
        n_tokens: int,
        *,
        heads: int = 1,
        head_features: int | None = None,
        method: str = "circuit",
        layers: int | None = None,
        n_auxiliary: int | None = None,
        ansatz: str | None = None,
        train_circuit: bool | None = None,
        score_size: float | None = None,
        score_offset: float | None = None,
        iterations: int | None = None,
        generator: Seed = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__()
        self.features = integer(features, "features")
        self.n_tokens = integer(n_tokens, "n_tokens", 2)
        self.heads = integer(heads, "heads")
        if head_features is None and self.features % self.heads:
            raise InvalidArgumentError(
                f"Argument `heads` must divide the {self.features} features, got {self.heads}. "
                "Choose another number of heads."
            )
        given = self.features // self.heads if head_features is None else head_features
        self.head_features = integer(given, "head_features")
        self.method = one_of(method, tuple(OPTIONS), "method")
        options: dict[str, Any] = {
            "layers": layers,
            "n_auxiliary": n_auxiliary,
            "ansatz": ansatz,
            "train_circuit": train_circuit,
            "score_size": score_size,
            "score_offset": score_offset,
            "iterations": iterations,
        }
        check_options(self.method, options)
        self.generator = as_generator(generator)
        size = SCORE_SIZES.get(self.method, 0.0) if score_size is None else score_size
        self.score_size = checked_score_size(size)
        offset = SCORE_OFFSET if score_offset is None else score_offset
        self.score_offset = number(offset, "score_offset")
        self.iterations = checked_iterations(3 if iterations is None else iterations)
        place = placement(dtype, device)
        inner = self.heads * self.head_features
        self.inner = nn.Linear(self.features, 3 * inner, **place)
        self.outer = nn.Linear(inner, self.features, **place)
        self.circuit: DoublyStochasticCircuit | None = None
        if self.method == "circuit":
            chosen: dict[str, Any] = {
                name: value
                for name, value in options.items()
                if value is not None and name in ("layers", "n_auxiliary", "ansatz")
            }
            self.circuit = DoublyStochasticCircuit(
                self.n_tokens,
                trainable=train_circuit is None or flag(train_circuit, "train_circuit"),
                generator=self.generator,
                **chosen,
                **place,
            )
        self.reset_parameters()

    def options(self) -> dict[str, Any]:
        """The keyword arguments that rebuild the module; `None` where the method has none."""
        found: dict[str, Any] = dict.fromkeys(name for names in OPTIONS.values() for name in names)
        if self.circuit is not None:
            inner = self.circuit.options()
            found |= {k: inner[k] for k in ("layers", "n_auxiliary", "ansatz")}
            found["train_circuit"] = inner["trainable"]
            found["score_offset"] = self.score_offset
        if self.method == "sinkhorn":
            found["iterations"] = self.iterations
        if "score_size" in OPTIONS[self.method]:
            found["score_size"] = self.score_size
        sizes = {"heads": self.heads, "head_features": self.head_features}
        return {**sizes, "method": self.method, **found}

    def reset_parameters(self, generator: Seed = None) -> None:
        """Draw all parameters anew.

        Args:
            generator: Source of randomness; default the module's own, else torch's default.
        """
        source = self.generator if generator is None else as_generator(generator)
        reset_linear(self.inner, source)
        if self.circuit is not None:
            self.circuit.reset_parameters(source)
        reset_linear(self.outer, source)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Mixed tokens `(..., T, features)`.

        Args:
            x: Tokens `(..., T, features)`.
            mask: Booleans that broadcast to `(..., T, T)`: where false, token i (row) does not
                attend to token j (column). For softmax, softmax_sigma and sinkhorn.

        Raises:
            KetworkError: If tokens or mask do not fit, or the method takes no mask.
        """
        stochastic, values = self._mixing(x, mask)
        heads = (stochastic @ values).movedim(-3, -2).flatten(-2)
        mixed: Tensor = self.outer(heads)
        return mixed

    def matrix(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """The attention matrices D.

        Args:
            x: Tokens `(..., T, features)`.
            mask: As in `forward`.

        Returns:
            `(..., T, T)`; with more than one head `(..., heads, T, T)`.
        """
        found = self._mixing(x, mask)[0]
        return found.squeeze(-3) if self.heads == 1 else found

    def _mixing(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """The matrices `(..., heads, T, T)`, and the values `(..., heads, T, h)`."""
        self._check(x, mask)
        split = self.inner(x).unflatten(-1, (3, self.heads, self.head_features))
        queries, keys, values = (part.movedim(-2, -3) for part in split.unbind(-3))
        if mask is not None and mask.dim() > 2:
            mask = mask.unsqueeze(-3)
        return self._stochastic(queries, keys, mask), values

    def _stochastic(self, queries: Tensor, keys: Tensor, mask: Tensor | None) -> Tensor:
        scores = queries @ keys.mT
        if self.method != "softmax_sigma":
            scores = scores * self.head_features**-0.5
        if self.score_size:
            scores = operators.rescaled(scores, self.score_size)
        return self._operator()(scores, mask)

    def _operator(self) -> Callable[[Tensor, Tensor | None], Tensor]:
        if self.circuit is not None:
            return self._by_circuit
        if self.method == "sinkhorn":
            return functools.partial(operators.sinkhorn, iterations=self.iterations)
        named: Callable[[Tensor, Tensor | None], Tensor] = getattr(operators, self.method)
        return named

    def _by_circuit(self, scores: Tensor, mask: Tensor | None) -> Tensor:
        operators.refuse_mask(mask, "circuit")
        assert self.circuit is not None
        found: Tensor = self.circuit(scores + self.score_offset)
        return found

    def _check(self, x: Tensor, mask: Tensor | None) -> None:
        expected = (self.n_tokens, self.features)
        if not isinstance(x, Tensor):
            raise ArgumentTypeError(f"Argument `x` must be a torch.Tensor, got {type(x).__name__}.")
        as_real_tensor(x, "x")
        if x.dim() < 2 or x.shape[-2:] != expected:
            raise ShapeError(
                f"Argument `x` must have shape (..., {expected[0]}, {expected[1]}), got "
                f"{tuple(x.shape)}. Build the layer for the tokens you have."
            )
        check_same_dtype(x, self.inner.weight)
        check_numbers(x, "x")
        if mask is None:
            return
        if not isinstance(mask, Tensor) or mask.dtype != torch.bool:
            got = mask.dtype if isinstance(mask, Tensor) else type(mask).__name__
            raise ArgumentTypeError(f"Argument `mask` must be a torch.Tensor of bool, got {got}.")
        wanted = (*x.shape[:-2], self.n_tokens, self.n_tokens)
        try:
            fits = torch.broadcast_shapes(mask.shape, wanted) == wanted
        except RuntimeError:
            fits = False
        if not fits:
            raise ShapeError(
                f"Argument `mask` must broadcast to {wanted}, got {tuple(mask.shape)}."
            )

    def with_backend(
        self,
        backend: Backend,
        *,
        shots: int | None = None,
        diff_method: str | SPSA = "auto",
        generator: Seed = None,
    ) -> DoublyStochasticAttention:
        """The same module with the same parameters (shared, not copied), its circuit on a backend.

        Args:
            backend: Where the circuit on Bell pairs runs.
            shots: Measurements of every matrix; `None` is exact.
            diff_method: Differentiation method, see `QuantumLayer`.
            generator: Randomness of shots.

        Raises:
            UnsupportedOperationError: If the method is not `"circuit"`.
        """
        if self.circuit is None:
            raise UnsupportedOperationError(
                f"Method {self.method!r} has no circuit to run on a backend. Use method='circuit'."
            )
        other = shallow(self)
        other.circuit = self.circuit.with_backend(
            backend, shots=shots, diff_method=diff_method, generator=generator
        )
        return other

    def extra_repr(self) -> str:
        """Sizes and options, as shown in `print(module)`."""
        options = ", ".join(f"{k}={v!r}" for k, v in self.options().items() if v is not None)
        return f"features={self.features}, n_tokens={self.n_tokens}, {options}"
