"""How the features of a sample are cut into patches, each of which becomes a token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from torch import Tensor
from torch.nn import functional

from circuits.arguments import integer
from circuits.errors import ArgumentTypeError, InvalidArgumentError


@final
@dataclass(frozen=True)
class Stripes:
    """Consecutive features, filled up with zeros: stripes of an image that is given row by row.

    Attributes:
        in_features: Number of features.
        count: Number of stripes.
    """

    in_features: int
    count: int

    @property
    def size(self) -> int:
        """Features of a patch."""
        return -(-self.in_features // self.count)

    def cut(self, x: Tensor) -> Tensor:
        """Patches `(..., count, size)` of features `(..., in_features)`."""
        filled = functional.pad(x, (0, self.size * self.count - self.in_features))
        return filled.unflatten(-1, (self.count, self.size))


@final
@dataclass(frozen=True)
class Grid:
    """Rectangles of an image, row by row.

    Attributes:
        rows: Number of patches from top to bottom.
        columns: Number of patches from left to right.
        channels: Channels of the image.
        height: Pixels from top to bottom.
        width: Pixels from left to right.
    """

    rows: int
    columns: int
    channels: int
    height: int
    width: int

    @property
    def count(self) -> int:
        """Number of patches."""
        return self.rows * self.columns

    @property
    def size(self) -> int:
        """Features of a patch."""
        return self.channels * self.height * self.width // self.count

    def cut(self, x: Tensor) -> Tensor:
        """Patches `(..., count, size)` of features `(..., channels * height * width)`."""
        tall, wide = self.height // self.rows, self.width // self.columns
        pixels = x.unflatten(-1, (self.channels, self.rows, tall, self.columns, wide))
        return pixels.movedim((-4, -2), (-5, -4)).flatten(-5, -4).flatten(-3)


Patches = Stripes | Grid


def patches_of(
    in_features: int, patches: int | Sequence[int], image_shape: Sequence[int] | None
) -> Patches:
    """Stripes where `patches` is a number, a grid where it is (rows, columns).

    Args:
        in_features: Number of features of a sample.
        patches: Number of stripes, or rows and columns of a grid.
        image_shape: `(height, width)` or `(channels, height, width)`, for a grid only.

    Raises:
        KetworkError: If the arguments do not go together, or the grid does not fit the image.
    """
    if not isinstance(patches, Sequence) or isinstance(patches, str):
        if image_shape is not None:
            raise InvalidArgumentError(
                "Argument `image_shape` has no effect on stripes. Leave it out, or give `patches` "
                "as (rows, columns)."
            )
        return Stripes(in_features, integer(patches, "patches"))
    rows, columns = _integers(patches, "patches", (2,))
    if image_shape is None:
        raise InvalidArgumentError(
            "Argument `image_shape` is needed for a grid of patches: (height, width) or (channels, "
            "height, width)."
        )
    *channels, height, width = _integers(image_shape, "image_shape", (2, 3))
    grid = Grid(rows, columns, channels[0] if channels else 1, height, width)
    if grid.channels * height * width != in_features:
        raise InvalidArgumentError(
            f"Argument `image_shape` must have {in_features} numbers, one for each feature, got "
            f"{tuple(image_shape)}."
        )
    if height % rows or width % columns:
        raise InvalidArgumentError(
            f"Argument `patches` must divide an image of {height} x {width} pixels, got "
            f"{rows} x {columns}. Choose another grid, or fill up the images."
        )
    return grid


def _integers(values: Sequence[int], name: str, lengths: tuple[int, ...]) -> list[int]:
    if not isinstance(values, Sequence) or len(values) not in lengths:
        expected = " or ".join(str(n) for n in lengths)
        raise ArgumentTypeError(f"Argument `{name}` must be {expected} integers, got {values!r}.")
    return [integer(value, name) for value in values]
