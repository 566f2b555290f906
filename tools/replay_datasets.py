"""Readers of dataset files, for replay.py: the bytes and labels of every sample."""

import gzip
import hashlib
import string

import numpy as np

from replay_own_files import OwnFilesError, read_splits

CIFAR10_NAMES = "airplane automobile bird cat deer dog frog horse ship truck".split()
CIFAR100_NAMES = """apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge
    bus butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab
    crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp
    lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain mouse mushroom oak_tree
    orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine possum rabbit
    raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel
    streetcar sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip
    turtle wardrobe whale willow_tree wolf woman worm""".split()

EMNIST_CLASSES = {"byclass": 62, "bymerge": 47, "balanced": 47, "letters": 26, "digits": 10, "mnist": 10}


class DatasetError(Exception):
    """A dataset file is missing, damaged or not the one that the run read."""


class Dataset:
    """The pooled files of a run, published or the user's own, in the order of `dataset.splits`.

    images: uint8 [sample, channel, y, x]; labels: int64 [sample], renumbered in the order of
    `dataset.classes`, -1 for a class that the run left out; files: [(name, SHA-256 of its bytes)].
    """

    def __init__(self, folder, name, splits, classes, own="published"):
        """splits: "all" or a list such as ["test"]; classes: "all" or a list of indices and names; own: the files that
        `dataset.files` lists, if they are not the published ones."""
        self.name, self.files = name, []
        if own == "published":
            labels, published, names = self._read_published(folder, splits)
        else:
            try:
                self.images, labels, names, self.files = read_splits(own, splits)
            except (OwnFilesError, KeyError, ValueError, OSError) as error:
                raise DatasetError(f"{name}: {error}") from error
            published = len(names)
        if labels.min() < 0 or labels.max() >= published:
            raise DatasetError(f"{name}: labels {labels.min()} … {labels.max()}, "
                               f"expected 0 … {published - 1}")
        kept = range(published) if classes == "all" else [self._label(c, names) for c in classes]
        renumbered = np.full(published, -1)
        renumbered[list(kept)] = np.arange(len(kept))
        self.labels, self.classes = renumbered[labels], len(kept)

    def _read_published(self, folder, splits):
        """The labels, the number of classes and their names; the images are kept."""
        splits = ["train", "test"] if splits == "all" else splits
        read = self._read_cifar if self.name.startswith("cifar") else self._read_idx
        parts = [part for split in splits for part in read(folder, split)]
        self.images = np.concatenate([images for images, _ in parts])
        labels = np.concatenate([labels for _, labels in parts]).astype(np.int64)
        return labels, *self._classes()

    def _classes(self):
        """The number of published classes, and their names, if a run may use them."""
        if self.name == "cifar10":
            return 10, CIFAR10_NAMES
        if self.name == "cifar100":
            return 100, CIFAR100_NAMES
        if self.name == "emnist-byclass":
            return 62, list(string.digits + string.ascii_uppercase + string.ascii_lowercase)
        count = EMNIST_CLASSES[self.name[7:]] if self.name.startswith("emnist-") else 10
        return count, [str(label) for label in range(count)] if count == 10 else []

    def _label(self, text, names):
        if text in names:
            return names.index(text)
        if text.isdigit():
            return int(text)
        raise DatasetError(f"{self.name}: this replay knows no class {text!r}; "
                           "give its index in dataset.classes")

    def _bytes(self, folder, *names):
        """The bytes of the first file that exists, plain or gzip, under any of its names."""
        for name in names:
            for path in (folder / name, folder / f"{name}.gz"):
                if path.exists():
                    content = path.read_bytes()
                    content = gzip.decompress(content) if path.suffix == ".gz" else content
                    self.files.append((names[0], hashlib.sha256(content).hexdigest()))
                    return content
        raise DatasetError(f"{folder / names[0]}: not found, neither plain nor as .gz")

    def _read_idx(self, folder, split):
        if self.name.startswith("emnist-"):
            folder, prefix = folder / "emnist", f"{self.name}-{split}"
        else:
            folder, prefix = folder / self.name, {"train": "train", "test": "t10k"}[split]

        def array(kind, dimensions):
            content = self._bytes(folder, f"{prefix}-{kind}-idx{dimensions}-ubyte",
                                  f"{prefix}-{kind}.idx{dimensions}-ubyte")
            header = np.frombuffer(content, ">u4", 1 + dimensions)
            shape = tuple(int(size) for size in header[1:])
            if header[0] != 0x800 + dimensions or len(content) != 4 * len(header) + np.prod(shape):
                raise DatasetError(f"{folder}/{prefix}-{kind}: not an IDX file of {dimensions} dimensions")
            return np.frombuffer(content, np.uint8, offset=4 * len(header)).reshape(shape)

        images, labels = array("images", 3), array("labels", 1)
        if len(images) != len(labels):
            raise DatasetError(f"{folder}/{prefix}: {len(images)} images but {len(labels)} labels")
        if self.name.startswith("emnist-"):
            images = images.transpose(0, 2, 1)  # EMNIST stores x and y swapped.
        if self.name == "emnist-letters":
            labels = labels.astype(np.int64) - 1
        return [(images[:, None], labels)]

    def _read_cifar(self, folder, split):
        if self.name == "cifar10":
            folder, label_bytes = folder / "cifar-10-batches-bin", 1
            names = [f"data_batch_{n}.bin" for n in range(1, 6)] if split == "train" else ["test_batch.bin"]
        else:
            folder, label_bytes, names = folder / "cifar-100-binary", 2, [f"{split}.bin"]
        parts = []
        for name in names:
            content = np.frombuffer(self._bytes(folder, name), np.uint8)
            if len(content) % (label_bytes + 3072):
                raise DatasetError(f"{folder / name}: {len(content)} bytes are not a whole number of records")
            records = content.reshape(-1, label_bytes + 3072)
            # CIFAR-100: the coarse label, then the fine one.
            parts.append((records[:, label_bytes:].reshape(-1, 3, 32, 32), records[:, label_bytes - 1]))
        return parts
