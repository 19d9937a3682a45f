"""`QKAN`: layers of activations on edges, one after the other."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, final

import torch
from torch import Tensor, nn

from circuits import SPSA, Backend
from circuits.arguments import integer
from circuits.errors import ArgumentTypeError, InvalidArgumentError
from circuits.execution import Seed, as_generator
from qml.models.base import check_features, shallow
from qml.models.qkan.layer import QKANLayer
from qml.models.qkan.parameters import computed_dtype
from qml.models.qkan.plots import plot_network
from qml.models.qkan.pruning import edge_scores, pruned

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@final
class QKAN(nn.Module):
    """Quantum Kolmogorov-Arnold network: `(..., widths[0]) -> (..., widths[-1])`.

    Every layer is a `QKANLayer`; see there for the circuits and all options. As in the authors'
    package a network has no base activations unless `ba_trainable`, while a single layer has.

    Args:
        widths: Numbers of nodes, at least two: inputs, hidden layers, outputs.
        reps: Number of repetitions r of the circuits.
        ansatz: `"pz"`, `"rpz"`, `"px"`, `"real"` or `"mix"`. px needs the values at all nodes but
            the outputs within [-1, 1], which hidden nodes, being sums, easily leave.
        group: Number of circuits that the edges of a layer share; `None`: each has its own.
        preact_trainable: Train the factors and offsets of the data.
        postact_weight_trainable: Train a factor of every activation.
        postact_bias_trainable: Train an offset of every activation.
        ba_trainable: Train a base activation on every edge.
        base_activation: Name of it; default `"silu"`.
        fast_measure: Read |alpha| - |beta| instead of <Z>; not for devices.
        init: Start of the angles, `"xavier"` or `"gaussian"`.
        generator: Randomness of the start: a `torch.Generator` or a seed.
        dtype: dtype of the parameters; default torch's default dtype.
        device: Device of the parameters.

    Attributes:
        layers: The `QKANLayer`s.

    Shape:
        Input `(..., widths[0])`, output `(..., widths[-1])`.

    Raises:
        KetworkError: If an argument is not valid.

    References:
        Jiang et al., arXiv:2509.14026.

    >>> QKAN([2, 5, 1], preact_trainable=True)(torch.rand(7, 2)).shape
    torch.Size([7, 1])
    """

    def __init__(
        self,
        widths: Iterable[int],
        *,
        reps: int = 3,
        ansatz: str = "pz",
        group: int | None = None,
        preact_trainable: bool = False,
        postact_weight_trainable: bool = False,
        postact_bias_trainable: bool = False,
        ba_trainable: bool = False,
        base_activation: str | None = None,
        fast_measure: bool = False,
        init: str = "xavier",
        generator: Seed = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__()
        self.widths = _check_widths(widths)
        self.generator = as_generator(generator)
        self.layers = nn.ModuleList(
            QKANLayer(
                n_in,
                n_out,
                reps=reps,
                ansatz=ansatz,
                group=group,
                preact_trainable=preact_trainable,
                postact_weight_trainable=postact_weight_trainable,
                postact_bias_trainable=postact_bias_trainable,
                ba_trainable=ba_trainable,
                base_activation=base_activation,
                fast_measure=fast_measure,
                init=init,
                generator=self.generator,
                dtype=dtype,
                device=device,
            )
            for n_in, n_out in itertools.pairwise(self.widths)
        )

    @property
    def in_features(self) -> int:
        """Number of inputs."""
        return self.widths[0]

    @property
    def out_features(self) -> int:
        """Number of outputs."""
        return self.widths[-1]

    @property
    def reps(self) -> int:
        """Number of repetitions of the circuits."""
        return self.qkan_layers[0].reps

    @property
    def n_parameters(self) -> int:
        """Number of trainable numbers."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)

    @property
    def qkan_layers(self) -> list[QKANLayer]:
        """`layers` as a list."""
        return [layer for layer in self.layers if isinstance(layer, QKANLayer)]

    def options(self) -> dict[str, Any]:
        """The keyword arguments that rebuild the network."""
        return self.qkan_layers[0].options()

    def reset_parameters(self, generator: Seed = None) -> None:
        """Draw all angles anew and set all else to its start value.

        Args:
            generator: Source of randomness; default the network's own, else torch's default.
        """
        source = self.generator if generator is None else as_generator(generator)
        for layer in self.qkan_layers:
            layer.reset_parameters(source)

    def forward(self, x: Tensor) -> Tensor:
        """Outputs `(..., widths[-1])` in the dtype of `x`."""
        return self.nodes(x)[-1].to(x.dtype)

    def nodes(self, x: Tensor) -> list[Tensor]:
        """The values at all nodes: the inputs and the outputs of every layer.

        Args:
            x: Inputs `(..., widths[0])`.

        Returns:
            `len(widths)` tensors; the k-th is `(..., widths[k])`, in the dtype computed in.
        """
        check_features(x, self.in_features)
        values = [x.to(computed_dtype(x, self.qkan_layers[0].theta))]
        for layer in self.qkan_layers:
            values.append(layer(values[-1]))
        return values

    def extended(self, reps: int) -> QKAN:
        """A network with more repetitions that computes the same function (layer extension).

        Args:
            reps: Number of repetitions of the new network; see `QKANLayer.extended`.

        Returns:
            A new network on the same backend; no parameters are shared. Give them to a new
            optimizer: the state of the old one belongs to parameters of other shapes.

        >>> small, x = QKAN([2, 3, 1], reps=1), torch.rand(5, 2)
        >>> torch.allclose(small.extended(5)(x), small(x), atol=1e-6)
        True
        """
        return self._with([layer.extended(reps) for layer in self.qkan_layers])

    def edge_scores(self, x: Tensor) -> list[Tensor]:
        """How much every edge matters for the outputs, from 0; see `pruning.edge_scores`.

        Args:
            x: Inputs `(..., widths[0])`, such as the training data.

        Returns:
            One tensor `(out, in)` for every layer. The scores of a layer sum to about the number
            of outputs of the network.
        """
        return edge_scores(self, x)

    def pruned(self, x: Tensor, threshold: float = 0.03) -> QKAN:
        """A copy without the edges that matter little: their values are masked.

        Args:
            x: Inputs `(..., widths[0])` to judge by, such as the training data.
            threshold: Edges with a score of at most this go.

        Returns:
            A new network with masks; its parameters are copies, to be trained on, also because
            the mean values go with the edges.
        """
        return pruned(self, x, threshold)

    @property
    def n_edges(self) -> int:
        """Number of edges that are not pruned."""
        return sum(
            layer.in_features * layer.out_features
            if layer.mask is None
            else int(layer.mask.count_nonzero())
            for layer in self.qkan_layers
        )

    def plot(self, x: Tensor, path: str | os.PathLike[str] | None = None) -> Figure:
        """Draws the network with the learned function on every edge; see `plots.plot_network`.

        Args:
            x: Inputs `(..., widths[0])`, which set the ranges and the strength of the lines.
            path: PNG file to write; `None` writes none.

        Returns:
            The matplotlib figure.
        """
        return plot_network(self, x, path)

    def with_backend(
        self,
        backend: Backend,
        *,
        shots: int | None = None,
        diff_method: str | SPSA = "auto",
        generator: Seed = None,
        n_qubits: int = 1,
    ) -> QKAN:
        """The same network with the same parameters (shared, not copied) on a backend.

        Args:
            backend: Where the circuits run, one request for each layer.
            shots: Measurements of every activation; `None` is exact.
            diff_method: Differentiation method, see `QuantumLayer`.
            generator: Randomness of shots.
            n_qubits: Activations that run side by side in a circuit.

        Raises:
            UnsupportedOperationError: With `fast_measure`.
        """
        source = as_generator(generator)
        return self._with(
            [
                layer.with_backend(
                    backend,
                    shots=shots,
                    diff_method=diff_method,
                    generator=source,
                    n_qubits=n_qubits,
                )
                for layer in self.qkan_layers
            ]
        )

    def _with(self, layers: list[QKANLayer]) -> QKAN:
        """A network of other layers of the same widths."""
        other = shallow(self)
        other.layers = nn.ModuleList(layers)
        return other

    def extra_repr(self) -> str:
        """Widths, as shown in `print(model)`."""
        return f"widths={list(self.widths)}"


def _check_widths(widths: Iterable[int]) -> tuple[int, ...]:
    if isinstance(widths, str) or not isinstance(widths, Iterable):
        raise ArgumentTypeError(
            f"Argument `widths` must be a list of numbers of nodes, got {widths!r}."
        )
    found = tuple(integer(width, f"widths[{k}]") for k, width in enumerate(widths))
    if len(found) < 2:
        raise InvalidArgumentError(
            f"Argument `widths` must name inputs and outputs at least, got {list(found)}."
        )
    return found
