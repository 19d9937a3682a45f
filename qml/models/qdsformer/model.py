"""`QDSFormer`: a small vision transformer around doubly stochastic attention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional

from circuits import SPSA, Backend
from circuits.arguments import integer, number, one_of
from circuits.errors import InvalidArgumentError
from circuits.execution import Seed, as_generator
from qml.models.base import (
    AbstractModel,
    check_features,
    check_same_dtype,
    placement,
    reset_linear,
    shallow,
    uniform,
)
from qml.models.qdsformer.attention import DoublyStochasticAttention
from qml.models.qdsformer.methods import OPTIONS, check_options
from qml.models.qdsformer.patches import Stripes, patches_of

POOLING = ("class", "mean")
_NAMES = {"layers": "circuit_layers"}


@final
class EncoderBlock(nn.Module):
    """One layer of the transformer: x + attention(norm(x)), then x + MLP(norm(x)).

    The norms have no parameters: the linear maps behind them contain factors and offsets.

    Args:
        width: Width of the tokens.
        n_tokens: Number of tokens.
        mlp_factor: Width of the hidden layer of the MLP over `width`.
        dtype: dtype of the parameters; default torch's default dtype.
        device: Device of the parameters.
        **attention: Further arguments of `DoublyStochasticAttention`.
    """

    def __init__(
        self,
        width: int,
        n_tokens: int,
        mlp_factor: int,
        *,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
        **attention: Any,
    ) -> None:
        super().__init__()
        place = placement(dtype, device)
        hidden = width * mlp_factor
        self.attention = DoublyStochasticAttention(width, n_tokens, **attention, **place)
        self.expand = nn.Linear(width, hidden, **place)
        self.contract = nn.Linear(hidden, width, **place)

    def reset_parameters(self, generator: torch.Generator | None) -> None:
        """Draw all parameters anew."""
        self.attention.reset_parameters(generator)
        reset_linear(self.expand, generator)
        reset_linear(self.contract, generator)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens `(..., T, width)`."""
        x = x + self.attention(functional.layer_norm(x, x.shape[-1:]))
        inner = functional.gelu(self.expand(functional.layer_norm(x, x.shape[-1:])))
        mixed: Tensor = x + self.contract(inner)
        return mixed


