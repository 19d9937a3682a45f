"""Tiny data sets written in the official formats."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np

MNIST_STEMS = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")


def idx_bytes(array: np.ndarray) -> bytes:
    """An unsigned byte array as IDX: 0 0 8 ndim, big-endian sizes, values."""
    header = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


def mnist_arrays(n_train: int = 60, n_test: int = 20, seed: int = 0) -> list[np.ndarray]:
    """Images and labels, train then test; labels cycle through the ten digits."""
    rng = np.random.default_rng(seed)
    arrays = []
    for n in (n_train, n_test):
        arrays.append(rng.integers(0, 256, (n, 28, 28), dtype=np.uint8))
        arrays.append((np.arange(n) % 10).astype(np.uint8))
    return arrays


def write_mnist(folder: Path, zipped: bool = True, arrays: list[np.ndarray] | None = None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for stem, array in zip(MNIST_STEMS, arrays or mnist_arrays(), strict=True):
        content = idx_bytes(array)
        if zipped:
            (folder / f"{stem}-ubyte.gz").write_bytes(gzip.compress(content))
        else:
            (folder / f"{stem}-ubyte").write_bytes(content)


def medmnist_arrays(channels: int = 1, n_classes: int = 2) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    arrays = {}
    for part, n in (("train", 20), ("val", 6), ("test", 8)):
        shape = (n, 28, 28) if channels == 1 else (n, 28, 28, channels)
        arrays[f"{part}_images"] = rng.integers(0, 256, shape, dtype=np.uint8)
        arrays[f"{part}_labels"] = (np.arange(n)[:, None] % n_classes).astype(np.uint8)
    return arrays
