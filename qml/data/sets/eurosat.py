"""EuroSAT (RGB): folders of JPEG images per class, or an ``.npz`` subset."""

from __future__ import annotations

import numpy as np

from circuits import errors

from ..formats.images import ImageFiles, list_classes
from ..formats.npz import read_npz
from ..locate import FileSpec, Layout
from ..raw import ImageRows, RawSet, Rows
from .record import FILE_OPTIONS, Query, Record

_CLASSES = (
    "AnnualCrop",
    "Forest",
    "HerbaceousVegetation",
    "Highway",
    "Industrial",
    "Pasture",
    "PermanentCrop",
    "Residential",
    "River",
    "SeaLake",
)
_N_IMAGES = 27000
_SIZE = (64, 64)


def _read(query: Query) -> RawSet:
    layout, folder = query.folder()
    if layout.files:
        return _read_npz(query)
    paths, labels = list_classes(folder, _CLASSES)
    notes = [f"{len(paths)} image files in {folder}; no published checksum is known for them"]
    if len(paths) != _N_IMAGES:
        notes.append(f"EuroSAT has {_N_IMAGES} images: this is a part of it, or more than it")
    return RawSet({"all": ImageFiles(paths, labels, _SIZE)}, _CLASSES, notes=tuple(notes))


def _read_npz(query: Query) -> RawSet:
    layout, folder = query.folder()
    path = layout.files[0].find(folder)
    assert path is not None
    keys = ("x_train", "y_train", "x_test", "y_test", "class_names")
    arrays, record = read_npz(path, keys, query.checksum(layout.files[0]), query.max_bytes)
    if tuple(arrays["class_names"].tolist()) != _CLASSES:
        raise errors.DataCorruptedError(
            f"{path}: expected class_names {_CLASSES}, received {arrays['class_names'].tolist()}"
        )
    parts: dict[str, Rows] = {}
    for part in ("train", "test"):
        images, labels = arrays[f"x_{part}"], arrays[f"y_{part}"]
        expected = (labels.size, *_SIZE, 3)
        if images.shape != expected or images.dtype != np.uint8 or labels.dtype != np.uint8:
            raise errors.DataCorruptedError(
                f"{path}: expected x_{part} to be uint8 of shape {expected} with uint8 labels, "
                f"received {images.dtype} {images.shape} with {labels.dtype} labels"
            )
        if labels.size == 0 or labels.max() >= len(_CLASSES):
            raise errors.DataCorruptedError(f"{path}: expected y_{part} in 0 .. 9, one or more")
        parts[part] = ImageRows(images, labels.reshape(-1).astype(np.int64))
    return RawSet(parts, _CLASSES, files=(record,), notes=query.notes(layout))


RECORDS = (
    Record(
        "eurosat",
        "EuroSAT RGB, Sentinel-2 land use, 64 x 64",
        "directory",
        "P. Helber et al., IEEE J-STARS 12, 2217 (2019)",
        "MIT; contains modified Copernicus Sentinel data",
        _read,
        _CLASSES,
        "ketwork downloads nothing: unpack EuroSAT_RGB.zip (https://zenodo.org/records/7711810) in "
        "the data directory, so that it holds EuroSAT_RGB/AnnualCrop/*.jpg and so on; what "
        "torchvision.datasets.EuroSAT(root, download=True) leaves in root/eurosat/2750 is found "
        "too if root is the data directory.",
        (
            Layout(
                (
                    "EuroSAT_RGB",
                    "eurosat/2750",
                    "EuroSAT/2750",
                    "2750",
                    "eurosat/EuroSAT_RGB",
                    "EuroSAT",
                    "eurosat",
                    ".",
                ),
                subfolders=_CLASSES,
            ),
            Layout(
                ("eurosat_subset", "eurosat", "EuroSAT", "."),
                (
                    FileSpec(
                        ("eurosat_rgb_1300.npz",),
                        "sha256:5dfe4fe987fb022bfd0b9b338a50b2360b11e24ca6a893198a93b063b77aefec",
                    ),
                ),
            ),
        ),
        FILE_OPTIONS,
    ),
)