@final
class QDSFormer(AbstractModel):
    """Vision transformer with doubly stochastic attention by circuits: `(..., d) -> (..., k)`.

    The features, an image row by row, are cut into equal stripes, or into a grid of patches; each
    becomes a token by a linear map. A class token and trained positions are added, and after some
    layers of attention and MLP, norms before each, the class token (or the mean over the patches)
    is read out linearly. Attention is doubly stochastic if the number of tokens is a power of two.
    With `patches=7` a 28 x 28 image and the class token give 8, which is 3 data qubits; a 56 x 56
    RGB image of `image_shape=(3, 56, 56)` gives as many with `patches=(4, 2)` and `pooling="mean"`.

    Args:
        in_features: Number of features d; for stripes filled up with zeros to a multiple of them.
        n_classes: Number of classes k, at least 2.
        patches: Number of stripes, or (rows, columns) of a grid. Stripes of an image with several
            channels would be stripes of one channel after the other: give `(n, 1)` there.
        image_shape: Height and width, or channels, height and width, of the image that the features
            are; for a grid.
        width: Width of the tokens.
        depth: Number of layers of the transformer.
        mlp_factor: Width of the hidden layer of the MLPs over `width`.
        heads: Number of heads of the attention, which share its circuit; must divide `width`.
        pooling: `"class"` (a class token) or `"mean"` (of the patches).
        method: D of the attention: `"circuit"`, `"softmax"`, `"softmax_sigma"`, `"sinkhorn"` or
            `"qr"`, see `DoublyStochasticAttention`.
        circuit_layers: Layers of each circuit; default 16.
        n_auxiliary: Auxiliary qubits of each circuit; default ceil(log2 tokens) + 1.
        ansatz: Ansatz of each circuit; default `"parted"`.
        train_circuit: Whether the circuits are trained; default `True`. The paper froze them.
        score_size: Root mean square that the scores of circuits, softmax or sinkhorn are brought
            to; default 0.25 for circuits, else 0, which leaves them.
        score_offset: What is added to the scores of circuits after that; default 1.
        iterations: Number of normalisations of `sinkhorn`, odd; default 3.
        generator: Randomness of the initial weights: a `torch.Generator` or a seed.
        dtype: dtype of the parameters; default torch's default dtype.
        device: Device of the parameters.

    Shape:
        Input `(..., in_features)`, output logits `(..., n_classes)`.

    Raises:
        KetworkError: If an argument is not valid, or an option has no effect.

    References:
        Born et al., Quantum Doubly Stochastic Transformers, arXiv:2504.16275.

    >>> model = QDSFormer(784, 10)
    >>> model.n_parameters, model.without_circuit().n_parameters
    (116362, 115978)
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        *,
        patches: int | Sequence[int] = 7,
        image_shape: Sequence[int] | None = None,
        width: int = 128,
        depth: int = 1,
        mlp_factor: int = 1,
        heads: int = 1,
        pooling: str = "class",
        method: str = "circuit",
        circuit_layers: int | None = None,
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
        super().__init__(integer(in_features, "in_features"), integer(n_classes, "n_classes", 2))
        self.patches = patches_of(self.in_features, patches, image_shape)
        self.width, self.depth = integer(width, "width"), integer(depth, "depth")
        self.mlp_factor = integer(mlp_factor, "mlp_factor")
        self.pooling = one_of(pooling, POOLING, "pooling")
        if self.n_tokens < 2:
            raise InvalidArgumentError(
                "Argument `patches` must be at least 2 with pooling='mean': attention needs two "
                "tokens."
            )
        self.generator = as_generator(generator)
        place = placement(dtype, device)
        options: dict[str, Any] = {
            "layers": circuit_layers,
            "n_auxiliary": n_auxiliary,
            "ansatz": ansatz,
            "train_circuit": train_circuit,
            "score_size": score_size,
            "score_offset": score_offset,
            "iterations": iterations,
        }
        check_options(one_of(method, tuple(OPTIONS), "method"), options, _NAMES)
        if circuit_layers is not None:
            integer(circuit_layers, "circuit_layers")
        self.encoder = nn.Linear(self.patches.size, self.width, **place)
        self.start: nn.Parameter | None = None
        if self.pooling == "class":
            self.start = nn.Parameter(torch.empty(self.width, **place))
        self.positions = nn.Parameter(torch.empty(self.n_tokens, self.width, **place))
        self.blocks = nn.ModuleList(
            EncoderBlock(
                self.width,
                self.n_tokens,
                self.mlp_factor,
                heads=heads,
                method=method,
                **options,
                generator=self.generator,
                **place,
            )
            for _ in range(self.depth)
        )
        self.head = nn.Linear(self.width, self.n_classes, **place)
        self.reset_parameters()

    @property
    def n_tokens(self) -> int:
        """Number of tokens."""
        return self.patches.count + (self.pooling == "class")

    def options(self) -> dict[str, Any]:
        inner = next(iter(self._attentions())).options()
        inner["circuit_layers"] = inner.pop("layers")
        del inner["head_features"]
        return {
            **self._cut(),
            "width": self.width,
            "depth": self.depth,
            "mlp_factor": self.mlp_factor,
            "pooling": self.pooling,
            **inner,
        }

    def _cut(self) -> dict[str, Any]:
        cut = self.patches
        if isinstance(cut, Stripes):
            return {"patches": cut.count, "image_shape": None}
        shape = [cut.channels, cut.height, cut.width]
        return {"patches": [cut.rows, cut.columns], "image_shape": shape}

    def _attentions(self) -> list[DoublyStochasticAttention]:
        return [block.attention for block in self.blocks if isinstance(block, EncoderBlock)]

    def reset_parameters(self, generator: Seed = None) -> None:
        source = self.generator if generator is None else as_generator(generator)
        reset_linear(self.encoder, source)
        bound = self.width**-0.5
        with torch.no_grad():
            for tokens in (self.start, self.positions):
                if tokens is not None:
                    tokens.copy_(uniform(tokens, -bound, bound, source))
        for block in self.blocks:
            assert isinstance(block, EncoderBlock)
            block.reset_parameters(source)
        reset_linear(self.head, source)

    def forward(self, x: Tensor) -> Tensor:
        """Logits `(..., n_classes)`."""
        check_features(x, self.in_features)
        check_same_dtype(x, self.encoder.weight)
        tokens = self.encoder(self.patches.cut(x))
        if self.start is not None:
            first = self.start.expand(*tokens.shape[:-2], 1, -1)
            tokens = torch.cat([first, tokens], -2)
        tokens = tokens + self.positions
        for block in self.blocks:
            tokens = block(tokens)
        pooled = tokens[..., 0, :] if self.start is not None else tokens.mean(-2)
        logits: Tensor = self.head(functional.layer_norm(pooled, (self.width,)))
        return logits

    def parameter_groups(self, lr: float, angle_factor: float = 10.0) -> list[dict[str, Any]]:
        """Parameters for an optimizer, the circuits' angles with another learning rate.

        A step of Adam changes every parameter by about the learning rate. Rates that suit weights
        of linear maps are slow for angles, of which there are few and which are much larger.

        Args:
            lr: Learning rate of all other parameters.
            angle_factor: That of the angles over `lr`.

        Returns:
            Groups as `torch.optim` takes them; one without circuits that are trained.

        >>> model = QDSFormer(784, 10)
        >>> optimizer = torch.optim.Adam(model.parameter_groups(5e-4))
        >>> [group["lr"] for group in optimizer.param_groups]
        [0.0005, 0.005]
        """
        rate, factor = number(lr, "lr"), number(angle_factor, "angle_factor")
        circuits = [a.circuit for a in self._attentions() if a.circuit is not None]
        angles = [c.theta for c in circuits if c.theta.requires_grad]
        chosen = {id(theta) for theta in angles}
        others = [p for p in self.parameters() if p.requires_grad and id(p) not in chosen]
        groups: list[dict[str, Any]] = [{"params": others, "lr": rate}]
        return [*groups, {"params": angles, "lr": factor * rate}] if angles else groups

    def without_circuit(self, method: str = "softmax", *, generator: Seed = None) -> QDSFormer:
        """The same network with another attention, untrained.

        Args:
            method: `"softmax"`, `"softmax_sigma"`, `"sinkhorn"` or `"qr"`.
            generator: Randomness of its initial weights; default torch's default generator.
        """
        return QDSFormer(
            self.in_features,
            self.n_classes,
            **self._cut(),
            width=self.width,
            depth=self.depth,
            mlp_factor=self.mlp_factor,
            heads=self.options()["heads"],
            pooling=self.pooling,
            method=one_of(method, ("softmax", "softmax_sigma", "sinkhorn", "qr"), "method"),
            generator=generator,
            dtype=self.head.weight.dtype,
            device=self.head.weight.device,
        )

    def with_backend(
        self,
        backend: Backend,
        *,
        shots: int | None = None,
        diff_method: str | SPSA = "auto",
        generator: Seed = None,
    ) -> QDSFormer:
        """The same model with the same parameters (shared, not copied), circuits on a backend.

        Args:
            backend: Where the circuits on Bell pairs run.
            shots: Measurements of every attention matrix; `None` is exact.
            diff_method: Differentiation method, see `QuantumLayer`.
            generator: Randomness of shots.

        Raises:
            UnsupportedOperationError: If the attention has no circuit.
        """
        source = as_generator(generator)
        other = shallow(self)
        blocks = [shallow(block) for block in self.blocks]
        for block in blocks:
            assert isinstance(block, EncoderBlock)
            block.attention = block.attention.with_backend(
                backend, shots=shots, diff_method=diff_method, generator=source
            )
        other.blocks = nn.ModuleList(blocks)
        return other
