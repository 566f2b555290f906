#!/usr/bin/env python3
"""Turns a split of PFLlib or FL-bench into a file for `pfedla partition import`.

    python partition_from_pfllib.py PFLlib/dataset/MNIST --images mnist/ --output split.npz
    python partition_from_pfllib.py FL-bench/data/mnist/partition.pkl --output split.npz

PFLlib saves each client's images (train/0.npz, test/0.npz, …), not their places in the dataset. Each image is looked
up by its bytes in the files of --images, read in the order train, test: IDX files (plain or .gz) or CIFAR-10's binary
ones. FL-bench saves places. Both are pickled, so only convert files that you trust.
"""

import argparse
import gzip
import pathlib
import pickle

import numpy as np


def read(path):
    return gzip.open(path).read() if path.suffix == ".gz" else path.read_bytes()


def dataset_images(folder):
    """Every image of the published files as bytes, in the order in which pfedla numbers them."""
    idx = {split: sorted(folder.glob(f"{split}*images*")) for split in ("train", "t10k")}
    if all(idx.values()):
        for (path, *_) in idx.values():
            content = read(path)
            count, height, width = np.frombuffer(content, ">u4", 3, 4)
            yield from np.frombuffer(content, np.uint8, offset=16).reshape(count, height * width)
        return
    batches = [folder / f"data_batch_{number}.bin" for number in range(1, 6)] + [folder / "test_batch.bin"]
    if not all(path.exists() for path in batches):
        raise SystemExit(f"{folder}: neither IDX files nor CIFAR-10's binary files, expected one of them")
    for path in batches:
        yield from np.frombuffer(read(path), np.uint8).reshape(-1, 3073)[:, 1:]


def from_pfllib(folder, images):
    """{split: [[index]]} of each client."""
    places = {}
    for place, image in enumerate(dataset_images(images)):
        places.setdefault(image.tobytes(), []).append(place)
    rows = {}
    for split in ("train", "test"):
        files = sorted((folder / split).glob("*.npz"), key=lambda path: int(path.stem))
        if not files:
            raise SystemExit(f"{folder / split}: no .npz files, expected one for each client")
        rows[split] = []
        for path in files:
            values = np.load(path, allow_pickle=True)["data"].item()["x"]
            # PFLlib scales bytes to [-1, 1].
            found = np.round((np.asarray(values) * 0.5 + 0.5) * 255).astype(np.uint8)
            indices = []
            for number, image in enumerate(found.reshape(len(found), int(np.prod(found.shape[1:])))):
                if not (left := places.get(image.tobytes())):
                    raise SystemExit(f"{path}: image {number} is not in {images}, or more often than there; expected the "
                                     "dataset that PFLlib split, scaled to [-1, 1]")
                # Of equal images each is taken once.
                indices.append(left.pop(0))
            rows[split].append(indices)
    return rows


def from_fl_bench(path):
    """The same of an FL-bench partition, whose validation samples join the training samples."""
    clients = pickle.loads(path.read_bytes())["data_indices"]
    return {
        "train": [[*client["train"], *client.get("val", [])] for client in clients],
        "test": [list(client["test"]) for client in clients]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("split", type=pathlib.Path, help="PFLlib's folder of a dataset, or FL-bench's partition.pkl")
    parser.add_argument("--images", type=pathlib.Path, help="the folder with the dataset's files, for PFLlib")
    parser.add_argument("--output", required=True, help="the .npz file to write")
    chosen = parser.parse_args()
    if chosen.split.is_dir() and not chosen.images:
        parser.error("PFLlib's folders need --images")
    rows = from_pfllib(chosen.split, chosen.images) if chosen.split.is_dir() else from_fl_bench(chosen.split)
    np.savez_compressed(chosen.output, **{
        f"{split}_{client}": np.array(indices, np.int64)
        for split, clients in rows.items() for client, indices in enumerate(clients)})
    print(f"{chosen.output}: {len(rows['train'])} clients, "
          + ", ".join(f"{sum(map(len, clients))} {split} samples" for split, clients in rows.items()))


if __name__ == "__main__":
    main()
