"""Trees of tensors and plain values to bytes and back, safe for files from strangers.

The bytes are what `torch.save` writes. Loading trusts nothing:

1. the archive may hold only uncompressed entries that together fit in it, and is written anew
   before torch reads it, so that torch sees exactly what was checked;
2. the pickle inside may use only the opcodes and names that our own writer produces;
3. `torch.load(weights_only=True)` decodes it on the CPU;
4. every tensor must own a storage exactly as large as its shape says (a 1.6 kB file can
   otherwise claim 10^9 elements), no container may appear twice, and no number may be NaN or
   infinite unless the caller allows it.
"""

from __future__ import annotations

import io
import pickletools
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from circuits import errors

MAX_PICKLE_BYTES = 64 * 2**20
MAX_DEPTH = 50
_GLOBALS = frozenset(
    {"torch._utils _rebuild_tensor_v2", "collections OrderedDict", "collections Counter"}
    | {f"torch {storage.__name__}" for storage in torch._storage_classes}
)
_OPCODES = frozenset(
    "PROTO STOP MARK POP POP_MARK EMPTY_DICT EMPTY_LIST EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 "
    "APPEND APPENDS SETITEM SETITEMS NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 BINFLOAT "
    "BINUNICODE BINPUT LONG_BINPUT BINGET LONG_BINGET GLOBAL REDUCE BINPERSID".split()
)


def encode(tree: Mapping[str, Any]) -> bytes:
    """Returns the bytes of a tree of tensors and plain values.

    Args:
        tree: Dictionaries, lists, tuples and Counters of tensors, text, numbers, booleans, None.

    Returns:
        Bytes that `decode` turns back into an equal tree (tensors on the CPU).

    Raises:
        CheckpointError: If the tree holds anything else.
    """
    buffer = io.BytesIO()
    torch.save(_plain(tree, "", 0), buffer)
    with zipfile.ZipFile(buffer) as archive:
        _check_pickle_size(max(e.file_size for e in archive.infolist() if _is_pickle(e)))
    return buffer.getvalue()


def decode(payload: bytes) -> dict[str, Any]:
    """Returns the tree that `encode` turned into `payload`, refusing hostile content.

    Args:
        payload: Bytes from anywhere.

    Returns:
        The tree; its tensors are on the CPU.

    Raises:
        CheckpointError: If `payload` is not something that `encode` could have written.
    """
    archive = _checked_archive(payload)
    try:
        tree = torch.load(archive, map_location="cpu", weights_only=True)
    except Exception as error:
        raise errors.CheckpointError(
            f"The checkpoint cannot be decoded ({type(error).__name__}). Do not trust this file."
        ) from error
    if not isinstance(tree, dict):
        raise errors.CheckpointError(
            f"A checkpoint must hold a dictionary, received {type(tree).__name__}."
        )
    total = 0
    for path, leaf in _leaves(tree):
        if isinstance(leaf, torch.Tensor):
            total += _checked_size(path, leaf)
    if total > len(payload):
        raise errors.CheckpointError(
            f"The checkpoint claims {total} bytes of tensors in {len(payload)} bytes of file."
        )
    return tree


def check_finite(tree: Mapping[str, Any], remedy: str) -> None:
    """Raises if a tensor in the tree holds NaN or an infinity.

    Args:
        tree: What `encode` accepts.
        remedy: Last sentence of the error message.

    Raises:
        CheckpointError: Naming the first such tensor.
    """
    for path, leaf in _leaves(tree):
        if isinstance(leaf, torch.Tensor) and not bool(torch.isfinite(leaf).all()):
            raise errors.CheckpointError(f"`{path}` holds NaN or infinite values. {remedy}")


def _plain(value: Any, name: str, depth: int) -> Any:
    """Copies a tree into fresh containers and tensors that own exactly their elements."""
    if depth > MAX_DEPTH:
        raise errors.CheckpointError(f"`{name:.200}` lies deeper than {MAX_DEPTH} levels.")
    if isinstance(value, torch.Tensor):
        if value.layout is not torch.strided or value.is_quantized or value.is_meta:
            raise errors.CheckpointError(f"`{name}` is not a dense tensor; make it dense first.")
        dense = value.detach().cpu().resolve_conj().resolve_neg()
        return dense.clone(memory_format=torch.contiguous_format)
    if isinstance(value, Counter):
        return Counter(dict(value))
    if isinstance(value, Mapping):
        prefix = f"{name}." if name else ""
        return {_key(k, name): _plain(v, f"{prefix}{k}", depth + 1) for k, v in value.items()}
    if isinstance(value, list | tuple):
        items = [_plain(item, f"{name}[{i}]", depth + 1) for i, item in enumerate(value)]
        return items if isinstance(value, list) else tuple(items)
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    if value is None:
        return None
    raise errors.CheckpointError(
        f"`{name}` has type {type(value).__name__}, which a checkpoint cannot hold; expected "
        "tensors, text, numbers, booleans, None, or lists, tuples and dictionaries of those. "
        "Convert it first, for example with `torch.from_numpy`."
    )


