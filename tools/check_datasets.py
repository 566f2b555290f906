"""Writes datasets in every format of `dataset.files` and checks what pfedla reads: counts, digests and each pixel.

    python tools/check_datasets.py [--pfedla PROGRAM]

The files come from numpy, h5py, gzip and json, in several types and sizes. `pfedla datasets describe --image` draws the
samples, and the picture is compared with the images. Damaged and wrong files, also of partitions, must be refused in one
line.
Needs numpy, h5py and matplotlib.
"""

import argparse
import gzip
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import h5py
import matplotlib.image
import numpy as np

SIZES = [(1, 28, 28), (3, 32, 32), (1, 7, 9), (2, 40, 3)]
WIDTHS = [np.uint8, np.int8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64, ">i4", ">u2"]


def make(shape, count, seed, classes=5):
    """Random images [sample, channel, y, x], labels in which every class occurs, and users."""
    random = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(classes), random.integers(0, classes, count - classes)])
    return random.integers(0, 256, (count, *shape), dtype=np.uint8), labels, random.integers(0, 6, count)


def idx(array, code=8):
    """The bytes of an IDX file."""
    kind = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4"}[code]
    return bytes([0, 0, code, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.astype(kind).tobytes()


def gray(images):
    """(sample, y, x) if there is one channel."""
    return images[:, 0] if images.shape[1] == 1 else images


def write_formats(folder, images, labels, users, number):
    """The samples in every format: yields (name, the value of dataset.files, whether users are known)."""
    width = WIDTHS[number % len(WIDTHS)]
    shape = dict(zip(["channels", "height", "width"], images.shape[1:]))
    np.savez(folder / "a.npz", images=gray(images), labels=labels.astype(width), users=users)
    yield "npz", "a.npz", True
    np.savez_compressed(folder / "b.npz", images=images, labels=labels, users=[f"user {u}" for u in users])
    yield "npz, packed", "b.npz", True
    np.save(folder / "i.npy", np.asfortranarray(images) if number % 2 else gray(images))
    np.save(folder / "l.npy", labels.astype(width))
    yield "npy", {"images": "i.npy", "labels": "l.npy"}, False
    with h5py.File(folder / "a.h5", "w", libver=["earliest", ("v110", "v110")][number % 2]) as file:
        file.create_dataset("images", data=gray(images), compression=["gzip", None][number % 2], shuffle=True)
        file.create_dataset("labels", data=labels, dtype=width)
        file["users"] = users
    yield "HDF5", "a.h5", True
    code = [8, 9, 11, 12][number % 4]
    (folder / "i.idx").write_bytes(idx(gray(images)))
    (folder / "l.idx").write_bytes(idx(labels, code))
    yield "IDX", {"images": "i.idx", "labels": "l.idx"}, False
    (folder / "i.gz").write_bytes(gzip.compress(idx(gray(images))))
    (folder / "l.gz").write_bytes(gzip.compress(idx(labels, code)))
    yield "IDX, packed", {"images": "i.gz", "labels": "l.gz"}, False
    ahead = 1 + number % 3
    records = np.zeros((len(images), ahead + images[0].size), np.uint8)
    records[:, ahead - 1], records[:, ahead:] = labels, images.reshape(len(images), -1)
    (folder / "a.bin").write_bytes(records.tobytes())
    yield "records", {"images": "a.bin", **shape, "class_count": 5, "label_bytes": ahead}, False
    if images.shape[1] == 1 and images.shape[2] == images.shape[3]:
        order = np.argsort(users, kind="stable")  # LEAF's files are in the order of their users.
        names = [f"f{user:04}" for user in sorted(set(users))]
        own = [order[users[order] == user] for user in sorted(set(users))]
        data = {name: {"x": (images[rows].reshape(len(rows), -1) / 255).tolist(), "y": labels[rows].tolist()}
                for name, rows in zip(names, own)}
        (folder / "leaf.json").write_text(json.dumps(
            {"users": names, "num_samples": [len(rows) for rows in own], "user_data": data}))
        yield "LEAF", "leaf.json", True


def grid(images, labels, classes, columns):
    """The picture that pfedla draws: the first images of each class, with a white pixel between."""
    channels = 3 if images.shape[1] == 3 else 1
    scale = max(1, 28 // images.shape[2])
    large = images[:, :channels].repeat(scale, 2).repeat(scale, 3)
    height, width = large.shape[2] + 1, large.shape[3] + 1
    picture = np.full((channels, classes * height, columns * width), 255, np.uint8)
    for row in range(classes):
        for column, sample in enumerate(np.flatnonzero(labels == row)[:columns]):
            picture[:, row * height:(row + 1) * height - 1,
                    column * width:(column + 1) * width - 1] = large[sample]
    return picture[0] if channels == 1 else picture.transpose(1, 2, 0)


def describe(program, folder, files, *options):
    (folder / "s.yaml").write_text(json.dumps({"dataset": {"name": "own", "files": files}}))
    return subprocess.run([program, "datasets", "describe", "s.yaml", *options], cwd=folder, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def check_format(program, folder, name, files, images, labels, users, knows_users):
    if name == "LEAF":
        order = np.argsort(users, kind="stable")
        images, labels = images[order], labels[order]
    said = describe(program, folder, files, "--image", "grid.png", "--per-class", "40")
    assert said.returncode == 0, f"{name}: {said.stderr}"
    text = said.stdout
    for label in range(5):
        assert re.search(rf"^ +{label}  {label} +{(labels == label).sum()}$", text, re.M), f"{name}: {text}"
    assert (f"users: {len(set(users))}\n" in text) == knows_users, f"{name}: {text}"
    for digest, file in re.findall(r"^  ([0-9a-f]{64})  (.+)$", text, re.M):
        content = (folder / file).read_bytes()
        content = gzip.decompress(content) if file.endswith(".gz") else content
        assert hashlib.sha256(content).hexdigest() == digest, f"{name}: {file}"
    drawn = np.round(255 * matplotlib.image.imread(folder / "grid.png")).astype(np.uint8)
    expected = grid(images, labels, 5, 40)
    assert np.array_equal(drawn, expected), f"{name}: the pixels differ from those written"
    print(f"{name}, {' x '.join(map(str, images.shape[1:]))}: {len(images)} samples ok")


def refusals(folder, images, labels):
    """Damaged and wrong files: yields (what is wrong, files, words of the line)."""
    np.savez(folder / "floats.npz", images=images / 255, labels=labels)
    yield "floating-point images", "floats.npz", "expected numpy.uint8"
    np.savez(folder / "last.npz", images=images.transpose(0, 2, 3, 1), labels=labels)
    yield "channels last", "last.npz", "transpose"
    np.savez(folder / "negative.npz", images=images, labels=labels - 1)
    yield "negative labels", "negative.npz", "labels count from 0"
    np.savez(folder / "from-one.npz", images=images, labels=labels + 1)
    yield "labels from 1", "from-one.npz", "no sample has the label 0"
    yield "too few classes", {"images": "whole.npz", "class_count": 3}, "expected 0...2"
    np.savez(folder / "fewer.npz", images=images, labels=labels[1:])
    yield "a label less", "fewer.npz", f"has {len(labels) - 1} labels, expected {len(labels)}"
    np.savez(folder / "names.npz", pictures=images, labels=labels)
    yield "no images", "names.npz", "has no array images, found labels, pictures"
    np.savez(folder / "objects.npz", images=images, labels=np.array([None] * len(labels)))
    yield "Python objects", "objects.npz", "expected a plain type"
    np.savez(folder / "real.npz", images=images, labels=labels.astype(float))
    yield "labels that are no whole numbers", "real.npz", "expected whole numbers"
    np.savez(folder / "whole.npz", images=images, labels=labels)
    whole = (folder / "whole.npz").read_bytes()
    (folder / "cut.npz").write_bytes(whole[:-100])
    yield "a cut archive", "cut.npz", "zip archive"
    (folder / "bits.npz").write_bytes(whole[:3000] + bytes([whole[3000] ^ 1]) + whole[3001:])
    yield "a changed bit", "bits.npz", "is damaged"
    with h5py.File(folder / "missing.h5", "w") as file:
        file["labels"] = labels
    yield "HDF5 without images", "missing.h5", "/images: found no object"
    with h5py.File(folder / "flags.h5", "w") as file:
        file["images"], file["labels"] = images > 100, labels
    yield "truth values", "flags.h5", "expected unsigned 8-bit integers"
    with h5py.File(folder / "claim.h5", "w") as file:
        file.create_dataset("images", (10**6, 3, 1000, 1000), np.uint8, chunks=(1, 3, 100, 100))
        file["labels"] = labels
    yield "more than the file can hold", "claim.h5", "cannot hold"
    content = (folder / "missing.h5").read_bytes()
    (folder / "cut.h5").write_bytes(content[:-200])
    yield "cut HDF5", "cut.h5", "truncated or damaged"
    for wrong, written_images, written_labels, words in [
            ("HDF5 without labels", images, None, "/labels: found no object"),
            ("HDF5 with fractional labels", images, labels + 0.5, "expected whole numbers"),
            ("HDF5 with a table of labels", images, np.stack([labels, labels]), "has 2 axes"),
            ("HDF5 with a label less", images, labels[1:], f"has {len(labels) - 1} labels"),
            ("HDF5 with wide pixels", images.astype(np.int16), labels, "expected unsigned 8-bit integers"),
            ("HDF5 with a group for images", {}, labels, "found a group; expected a dataset"),
            ("HDF5 with a link to another file", h5py.ExternalLink("whole.h5", "/images"), labels,
             "found a link to another place")]:
        name = wrong.replace(" ", "-") + ".h5"
        with h5py.File(folder / name, "w") as file:
            if isinstance(written_images, dict):
                file.create_group("images")
            else:
                file["images"] = written_images
            if written_labels is not None:
                file["labels"] = written_labels
        yield wrong, name, words
    with h5py.File(folder / "chunk.h5", "w") as file:
        file.create_dataset("images", data=images, chunks=(1, *images.shape[1:]), compression="gzip")
        file["labels"] = labels
        place = file["images"].id.get_chunk_info(7).byte_offset + 40
    content = bytearray((folder / "chunk.h5").read_bytes())
    content[place] ^= 255
    (folder / "chunk.h5").write_bytes(content)
    yield "HDF5 with a damaged chunk", "chunk.h5", "cannot read the dataset"
    yield from record_refusals(folder, images, labels)
    (folder / "a.json").write_text('{"users": [], "num_samples": [], "user_data": {}}')
    yield "LEAF without users", "a.json", "lacks images"
    (folder / "b.json").write_text('{"users": ["a"], "num_samples": [1], "user_data": {"a": {"x": ["text"], "y": ["t"]}}}')
    yield "LEAF's texts", "b.json", "expected a list"
    (folder / "text").write_text("images and labels")
    yield "a text", "text", "expected NumPy"


def record_refusals(folder, images, labels):
    """The same of records without a header, whose shape `dataset.files` states."""
    shape = dict(zip(["channels", "height", "width"], images.shape[1:])) | {"class_count": 5, "label_bytes": 1}
    whole = b"".join(bytes([label]) + image.tobytes() for label, image in zip(labels, images))
    with h5py.File(folder / "whole.h5", "w") as file:
        file["images"], file["labels"] = images, labels
    for wrong, content, changes, words in [
            ("a cut record", whole[:-1], {}, "expected a multiple of 3073"),
            ("a byte more", whole + b"0", {}, "expected a multiple of 3073"),
            ("no records", b"", {}, "is empty"),
            ("a record of a class that is not there", b"\xc8" + whole[1:], {}, "label 200 at position 0, expected 0...4"),
            ("records of another label size", whole, {"label_bytes": 2}, "expected a multiple of 3074"),
            ("records of another width", whole, {"width": 31}, "expected a multiple of 2977"),
            ("records of an unknown height", whole, {"height": None}, "dataset.files.height: missing"),
            ("records without channels", whole, {"channels": 0}, "expected a whole number in 1 … 64"),
            ("records of huge images", whole, {"width": 10**9}, "expected a whole number in 1 … 4096"),
            ("a picture as records", b"\x89PNG\r\n\x1a\n" + whole, {}, "expected a multiple of 3073"),
            ("HDF5 as records", (folder / "whole.h5").read_bytes(), {}, "is a file of the format HDF5"),
            ("damaged gzip", gzip.compress(whole)[:-20], {}, "gzip")]:
        name = wrong.replace(" ", "-") + (".gz" if "gzip" in wrong else "")
        (folder / name).write_bytes(content)
        stated = {key: value for key, value in (shape | changes).items() if value is not None}
        yield wrong, {"images": name, **stated}, words


def partition_refusals(folder):
    """Damaged and wrong partitions of the 50 samples: yields (what is wrong, file, words of the line)."""
    for number, (text, words) in enumerate([
            ('{"train": [[-1]], "test": [[2]]}', "train index -1, expected 0 or more"),
            ('{"train": [[1.5]], "test": [[2]]}', "expected {"),
            ('{"train": [["a"]], "test": [[2]]}', "expected {"),
            ('{"train": [[[1]]], "test": [[2]]}', "expected {"),
            ('{"train": [[1], []], "test": [[2], [3]]}', "client 1 has no train samples"),
            ('{"train": [], "test": []}', "has no clients"),
            ('{"train": [[1]], "test": [[2]]} 1', "expected {"),
            ('{"train": [[1]]}', "expected {"),
            ('{"train": [[1]], "test": [[99999999999999999999]]}', "expected {"),
            ('{"train": [[1]], "test": [[50]]}', "test index 50, expected 0 to 49"),
            ('{"train": [[1]], "test": [[1]]}', "sample 1 occurs twice"),
            ("null", "expected {")]):
        (folder / f"{number}.json").write_text(text)
        yield f"the partition {text}", f"{number}.json", words
    client, split, index = np.array([0, 0]), np.array(["train", "test"]), np.array([1, 2])
    for wrong, arrays, words in [
            ("an index less", dict(client=client, split=split, index=index[:1]), "2, 2 and 1 elements"),
            ("fractional clients", dict(client=client + 0.5, split=split, index=index), "expected whole numbers"),
            ("another split", dict(client=client, split=np.array(["train", "valid"]), index=index), 'the split "valid"'),
            ("a negative index", dict(client=client, split=split, index=-index), "train index -1"),
            ("an index beyond", dict(client=client, split=split, index=index + 48), "test index 50"),
            ("a sample twice", dict(client=client, split=split, index=np.array([1, 1])), "occurs twice"),
            ("no split", dict(client=client, index=index), "has the arrays client, index"),
            ("no test samples", dict(client=client, split=np.array(["train", "train"]), index=index), "no test samples"),
            ("a client left out", dict(train_0=index, test_0=index + 5, train_2=index + 9, test_2=index + 20),
             "lacks the array test_1"),
            ("a client too large", dict(client=np.array([0, 10**9]), split=split, index=index), "client 1000000000")]:
        name = wrong.replace(" ", "-") + ".npz"
        np.savez(folder / name, **arrays)
        yield f"a partition with {wrong}", name, words
    np.savez(folder / "good.npz", client=client, split=split, index=index)
    content = (folder / "good.npz").read_bytes()
    (folder / "cut-partition.npz").write_bytes(content[:-60])
    yield "a cut partition", "cut-partition.npz", "not a zip archive"
    (folder / "changed-partition.npz").write_bytes(content[:140] + bytes([content[140] ^ 4]) + content[141:])
    yield "a partition with a changed bit", "changed-partition.npz", "is damaged"


def check_refusal(wrong, said, words):
    lines = said.stderr.splitlines()
    assert said.returncode == 1 and len(lines) == 1 and words in lines[0], f"{wrong}: {said}"
    print(f"{wrong}: refused")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pfedla", default=".build/release/pfedla", type=pathlib.Path)
    program = parser.parse_args().pfedla.resolve()
    for number, shape in enumerate(SIZES):
        with tempfile.TemporaryDirectory() as name:
            folder, samples = pathlib.Path(name), make(shape, 200, number)
            for form, files, knows_users in write_formats(folder, *samples, number):
                check_format(program, folder, form, files, *samples, knows_users)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        images, labels, _ = make((3, 32, 32), 50, 9)
        for wrong, files, words in list(refusals(folder, images, labels)):
            check_refusal(wrong, describe(program, folder, files), words)
        (folder / "p.yaml").write_text(json.dumps({
            "method": "fedavg", "dataset": {"name": "own", "files": "whole.npz"}, "rounds": 1,
            "partition": {"scheme": "iid", "clients": 2, "samples_per_client": 10}}))
        for wrong, path, words in partition_refusals(folder):
            check_refusal(wrong, subprocess.run(
                [program, "partition", "import", path, "--specification", "p.yaml", "--output", "partition.h5"],
                cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE), words)
            assert not (folder / "partition.h5").exists(), wrong


if __name__ == "__main__":
    sys.exit(main())
