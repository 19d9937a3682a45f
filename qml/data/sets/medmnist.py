"""MedMNIST v2, two-dimensional sets with one label per image: one ``.npz`` file each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from circuits import errors

from ..formats.npz import read_npz
from ..locate import FileSpec, Layout
from ..raw import ImageRows, RawSet, Rows
from .record import FILE_OPTIONS, Query, Record

_PARTS = ("train", "val", "test")
_KEYS = tuple(f"{part}_{what}" for part in _PARTS for what in ("images", "labels"))
_MAX_CLASSES = 256


def _read(query: Query) -> RawSet:
    layout, folder = query.folder()
    path = layout.files[0].find(folder)
    assert path is not None
    arrays, record = read_npz(path, _KEYS, query.checksum(layout.files[0]), query.max_bytes)
    names = query.record.class_names
    parts = _parts(path, arrays, len(names))
    return RawSet(parts, names, files=(record,), notes=query.notes(layout))


def _read_own(query: Query) -> RawSet:
    path = query.own_file()
    arrays, record = read_npz(path, _KEYS, None, query.max_bytes)
    parts = _parts(path, arrays, _MAX_CLASSES)
    n_classes = 1 + max(int(rows.labels.max()) for rows in parts.values())
    note = f"{path.name}: a file of the user's own, without a checksum to compare with"
    return RawSet(parts, tuple(map(str, range(n_classes))), files=(record,), notes=(note,))


def _parts(path: Path, arrays: dict[str, NDArray[Any]], n_classes: int) -> dict[str, Rows]:
    parts: dict[str, Rows] = {}
    for part in _PARTS:
        images, labels = arrays[f"{part}_images"], arrays[f"{part}_labels"]
        if labels.ndim == 2 and labels.shape[1] > 1:
            raise errors.DataCorruptedError(
                f"{path}: expected one label per image, received {labels.shape[1]} (several labels "
                "per image, as in ChestMNIST, are not supported)"
            )
        images_ok = images.dtype == np.uint8 and images.ndim in (3, 4) and images.size > 0
        if not images_ok or (images.ndim == 4 and images.shape[3] not in (1, 3)):
            raise errors.DataCorruptedError(
                f"{path}: expected {part}_images to be uint8 (n, height, width) or (n, height, "
                f"width, 3), received {images.dtype} {images.shape}"
            )
        if labels.dtype.kind not in "iu" or labels.size != len(images):
            raise errors.DataCorruptedError(
                f"{path}: expected {part}_labels to be {len(images)} integers, received "
                f"{labels.dtype} {labels.shape}"
            )
        if labels.min() < 0 or labels.max() >= n_classes:
            raise errors.DataCorruptedError(
                f"{path}: expected {part}_labels in 0 .. {n_classes - 1}, received "
                f"{labels.min()} .. {labels.max()}"
            )
        parts[part] = ImageRows(images, labels.reshape(-1).astype(np.int64))
    return parts


_ORIGIN = "J. Yang et al., Scientific Data 10, 41 (2023)"
_LICENCE = "CC BY 4.0 (as stated by MedMNIST)"
_ORGANS = (
    "bladder",
    "femur-left",
    "femur-right",
    "heart",
    "kidney-left",
    "kidney-right",
    "liver",
    "lung-left",
    "lung-right",
    "pancreas",
    "spleen",
)
_SETS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("breastmnist", "750601b1f35ba3300ea97c75c52ff8f6", ("malignant", "normal, benign")),
    ("pneumoniamnist", "28209eda62fecd6e6a2d98b1501bb15f", ("normal", "pneumonia")),
    (
        "retinamnist",
        "bd4c0672f1bba3e3a89f0e4e876791e4",
        ("grade 0", "grade 1", "grade 2", "grade 3", "grade 4"),
    ),
    (
        "pathmnist",
        "a8b06965200029087d5bd730944a56c1",
        (
            "adipose",
            "background",
            "debris",
            "lymphocytes",
            "mucus",
            "smooth muscle",
            "normal colon mucosa",
            "cancer-associated stroma",
            "colorectal adenocarcinoma epithelium",
        ),
    ),
    (
        "dermamnist",
        "0744692d530f8e62ec473284d019b0c7",
        (
            "actinic keratoses and intraepithelial carcinoma",
            "basal cell carcinoma",
            "benign keratosis-like lesions",
            "dermatofibroma",
            "melanoma",
            "melanocytic nevi",
            "vascular lesions",
        ),
    ),
    (
        "octmnist",
        "c68d92d5b585d8d81f7112f81e2d0842",
        ("choroidal neovascularization", "diabetic macular edema", "drusen", "normal"),
    ),
    (
        "bloodmnist",
        "7053d0359d879ad8a5505303e11de1dc",
        (
            "basophil",
            "eosinophil",
            "erythroblast",
            "immature granulocytes",
            "lymphocyte",
            "monocyte",
            "neutrophil",
            "platelet",
        ),
    ),
    (
        "tissuemnist",
        "ebe78ee8b05294063de985d821c1c34b",
        (
            "Collecting Duct, Connecting Tubule",
            "Distal Convoluted Tubule",
            "Glomerular endothelial cells",
            "Interstitial endothelial cells",
            "Leukocytes",
            "Podocytes",
            "Proximal Tubule Segments",
            "Thick Ascending Limb",
        ),
    ),
    ("organamnist", "866b832ed4eeba67bfb9edee1d5544e6", _ORGANS),
    ("organcmnist", "0afa5834fb105f7705a7d93372119a21", _ORGANS),
    ("organsmnist", "e5c39f1af030238290b9557d9503af9d", _ORGANS),
)

RECORDS = (
    *(
        Record(
            name,
            f"MedMNIST v2: {name}, 28 x 28",
            "directory",
            _ORIGIN,
            _LICENCE,
            _read,
            classes,
            f"ketwork downloads nothing: put {name}.npz into the folder medmnist of the data "
            "directory. The Python package medmnist downloads it (to ~/.medmnist), or fetch it "
            f"from https://zenodo.org/records/10519652.",
            (
                Layout(
                    ("medmnist", "MedMNIST", ".medmnist", "."),
                    (FileSpec((f"{name}.npz",), f"md5:{md5}"),),
                ),
            ),
            FILE_OPTIONS,
        )
        for name, md5, classes in _SETS
    ),
    Record(
        "medmnist",
        "A file in the format of MedMNIST, of your own",
        "file",
        "a file of the user's own",
        "not known",
        _read_own,
        options=frozenset({"file", "max_bytes"}),
        suffix=".npz",
    ),
)
