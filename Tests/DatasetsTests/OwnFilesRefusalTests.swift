import Datasets
import Foundation
import TestSupport
import Testing

@Suite("Files of one's own that are refused")
struct OwnFilesRefusalTests {
  /// What is wrong and the line, without the folder.
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let example: OwnExample
    let line: String

    init(_ description: String, _ example: OwnExample, _ line: String) {
      testDescription = description
      self.example = example
      self.line = line
    }
  }

  private static let remedy = "write it again, or correct dataset.files"

  private static func idx(_ images: [UInt8], _ labels: [UInt8]) -> OwnExample {
    OwnExample.pair("", "", images, labels)
  }

  private static func idx(shape: [Int]) -> OwnExample {
    idx(OfficialFiles.idx(shape, []), OwnExample.idxLabels)
  }

  private static func labels(_ labels: [UInt8]) -> OwnExample {
    idx(OwnExample.idxImages, OfficialFiles.idx([labels.count], labels))
  }

  static let cases = [
    Case("nothing", idx([], OwnExample.idxLabels), "i: is empty; \(remedy)"),
    Case(
      "another format", idx(Array("GIF89a..........".utf8), OwnExample.idxLabels),
      "i: begins with 47 49 46 38 39 61 2e 2e, expected NumPy (.npy, .npz), HDF5, IDX, JSON of LEAF; for records "
        + "without a header state channels, height, width and class_count in dataset.files"),
    Case(
      "a cut file of images", idx(OwnExample.idxImages.dropLast(), OwnExample.idxLabels),
      "i: has 51 bytes, expected 52 for the shape [6, 2, 3] that its header says; \(remedy)"),
    Case(
      "a shape that no file holds", idx(shape: [1 << 31, 1 << 31, 1 << 31]),
      "i: its header says the shape [2147483648, 2147483648, 2147483648], more than a file can hold; \(remedy)"
    ),
    Case(
      "images of one axis", idx(OwnExample.idxLabels, OwnExample.idxLabels),
      "i: has images of shape (6), expected (sample, y, x) or (sample, channel, y, x)"),
    Case(
      "images without pixels", idx(shape: [6, 0, 3]),
      "i: has images of shape (6, 0, 3), expected at least 1 sample, 1...64 channels and 1...4096 pixels along each axis"
    ),
    Case(
      "channels last", idx(OfficialFiles.idx([1, 5, 2, 3], Array(1...30)), OwnExample.idxLabels),
      "i: has images of shape (1, 5, 2, 3), expected (sample, channel, y, x); if the channels come last, save "
        + "images.transpose(0, 3, 1, 2)"),
    Case(
      "images of two bytes",
      idx(
        [0, 0, 0x0b, 3] + OwnExample.idxImages.dropFirst(4) + WrittenByPython.pixels,
        OwnExample.idxLabels),
      "i: has elements of the type int16, expected unsigned bytes from 0 to 255; \(remedy)"),
    Case(
      "labels of floats",
      idx(OwnExample.idxImages, [0, 0, 0x0d, 1] + OwnExample.wideLabels.dropFirst(4)),
      "l: has 1 axes of the type float, expected labels: one axis of whole numbers; \(remedy)"),
    Case(
      "fewer labels", labels([0, 1, 2]),
      "l: has 3 labels, expected 6, the number of images in FOLDER/i"),
    Case(
      "negative labels",
      idx(
        OwnExample.idxImages, [0, 0, 0x09, 1] + OfficialFiles.bigEndian(6) + [0, 1, 0xff, 2, 1, 0]),
      "l: label -1 at position 2, expected 0...65535: labels count from 0"),
    Case(
      "labels from 1", labels([1, 2, 3, 1, 2, 3]),
      "dataset.files of own: no sample has the label 0, but the largest is 3; labels count from 0. If classes without "
        + "samples are meant, state class_count: 4"),
    Case(
      "floating-point images in NumPy's format",
      OwnExample.pair("", ".npy", WrittenByPython.floats, WrittenByPython.labels),
      "i.npy: has elements of the type <f8, expected numpy.uint8 from 0 to 255; for values from 0 to 1 save (255 * "
        + "images).round().astype(numpy.uint8)"),
    Case(
      "floating-point images in HDF5", OwnExample.single("", ".h5", WrittenByPython.hdf5Floats),
      "a.h5: /images: the dataset's type is 32-bit float; expected unsigned 8-bit integers (numpy.uint8)"
    ),
    Case(
      "one array for both", OwnExample.single("", ".npy", WrittenByPython.images),
      "a.npy: holds one array, expected images and labels; give both, as files: {images: FILE, labels: FILE}, or one "
        + ".npz file"),
    Case(
      "an archive without images", OwnExample.single("", ".npz", Array(NumPyArchives.table)),
      "a.npz: has no array images, found client, index, split"),
    Case(
      "one IDX file for both", OwnExample.single("", "", OwnExample.idxImages),
      "a: an IDX file holds images or labels; give both, as files: {images: FILE, labels: FILE}"),
    Case(
      "part of a record", OwnExample.records(OwnExample.recordBytes + [0]),
      "a.bin: has 43 bytes, expected a multiple of 7 (1 for labels and 6 for pixels a record); \(remedy)"
    ),
    Case(
      "a record of a class that is not there",
      OwnExample.records(OwnExample.recordBytes + [3, 0, 0, 0, 0, 0, 0]),
      "a.bin: label 3 at position 6, expected 0...2; \(remedy)"),
    Case(
      "NumPy as records", OwnExample.records(WrittenByPython.archive),
      "a.bin: is a file of the format NumPy (.npy, .npz), which states the shape of its images; leave channels, height, "
        + "width and label_bytes out of dataset.files"),
  ]

  @Test("in one line", arguments: cases)
  func refused(refusal: Case) throws {
    try withTemporaryFolder { folder in
      let error = #expect(throws: (any Error).self) { try refusal.example.load(in: folder) }
      let line = "\(try #require(error))"
      let expected = refusal.line.replacing("FOLDER", with: folder)
      #expect(line == (expected.hasPrefix("dataset.files") ? expected : "\(folder)/\(expected)"))
    }
  }

  @Test("a missing file, a folder, and images of another size")
  func others() throws {
    try withTemporaryFolder { folder in
      let missing = DatasetFiles(splits: [.init(images: ["\(folder)/none.npz"])])
      #expect(throws: DatasetError.self) { try ImageDataset.load("own", own: missing) }
      let place = DatasetFiles(splits: [.init(images: [folder])])
      #expect(throws: DatasetError.self) { try ImageDataset.load("own", own: place) }
      _ = try OwnExample.all[4].load(in: folder)
      try write(OfficialFiles.idx([1, 3, 2], [1, 2, 3, 4, 5, 6]), to: "\(folder)/i2")
      try write(OfficialFiles.idx([1], [0]), to: "\(folder)/l2")
      let files = DatasetFiles(splits: [
        .init(images: ["\(folder)/i", "\(folder)/i2"], labels: ["\(folder)/l", "\(folder)/l2"])
      ])
      #expect(
        throws: DatasetError(
          .malformed,
          "\(folder)/i2: has images of 1 x 3 x 2 (channel, y, x), expected 1 x 2 x 3 as in \(folder)/i"
        )
      ) { try ImageDataset.load("own", own: files) }
      #expect(throws: DatasetError.self) {
        try ImageDataset.load(
          "own", own: DatasetFiles(splits: files.splits.prefix(1).map { $0 }), splits: ["train"])
      }
    }
  }
}