def _key(key: Any, name: str) -> str | int:
    if isinstance(key, str | int) and not isinstance(key, bool):
        return key
    raise errors.CheckpointError(
        f"`{name}` has the key {key!r} of type {type(key).__name__}; expected text or an integer."
    )


def _checked_archive(payload: bytes) -> io.BytesIO:
    """Checks the zip archive of `torch.save` and returns a rewritten copy of it."""
    clean = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(payload)) as archive, zipfile.ZipFile(clean, "w") as copy:
            _check_entries(archive.infolist(), len(payload))
            for entry in archive.infolist():
                content = archive.read(entry)
                if _is_pickle(entry):
                    _check_pickle(content)
                copy.writestr(entry.filename, content)
    except errors.CheckpointError:
        raise
    except Exception as error:
        raise errors.CheckpointError(f"The checkpoint is no valid archive: {error}") from error
    clean.seek(0)
    return clean


def _check_entries(entries: list[zipfile.ZipInfo], available: int) -> None:
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise errors.CheckpointError("The checkpoint holds compressed entries.")
    if sum(entry.file_size for entry in entries) > available:
        raise errors.CheckpointError("The checkpoint's entries are larger than its file.")
    if len({entry.filename for entry in entries}) != len(entries):
        raise errors.CheckpointError("The checkpoint holds two entries of one name.")


def _is_pickle(entry: zipfile.ZipInfo) -> bool:
    return entry.filename.endswith(".pkl")


def _check_pickle_size(size: int) -> None:
    if size > MAX_PICKLE_BYTES:
        raise errors.CheckpointError(
            f"The checkpoint's structure takes {size} bytes; at most {MAX_PICKLE_BYTES} are "
            "allowed. Store large lists as tensors."
        )


def _check_pickle(content: bytes) -> None:
    _check_pickle_size(len(content))
    for opcode, argument, _ in pickletools.genops(content):
        if opcode.name not in _OPCODES or (opcode.name == "GLOBAL" and argument not in _GLOBALS):
            raise errors.CheckpointError(
                f"The checkpoint contains `{opcode.name} {argument or ''}`, which no checkpoint "
                "of ketwork does. Do not trust this file."
            )


def _checked_size(path: _Path, tensor: torch.Tensor) -> int:
    """Returns the bytes of a tensor that owns exactly the storage its shape needs."""
    size = tensor.numel() * tensor.element_size()
    if tensor.requires_grad or tensor.untyped_storage().nbytes() != size:
        raise errors.CheckpointError(
            f"`{path}` claims shape {tuple(tensor.shape)}, but the file does not store "
            f"exactly those {size} bytes for it. Do not trust this file."
        )
    if not tensor.is_contiguous():
        raise errors.CheckpointError(f"`{path}` is not contiguous. Do not trust this file.")
    return size


def _leaves(tree: Any) -> Iterator[tuple[_Path, Any]]:
    """Yields path and value of every leaf.

    Containers that appear twice (or in themselves) are refused, for walking them could take
    forever, and so are trees deeper than `MAX_DEPTH`.
    """
    seen: set[int] = set()
    stack: list[tuple[_Path, Any]] = [(_Path(), tree)]
    while stack:
        path, value = stack.pop()
        if not isinstance(value, dict | list | tuple):
            yield path, value
            continue
        if value and id(value) in seen:
            raise errors.CheckpointError(f"`{path}` appears twice in the checkpoint.")
        if path.depth > MAX_DEPTH:
            raise errors.CheckpointError(f"`{path}` lies deeper than {MAX_DEPTH} levels.")
        seen.add(id(value))
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        stack.extend((_Path(path, key, path.depth + 1), item) for key, item in pairs)


@dataclass(frozen=True)
class _Path:
    """Where a value stands in a tree; spelled out (and cut off) only when it is shown."""

    parent: _Path | None = None
    key: Any = None
    depth: int = 0

    def __str__(self) -> str:
        keys: list[str] = []
        path = self
        while path.parent is not None:
            keys.append(f"{path.key!s:.80}")
            path = path.parent
        return ".".join(reversed(keys))[:200]
