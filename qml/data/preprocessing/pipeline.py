"""Steps in a row, and how they are restored from a checkpoint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, final

from torch import Tensor

from circuits import errors

from .affine import Affine
from .amplitudes import FittedAmplitudes
from .base import AbstractFitted, AbstractStep, Shape, State, check_training
from .images import FittedFlatten, FittedResize
from .pca import FittedPCA

_MAX_STEPS = 64
_MAX_DIMS = 8
_KINDS: dict[str, type[AbstractFitted]] = {
    fitted.kind: fitted
    for fitted in (Affine, FittedAmplitudes, FittedFlatten, FittedPCA, FittedResize)
}


@final
class FittedPipeline(AbstractFitted):
    """Fitted steps, applied one after the other.

    Args:
        in_shape: Shape of one sample.
        steps: The steps; each one's `out_shape` is the next one's `in_shape`.
    """

    kind: ClassVar[str] = "pipeline"

    def __init__(self, in_shape: Shape, steps: Iterable[AbstractFitted]) -> None:
        self.in_shape = in_shape
        self.steps = tuple(steps)

    @property
    def out_shape(self) -> Shape:
        """Shape of one transformed sample."""
        return self.steps[-1].out_shape if self.steps else self.in_shape

    def apply(self, x: Tensor) -> Tensor:
        """Transform checked samples."""
        for step in self.steps:
            x = step.apply(x).reshape(len(x), *step.out_shape)
        return x

    def state(self) -> State:
        """The states of the steps."""
        return {"steps": [step.state_dict() for step in self.steps]}

    @classmethod
    def from_state(cls, in_shape: Shape, state: State) -> FittedPipeline:
        """Restore the steps."""
        stored = state.get("steps")
        if not isinstance(stored, list) or len(stored) > _MAX_STEPS:
            raise errors.CheckpointError(
                f"preprocessing state: expected a list of at most {_MAX_STEPS} steps, received "
                f"{type(stored).__name__}"
            )
        steps = [_restore(entry) for entry in stored]
        shape = in_shape
        for step in steps:
            if step.in_shape != shape:
                raise errors.CheckpointError(
                    f"preprocessing state: the {step.kind} step expects samples of shape "
                    f"{step.in_shape}, but receives {shape}"
                )
            shape = step.out_shape
        return cls(in_shape, steps)

    def __repr__(self) -> str:
        steps = " > ".join(step.kind for step in self.steps)
        return f"FittedPipeline({self.in_shape} > {steps} > {self.out_shape})"


@final
class Pipeline(AbstractStep):
    """Steps to fit one after the other, each on the training data as the former ones leave it.

    Args:
        steps: The steps, first one first. No steps at all leave samples as they are.

    Raises:
        ArgumentTypeError: If one of them is no step.
    """

    def __init__(self, steps: Iterable[AbstractStep]) -> None:
        self.steps = tuple(steps)
        for step in self.steps:
            if not isinstance(step, AbstractStep) or isinstance(step, Pipeline):
                raise errors.ArgumentTypeError(
                    f"steps: expected preprocessing steps such as PCA(4), received {step!r}"
                )

    def fit(self, x: Tensor) -> FittedPipeline:
        """Fit all steps on training samples ``(n, *shape)``."""
        shape = check_training(x)
        fitted = []
        for step in self.steps:
            fitted.append(step.fit(x))
            x = fitted[-1].transform(x)
        return FittedPipeline(shape, fitted)

    def __repr__(self) -> str:
        return f"Pipeline([{', '.join(map(repr, self.steps))}])"


def from_state_dict(state: Mapping[str, Any]) -> FittedPipeline:
    """Restore a fitted pipeline from what `FittedPipeline.state_dict` returned.

    Nothing in the state is executed; every kind, size and shape is checked, so that a checkpoint
    from a stranger ends in an error rather than in a wrong transform.

    Args:
        state: Tensors, numbers, strings, lists and dicts, as `torch.load(weights_only=True)` gives.

    Returns:
        The pipeline, which transforms exactly as the stored one.

    Raises:
        CheckpointError: If the state does not describe a pipeline.
    """
    restored = _restore(state, {FittedPipeline.kind: FittedPipeline})
    assert isinstance(restored, FittedPipeline)
    return restored


def _restore(state: object, kinds: Mapping[str, type[AbstractFitted]] = _KINDS) -> AbstractFitted:
    if not isinstance(state, Mapping):
        raise errors.CheckpointError(
            f"preprocessing state: expected a dict, received {type(state).__name__}"
        )
    kind = state.get("kind")
    if not isinstance(kind, str) or kind not in kinds:
        raise errors.CheckpointError(
            f"preprocessing state: expected kind to be one of {sorted(kinds)}, received {kind!r}"
        )
    shape = state.get("in_shape")
    if (
        not isinstance(shape, list)
        or not 1 <= len(shape) <= _MAX_DIMS
        or not all(type(size) is int and size >= 1 for size in shape)
    ):
        raise errors.CheckpointError(
            f"preprocessing state: expected in_shape to be a list of 1 .. {_MAX_DIMS} positive "
            f"integers, received {shape!r}"
        )
    return kinds[kind].from_state(tuple(shape), dict(state))
