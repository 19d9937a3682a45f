"""A file that knows its own length and digest, so damage is found before anything is decoded.

Layout: `magic (8 bytes) | version (uint32) | payload length (uint64) | SHA-256 (32 bytes) |
payload`, big-endian. The digest covers version, length and payload.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
from pathlib import Path

from circuits import errors

from .files import atomic_write

MAGIC = b"KETWORK\x00"
VERSION = 1
_FIXED = struct.Struct(">8sIQ")
HEADER_SIZE = _FIXED.size + 32


def write_container(path: str | os.PathLike[str], payload: bytes) -> None:
    """Writes `payload` behind a header with its length and SHA-256 digest, atomically.

    Args:
        path: The file to write.
        payload: Any bytes.
    """
    fixed = _FIXED.pack(MAGIC, VERSION, len(payload))
    with atomic_write(path) as file:
        file.write(fixed)
        file.write(_digest(fixed, payload))
        file.write(payload)


def read_container(path: str | os.PathLike[str], max_bytes: int) -> bytes:
    """Returns the payload of a file written by `write_container`.

    Args:
        path: The file to read.
        max_bytes: Files larger than this are refused unread.

    Returns:
        The payload, byte for byte as it was written.

    Raises:
        CheckpointError: If the file is missing, too large, not of this format, written by
            another format version, truncated, lengthened, or differs from its digest.
    """
    blob = _read_capped(Path(path), max_bytes)
    if len(blob) < HEADER_SIZE or blob[: len(MAGIC)] != MAGIC:
        raise errors.CheckpointError(f"`{path}` is not a ketwork checkpoint (wrong first bytes).")
    _, version, length = _FIXED.unpack_from(blob)
    if version != VERSION:
        raise errors.CheckpointError(
            f"`{path}` has checkpoint format version {version}; this release reads version "
            f"{VERSION}. Load it with the ketwork release that wrote it."
        )
    payload = blob[HEADER_SIZE:]
    if len(payload) != length:
        raise errors.CheckpointError(
            f"`{path}` is truncated or lengthened: its header promises {length} bytes of content, "
            f"received {len(payload)}. Copy the file again, or go back to an older checkpoint."
        )
    if _digest(blob[: _FIXED.size], payload) != blob[_FIXED.size : HEADER_SIZE]:
        raise errors.CheckpointError(
            f"`{path}` is corrupted: its content does not have the SHA-256 digest in its header. "
            "Copy the file again, or go back to an older checkpoint."
        )
    return payload


def _digest(fixed: bytes, payload: bytes) -> bytes:
    digest = hashlib.sha256(fixed)
    digest.update(payload)
    return digest.digest()


def _read_capped(path: Path, max_bytes: int) -> bytes:
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise errors.CheckpointError(f"`{path}` is not a regular file.")
            blob = file.read(max_bytes + 1)
    except OSError as error:
        raise errors.CheckpointError(
            f"Cannot read a checkpoint from `{path}`: {error.strerror or error}."
        ) from error
    if len(blob) > max_bytes:
        raise errors.CheckpointError(
            f"`{path}` is larger than the {max_bytes} bytes allowed. If you trust it, pass a "
            "larger `max_bytes`."
        )
    return blob
