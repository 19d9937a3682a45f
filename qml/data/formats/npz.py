"""Read named arrays from an ``.npz`` archive without pickles and within a size limit."""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from circuits import errors

from ..dataset import FileRecord
from .content import MAX_BYTES, read_up_to, too_large, verify

_MAX_MEMBERS = 64
_MAX_HEADER = 10_000
_KINDS = "biufU"


def read_npz(
    path: Path, keys: Iterable[str], checksum: str | None, max_bytes: int = MAX_BYTES
) -> tuple[dict[str, NDArray[Any]], FileRecord]:
    """Read some arrays of an ``.npz`` file.

    Every size that the archive and the array headers claim is checked before memory is taken:
    the number of bytes after a header must be exactly what its shape and type need.

    Args:
        path: The file.
        keys: Names of the arrays to read; others are left alone.
        checksum: Sum of the file to verify, or None.
        max_bytes: Largest accepted size in bytes, of the file and of its arrays together.

    Returns:
        The arrays by name, and the record of the file.

    Raises:
        DataCorruptedError: If it is no archive, an array is missing, holds Python objects, has a
            header that does not fit its content, or the checksum is wrong.
        DataNotFoundError: If the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            content = read_up_to(file, max_bytes + 1)
    except OSError as error:
        raise errors.DataNotFoundError(f"{path}: cannot be read ({error})") from error
    if len(content) > max_bytes:
        raise too_large(path, max_bytes)
    record = verify(path, content, checksum)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _read_members(path, archive, keys, max_bytes), record
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise _corrupted(path, "a whole .npz archive", str(error)) from error
    except (RuntimeError, ValueError, MemoryError) as error:
        if isinstance(error, errors.KetworkError):
            raise
        raise _corrupted(path, "a readable .npz archive", str(error)) from error


def _read_members(
    path: Path, archive: zipfile.ZipFile, keys: Iterable[str], max_bytes: int
) -> dict[str, NDArray[Any]]:
    members = {info.filename: info for info in archive.infolist()}
    if len(members) > _MAX_MEMBERS:
        raise _corrupted(path, f"at most {_MAX_MEMBERS} arrays", f"{len(members)}")
    arrays = {}
    total = 0
    for key in keys:
        info = members.get(f"{key}.npy")
        if info is None:
            found = sorted(name.removesuffix(".npy") for name in members)
            raise _corrupted(path, f"an array named {key!r}", f"arrays {found}")
        total += info.file_size
        if total > max_bytes:
            raise too_large(path, max_bytes)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _corrupted(path, "members stored or deflated", f"type {info.compress_type}")
        with archive.open(info) as stream:
            arrays[key] = _read_array(path, key, stream, info.file_size)
    return arrays


def _read_array(path: Path, key: str, stream: IO[bytes], size: int) -> NDArray[Any]:
    version = np.lib.format.read_magic(stream)
    read_header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read_header is None:
        raise _corrupted(path, f"array {key!r} in npy version 1.0 or 2.0", f"version {version}")
    shape, fortran, dtype = read_header(stream, max_header_size=_MAX_HEADER)
    if dtype.kind not in _KINDS:
        raise _corrupted(path, f"array {key!r} of numbers or text", f"type {dtype}")
    needed, present = math.prod(shape) * dtype.itemsize, size - stream.tell()
    if any(length < 0 for length in shape) or needed != present:
        raise _corrupted(
            path, f"{needed} bytes for array {key!r} of shape {shape}", f"{present} bytes"
        )
    values = read_up_to(stream, needed)
    if len(values) != needed:
        raise _corrupted(path, f"{needed} bytes for array {key!r}", f"{len(values)} bytes")
    array = np.frombuffer(values, dtype=dtype, count=math.prod(shape))
    return array.reshape(shape, order="F" if fortran else "C")


def _corrupted(path: Path, expected: str, received: str) -> errors.DataCorruptedError:
    return errors.DataCorruptedError(
        f"{path}: expected {expected}, received {received}; download it again"
    )
