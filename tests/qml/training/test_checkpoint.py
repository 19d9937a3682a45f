"""Checkpoints: round trips, and what must be refused."""

from __future__ import annotations

import io
import pickle
import random
import struct
import zipfile
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from circuits import errors
from qml.training import load_checkpoint, save_checkpoint
from qml.training.container import HEADER_SIZE, write_container
from qml.training.payload import decode, encode

from .problems import assert_same_state, mlp

MUTATIONS = 300
DTYPES = [
    torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64,
    torch.complex128, torch.int32, torch.int64, torch.uint8, torch.bool,
]  # fmt: skip


def same(a, b):
    """Compares trees: types and values, tensors bit for bit."""
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
    | st.sampled_from(DTYPES).map(lambda dtype: torch.arange(6).reshape(2, 3).to(dtype))
    | st.sampled_from([(), (0,), (2, 0)]).map(torch.zeros)
)
trees = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text("abc.", max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text("abc", max_size=3), trees, max_size=4))
def test_payload_round_trip(tree):
    assert same(decode(encode(tree)), tree)


def test_views_ties_and_strides_are_stored_as_what_they_show():
    base = torch.arange(12.0).reshape(3, 4)
    tree = {
        "column": base[:, 1],
        "transposed": base.T,
        "expanded": torch.ones(1).expand(5),
        "conjugate": torch.complex(base, base).conj(),
        "same": base,
        "again": base,
        "milestones": Counter({3: 2}),
        "parameter": nn.Parameter(base),
    }
    loaded = decode(encode(tree))
    assert same(loaded, {k: getattr(v, "data", v) for k, v in tree.items()})
    assert isinstance(loaded["milestones"], Counter)


