"""Readers of a user's own dataset files (`dataset.files`), for replay.py: written from Documentation/datasets.md."""

import gzip
import hashlib
import io
import json
import pathlib

import h5py
import numpy as np


class OwnFilesError(Exception):
    """A file is missing, damaged or of no known format."""


def read_splits(text, splits):
    """What a result's `dataset.files` lists, for "all" or some splits.

    Returns images (uint8 [sample, channel, y, x]), labels ([sample]), the classes' names, and [(file, SHA-256)].
    """
    listed = json.loads(text)
    chosen = [listed[name] for name in ["train", "test"] if name in listed] or [listed]
    if splits != "all":
        chosen = [listed[name] for name in splits]
    images, labels, files = [], [], []
    for split in chosen:
        for image_file, label_file in zip(split["images"], split.get("labels", split["images"])):
            content = read_file(image_file, listed)
            files.append((image_file, content["sha256"]))
            images.append(content["images"])
            if label_file != image_file:
                content = read_file(label_file, listed)
                files.append((label_file, content["sha256"]))
            labels.append(content["labels"])
            if len(images[-1]) != len(labels[-1]):
                raise OwnFilesError(f"{image_file}: {len(images[-1])} images but {len(labels[-1])} labels")
    labels = np.concatenate(labels).astype(np.int64)
    count = listed.get("class_count", int(labels.max()) + 1)
    names = listed.get("class_names", [str(label) for label in range(count)])
    return np.concatenate(images), labels, names, files


def read_file(name, listed):
    """{"images": …, "labels": …, "sha256": …} of a file; what it does not hold is left out."""
    path = pathlib.Path(name)
    if not path.exists():
        raise OwnFilesError(f"{path}: not found; run the replay in the folder in which the run was made")
    content = path.read_bytes()
    content = gzip.decompress(content) if path.suffix == ".gz" else content
    found = {"sha256": hashlib.sha256(content).hexdigest()}
    if "channels" in listed:
        shape = listed["channels"], listed["height"], listed["width"]
        records = np.frombuffer(content, np.uint8).reshape(-1, listed["label_bytes"] + int(np.prod(shape)))
        found["images"] = records[:, listed["label_bytes"]:].reshape(-1, *shape)
        found["labels"] = records[:, listed["label_bytes"] - 1]
    elif content.startswith(b"\x93NUMPY"):
        array = np.load(io.BytesIO(content), allow_pickle=False)
        found["labels" if array.ndim == 1 else "images"] = array
    elif content.startswith(b"PK"):
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            found |= {key: arrays[key] for key in ["images", "labels"] if key in arrays.files}
    elif content.startswith(b"\x89HDF"):
        with h5py.File(io.BytesIO(content), "r") as file:
            found |= {key: file[key][()] for key in ["images", "labels"] if key in file}
    elif content.startswith(b"\0\0"):
        kind = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4"}[content[2]]
        shape = np.frombuffer(content, ">u4", content[3], offset=4).astype(int)
        array = np.frombuffer(content, kind, offset=4 + 4 * content[3]).reshape(shape)
        found["labels" if array.ndim == 1 else "images"] = array
    elif content.lstrip().startswith(b"{"):
        found |= read_leaf(json.loads(content))
    else:
        raise OwnFilesError(f"{path}: of no known format")
    if "images" in found:
        images = found["images"]
        found["images"] = images[:, None] if images.ndim == 3 else images
        if found["images"].dtype != np.uint8:
            raise OwnFilesError(f"{path}: images of {images.dtype}, expected uint8")
    return found


def read_leaf(content):
    """The samples of LEAF's FEMNIST in the order of its users."""
    data = [content["user_data"][user] for user in content["users"]]
    pixels = np.array([image for user in data for image in user["x"]])
    side = int(np.sqrt(pixels.shape[1]))
    return {"images": np.floor(255 * pixels + 0.5).astype(np.uint8).reshape(-1, side, side),
            "labels": np.array([label for user in data for label in user["y"]])}
