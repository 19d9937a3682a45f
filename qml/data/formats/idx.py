"""IDX, the format of MNIST: magic number, big-endian dimensions, unsigned bytes in C order."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from circuits import errors

from ..dataset import FileRecord
from .content import MAX_BYTES, open_content, read_up_to, too_large, verify

_UINT8 = 0x08


def read_idx(
    path: Path, n_dims: int, checksum: str | None, max_bytes: int = MAX_BYTES
) -> tuple[NDArray[np.uint8], FileRecord]:
    """Read an IDX file of unsigned bytes, with or without gzip.

    The layout is ``0 0 8 n_dims``, then `n_dims` big-endian uint32 sizes, then the values.

    Args:
        path: The file.
        n_dims: Expected number of dimensions (3 for images, 1 for labels).
        checksum: Sum of the uncompressed content to verify, or None.
        max_bytes: Largest accepted uncompressed size in bytes.

    Returns:
        The array, and the record of the file.

    Raises:
        DataCorruptedError: If magic number, sizes, length or checksum are wrong.
        DataNotFoundError: If the file cannot be read.
    """
    with open_content(path) as stream:
        header = read_up_to(stream, 4 + 4 * n_dims)
        shape = _shape(path, header, n_dims)
        n_values = math.prod(shape)
        if len(header) + n_values > max_bytes:
            raise too_large(path, max_bytes)
        values = read_up_to(stream, n_values + 1)
    if len(values) != n_values:
        received = f"only {len(values)}" if len(values) < n_values else "more"
        raise errors.DataCorruptedError(
            f"{path}: expected {n_values} bytes of values for the shape {shape} in its header, "
            f"received {received}; download it again"
        )
    record = verify(path, header + values, checksum)
    return np.frombuffer(values, dtype=np.uint8).reshape(shape), record


def _shape(path: Path, header: bytes, n_dims: int) -> tuple[int, ...]:
    magic = bytes((0, 0, _UINT8, n_dims))
    if len(header) < 4 + 4 * n_dims or header[:4] != magic:
        raise errors.DataCorruptedError(
            f"{path}: expected an IDX file of unsigned bytes with {n_dims} dimension(s) (first "
            f"bytes {magic.hex()}), received a file of {len(header)}+ bytes that begins with "
            f"{header[:4].hex()}"
        )
    return struct.unpack(f">{n_dims}I", header[4:])