@pytest.mark.parametrize(
    "value",
    [np.zeros(3), b"bytes", 1j, object(), {1.5: 1}, {True: 1}, torch.eye(2).to_sparse(), {1, 2}],
    ids=lambda value: type(value).__name__,
)
def test_other_values_are_refused_when_saving(tmp_path, value):
    with pytest.raises(errors.CheckpointError, match=r"metadata\.place"):
        save_checkpoint(tmp_path / "x", nn.Linear(1, 1), metadata={"place": value})
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_model_round_trip(tmp_path, dtype):
    path, model, other = tmp_path / "m.ckpt", mlp(dtype=dtype), mlp(dtype=dtype, seed=1)
    save_checkpoint(path, model, metadata={"model": "mlp", "mean": torch.ones(2)})
    checkpoint = load_checkpoint(str(path))
    assert checkpoint.load_into(other) is other
    assert_same_state(model, other)
    assert checkpoint.metadata["model"] == "mlp"
    assert checkpoint.training is None


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A checkpoint as bytes, and where to put damaged ones."""
    path = tmp_path_factory.mktemp("ckpt") / "m.ckpt"
    save_checkpoint(path, mlp(), metadata={"name": "original"}, training={"epoch": 3})
    return path.read_bytes(), path.with_name("damaged.ckpt")


def test_300_mutated_checkpoints_are_all_refused(written):
    blob, path = written
    rng = random.Random(7)
    for trial in range(MUTATIONS):
        damaged = bytearray(blob)
        kind = trial % 5
        at = rng.randrange(len(blob)) if trial % 2 else rng.randrange(HEADER_SIZE)
        if kind == 0:
            damaged[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            damaged = damaged[:at]
        elif kind == 2:
            damaged[at:at] = rng.randbytes(rng.randrange(1, 9))
        elif kind == 3:
            del damaged[at : at + rng.randrange(1, 9)]
        else:
            size = min(16, len(blob) - at)
            damaged[at : at + size] = bytes(255 - b for b in blob[at : at + size])
        assert damaged != blob
        path.write_bytes(damaged)
        with pytest.raises(errors.CheckpointError, match=r"damaged\.ckpt"):
            load_checkpoint(path)


def test_every_bit_of_the_header_matters(written):
    blob, path = written
    for bit in range(8 * HEADER_SIZE):
        damaged = bytearray(blob)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with pytest.raises(errors.CheckpointError):
            load_checkpoint(path)


def test_missing_folder_large_and_foreign_files(tmp_path, written):
    path = tmp_path / "x.ckpt"
    with pytest.raises(errors.CheckpointError, match="Cannot read"):
        load_checkpoint(path)
    with pytest.raises(errors.CheckpointError, match="Cannot read"):
        load_checkpoint(tmp_path)
    with pytest.raises(errors.CheckpointError, match="regular file"):
        load_checkpoint("/dev/null")
    torch.save({"model": {}}, path)
    with pytest.raises(errors.CheckpointError, match="not a ketwork checkpoint"):
        load_checkpoint(path)
    path.write_bytes(written[0])
    with pytest.raises(errors.CheckpointError, match="larger than the 1000 bytes"):
        load_checkpoint(path, max_bytes=1000)


# --- hostile content behind a valid digest -------------------------------------------------------


def saved(tree) -> bytes:
    buffer = io.BytesIO()
    torch.save(tree, buffer)
    return buffer.getvalue()


def rezipped(payload: bytes, change=lambda name, data: data, compression=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(payload)) as source,
        zipfile.ZipFile(out, "w", compression) as z,
    ):
        for name in source.namelist():
            z.writestr(name, change(name, source.read(name)))
    return out.getvalue()


def with_pickle(pickled: bytes) -> bytes:
    return rezipped(saved({}), lambda name, data: pickled if name.endswith("data.pkl") else data)


class Exploit:
    ran = False

    def __reduce__(self):
        return exec, ("from tests.qml.training import test_checkpoint as t; t.Exploit.ran = True",)


def tree(**metadata):
    return {"model": {}, "metadata": metadata, "training": None}


def twice_nested(depth: int):
    value: list = []
    for _ in range(depth):
        value = [value, value]
    return value


def duplicate_entry() -> bytes:
    out = io.BytesIO(saved(tree()))
    with zipfile.ZipFile(out, "a") as z, pytest.warns(UserWarning, match="Duplicate"):
        z.writestr("archive/data.pkl", pickle.dumps({}, 2))
    return out.getvalue()


def resized_storage() -> bytes:
    """Claims a tensor of 10^6 elements over a storage of 4."""
    pickled = zipfile.ZipFile(io.BytesIO(saved(tree(a=torch.ones(4))))).read("archive/data.pkl")
    changed = pickled.replace(b"K\x04\x85", b"J" + struct.pack("<i", 10**6) + b"\x85")
    assert changed != pickled
    return rezipped(
        saved(tree(a=torch.ones(4))), lambda n, d: changed if n.endswith("data.pkl") else d
    )


HOSTILE = {
    "code": lambda: saved(tree(a=Exploit())),
    "pickle without archive": lambda: pickle.dumps(Exploit()),
    "legacy archive": lambda: pickle.dumps(tree(), 2),
    "stack global": lambda: with_pickle(pickle.dumps(Exploit(), 4)),
    "bytearray of 10^12": lambda: with_pickle(
        b"\x80\x02cbuiltins\nbytearray\n\x8a\x06" + (10**12).to_bytes(6, "little") + b"\x85R."
    ),
    "expanded tensor of 10^9": lambda: saved(tree(a=torch.ones(1).expand(10**9))),
    "expanded tensor of 4": lambda: saved(tree(a=torch.ones(1).expand(4))),
    "part of a storage": lambda: saved(tree(a=torch.ones(9)[:4])),
    "tensor larger than its storage": resized_storage,
    "many views of one storage": lambda: saved(tree(a=list(torch.ones(1000).expand(100, 1000)))),
    "compressed zeros": lambda: rezipped(
        saved(tree(a=torch.zeros(10**6))), compression=zipfile.ZIP_DEFLATED
    ),
    "compressed, yet not larger": lambda: rezipped(saved(tree()), compression=zipfile.ZIP_DEFLATED),
    "shortened storage": lambda: rezipped(
        saved(tree(a=torch.ones(1000))), lambda n, d: d[:8] if n.endswith("data/0") else d
    ),
    "duplicate entries": duplicate_entry,
    "billion laughs": lambda: saved(tree(a=twice_nested(30))),
    "deep nesting": lambda: with_pickle(
        b"\x80\x02}X\x01\x00\x00\x00a" + b"]" * 200_000 + b"a" * 199_999 + b"s."
    ),
    "no dictionary": lambda: saved([1, 2]),
    "other keys": lambda: saved({"model": {}}),
    "metadata is a list": lambda: saved({"model": {}, "metadata": [], "training": None}),
    "sparse tensor": lambda: saved(tree(a=torch.eye(3).to_sparse())),
    "meta tensor": lambda: saved(tree(a=torch.empty(10**9, device="meta"))),
    "requires grad": lambda: saved(tree(a=torch.ones(2, requires_grad=True))),
    "nan": lambda: saved(
        {"model": {"w": torch.tensor([1, torch.nan])}, "metadata": {}, "training": None}
    ),
    "infinity": lambda: saved(tree(a=torch.tensor([torch.inf]))),
    "empty": lambda: b"",
    "empty archive": lambda: b"PK\x05\x06" + bytes(18),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_content_is_refused(tmp_path, name):
    path = tmp_path / "hostile.ckpt"
    write_container(path, HOSTILE[name]())
    with pytest.raises(errors.CheckpointError, match=r"hostile\.ckpt"):
        load_checkpoint(path)
    assert not Exploit.ran


def test_a_cycle_is_refused():
    cycle: list = []
    cycle.append(cycle)
    with pytest.raises(errors.CheckpointError):
        decode(saved({"a": cycle}))


def test_our_own_payload_passes_the_hostile_path(tmp_path):
    """The refusals above are not due to the way the test packs its files."""
    path = tmp_path / "fine.ckpt"
    write_container(path, rezipped(saved(tree(a=torch.ones(4)))))
    assert torch.equal(load_checkpoint(path).metadata["a"], torch.ones(4))


def test_nonfinite_numbers_load_on_request(tmp_path):
    path = tmp_path / "x.ckpt"
    save_checkpoint(path, nn.Linear(1, 1), metadata={"mask": torch.tensor([-torch.inf])})
    with pytest.raises(errors.CheckpointError, match=r"metadata\.mask.*allow_nonfinite"):
        load_checkpoint(path)
    assert load_checkpoint(path, allow_nonfinite=True).metadata["mask"].item() == -torch.inf


def test_a_model_with_nan_is_not_saved(tmp_path):
    model = nn.Linear(1, 1)
    nn.init.constant_(model.bias, torch.nan)
    with pytest.raises(errors.CheckpointError, match=r"model\.bias"):
        save_checkpoint(tmp_path / "x.ckpt", model)


def test_checkpoints_of_other_models_are_refused(tmp_path):
    path = tmp_path / "x.ckpt"
    save_checkpoint(path, nn.Linear(2, 3))
    checkpoint = load_checkpoint(path)
    with pytest.raises(errors.CheckpointError, match=r"(?s)weight.*\(3, 2\)"):
        checkpoint.load_into(nn.Linear(3, 3))
    with pytest.raises(errors.CheckpointError, match="float64"):
        checkpoint.load_into(nn.Linear(2, 3).double())
    with pytest.raises(errors.CheckpointError, match=r"0\.bias.*0\.weight"):
        checkpoint.load_into(nn.Sequential(nn.Linear(2, 3)))


def test_metadata_that_could_not_be_loaded_is_not_saved(tmp_path, monkeypatch):
    cycle: list = []
    cycle.append(cycle)
    with pytest.raises(errors.CheckpointError, match="deeper than"):
        save_checkpoint(tmp_path / "x.ckpt", nn.Linear(1, 1), metadata={"cycle": cycle})
    monkeypatch.setattr("qml.training.payload.MAX_PICKLE_BYTES", 5000)
    with pytest.raises(errors.CheckpointError, match="large lists as tensors"):
        save_checkpoint(tmp_path / "x.ckpt", nn.Linear(1, 1), metadata={"list": [0.1] * 1000})
    assert not (tmp_path / "x.ckpt").exists()
