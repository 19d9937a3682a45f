"""Preprocessing that several tables share: functions of the shape of one sample."""

from __future__ import annotations

from collections.abc import Callable

from qml.data import Flatten, Pipeline, Resize, Scale, Standardize

Shape = tuple[int, ...]


def standardised(shape: Shape) -> Pipeline:
    """Flat images with one mean and deviation for all pixels."""
    return Pipeline([Flatten(), Standardize(per_feature=False)])


def pixels(shape: Shape) -> Pipeline:
    """Flat images in [0, 1]."""
    return Pipeline([Flatten(), Scale(0, 1, per_feature=False, clip=True)])


def centred(shape: Shape) -> Pipeline:
    """Flat images in [-1, 1]."""
    return Pipeline([Flatten(), Scale(-1, 1, per_feature=False, clip=True)])


def resized(side: int, then: Callable[[Shape], Pipeline] = pixels) -> Callable[[Shape], Pipeline]:
    """Images of so many pixels on a side, then further steps."""

    def pipeline(shape: Shape) -> Pipeline:
        return Pipeline([Resize(side), *then((*shape[:-2], side, side)).steps])

    return pipeline
