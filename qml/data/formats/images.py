"""Folders of images, one folder per class, decoded only for the rows that are wanted."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from circuits import errors

from ..raw import Index, Labels

SUFFIXES = (".jpg", ".jpeg", ".png")
_FORMATS = ("JPEG", "PNG")


@dataclass(frozen=True, eq=False)
class ImageFiles:
    """RGB image files of one size; implements `qml.data.raw.Rows`.

    Args:
        paths: One file per row.
        labels: Class number of each row.
        size: Height and width in pixels that every image must have.
    """

    paths: tuple[Path, ...]
    labels: Labels
    size: tuple[int, int]

    def take(self, index: Index) -> Tensor:
        """The chosen images, decoded, as float32 ``(n, 3, height, width)`` in [0, 1]."""
        from tqdm.auto import tqdm

        images = np.empty((len(index), *self.size, 3), dtype=np.uint8)
        rows = tqdm(index, desc="decoding images", delay=2.0, disable=None, leave=False)
        for place, row in enumerate(rows):
            images[place] = _decode(self.paths[row], self.size)
        scaled = torch.from_numpy(images).to(torch.float32).div_(255.0)
        return scaled.permute(0, 3, 1, 2).contiguous()

    def first_copies(self) -> Index:
        """Index of the first file with the same content; only files of equal length are read."""
        sizes = np.array([path.stat().st_size for path in self.paths], dtype=np.int64)
        _, inverse, counts = np.unique(sizes, return_inverse=True, return_counts=True)
        first: dict[bytes, int] = {}
        copies = np.arange(len(self.paths), dtype=np.int64)
        for row in np.nonzero(counts[inverse] > 1)[0]:
            digest = hashlib.blake2b(self.paths[row].read_bytes()).digest()
            copies[row] = first.setdefault(digest, int(row))
        return copies


def list_classes(folder: Path, class_names: tuple[str, ...]) -> tuple[tuple[Path, ...], Labels]:
    """List the image files below one folder per class, sorted by name.

    Args:
        folder: Folder that holds the class folders.
        class_names: Names of the class folders; the k-th gets label k.

    Returns:
        The files and their labels.

    Raises:
        DataCorruptedError: If a class folder holds no image.
    """
    paths: list[Path] = []
    labels: list[int] = []
    for label, name in enumerate(class_names):
        found = sorted(p for p in (folder / name).iterdir() if p.suffix.lower() in SUFFIXES)
        if not found:
            raise errors.DataCorruptedError(
                f"{folder / name}: expected images ({', '.join(SUFFIXES)}), received none"
            )
        paths += found
        labels += [label] * len(found)
    return tuple(paths), np.array(labels, dtype=np.int64)


def _decode(path: Path, size: tuple[int, int]) -> NDArray[np.uint8]:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=_FORMATS) as image:
                if (image.height, image.width) != size:
                    raise errors.DataCorruptedError(
                        f"{path}: expected an image of {size[0]} x {size[1]} pixels, received "
                        f"{image.height} x {image.width}"
                    )
                return np.asarray(image.convert("RGB"), dtype=np.uint8)
    except errors.KetworkError:
        raise
    except (
        OSError,
        SyntaxError,
        ValueError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        raise errors.DataCorruptedError(
            f"{path}: expected a JPEG or PNG image, received a file that cannot be decoded "
            f"({error})"
        ) from error
