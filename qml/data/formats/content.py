"""Read a file's content, gzip undone, within a limit, and compare it with a checksum."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from circuits import errors

from ..dataset import FileRecord

MAX_BYTES = 1 << 29
"""Default limit on the uncompressed size of one file: 512 MiB."""

_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 1 << 20


@contextmanager
def open_content(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading, through gzip if its first two bytes say so.

    The file's name plays no role, since browsers and download helpers rename and unpack.

    Args:
        path: The file.

    Yields:
        A binary stream of the uncompressed content.

    Raises:
        DataCorruptedError: If the gzip stream is damaged or cut off.
        DataNotFoundError: If the file cannot be opened or read.
    """
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == _GZIP_MAGIC
            file.seek(0)
            if not zipped:
                yield file
                return
            with gzip.GzipFile(fileobj=file) as stream:
                yield stream  # type: ignore[misc]
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise errors.DataCorruptedError(
            f"{path}: expected a whole gzip file, received a damaged or cut off one ({error}); "
            "download it again"
        ) from error
    except OSError as error:
        raise errors.DataNotFoundError(f"{path}: cannot be read ({error})") from error


def read_up_to(stream: IO[bytes], n_bytes: int) -> bytes:
    """Read at most `n_bytes`, in pieces, so that memory follows the content and not the limit."""
    pieces = []
    while n_bytes > 0:
        piece = stream.read(min(n_bytes, _CHUNK))
        if not piece:
            break
        pieces.append(piece)
        n_bytes -= len(piece)
    return b"".join(pieces)


def read_content(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """Read a whole file, gzip undone.

    Args:
        path: The file.
        max_bytes: Largest accepted uncompressed size in bytes.

    Returns:
        The uncompressed content.

    Raises:
        DataCorruptedError: If it is larger than the limit, or a damaged gzip file.
        DataNotFoundError: If it cannot be opened.
    """
    with open_content(path) as stream:
        content = read_up_to(stream, max_bytes + 1)
    if len(content) > max_bytes:
        raise too_large(path, max_bytes)
    return content


def too_large(path: Path, max_bytes: int) -> errors.DataCorruptedError:
    """The error for content beyond the limit."""
    return errors.DataCorruptedError(
        f"{path}: expected at most {max_bytes} bytes of uncompressed content, received more; "
        "if you trust the file, raise the limit with max_bytes="
    )


def verify(path: Path, content: bytes, checksum: str | None) -> FileRecord:
    """Compare content with a checksum and record the result.

    Args:
        path: The file that the content came from.
        content: What was read.
        checksum: ``"md5:<hex>"`` or ``"sha256:<hex>"``, or None if no sum is known or the caller
            asked not to check.

    Returns:
        The record, `verified` if a sum was given.

    Raises:
        DataCorruptedError: If the sums differ; names the file and both sums.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    if checksum is not None:
        kind, expected = checksum.split(":")
        received = sha256
        if kind == "md5":
            received = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if received != expected:
            raise errors.DataCorruptedError(
                f"{path}: expected {kind} {expected} of the uncompressed content, received "
                f"{received}; the file is damaged or is another edition: replace it, or pass "
                "verify=False to read it as it is"
            )
    return FileRecord(path, sha256, verified=checksum is not None)
