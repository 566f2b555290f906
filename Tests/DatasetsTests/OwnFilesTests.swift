import Datasets
import Foundation
import TestSupport
import Testing

/// One of the formats of the same six images.
struct OwnExample: Sendable, CustomTestStringConvertible {
  let testDescription: String
  /// The files by name.
  let contents: [(name: String, bytes: [UInt8])]
  /// What a specification lists, for a folder.
  let files: @Sendable (String) -> DatasetFiles

  func load(in folder: String, classes: [String]? = nil) throws -> ImageDataset {
    for (name, bytes) in contents { try write(bytes, to: "\(folder)/\(name)") }
    return try ImageDataset.load("own", own: files(folder), classes: classes)
  }

  static func pair(
    _ description: String, _ ending: String, _ images: [UInt8], _ labels: [UInt8]
  ) -> OwnExample {
    OwnExample(
      testDescription: description, contents: [("i\(ending)", images), ("l\(ending)", labels)]
    ) { DatasetFiles(splits: [.init(images: ["\($0)/i\(ending)"], labels: ["\($0)/l\(ending)"])]) }
  }

  static func single(_ description: String, _ ending: String, _ bytes: [UInt8]) -> OwnExample {
    OwnExample(testDescription: description, contents: [("a\(ending)", bytes)]) {
      DatasetFiles(splits: [.init(images: ["\($0)/a\(ending)"])])
    }
  }

  static func records(_ bytes: [UInt8], labelBytes: Int = 1) -> OwnExample {
    OwnExample(testDescription: "records", contents: [("a.bin", bytes)]) {
      DatasetFiles(
        splits: [.init(images: ["\($0)/a.bin"])],
        records: .init(channels: 1, height: 2, width: 3, labelByteCount: labelBytes), classCount: 3)
    }
  }

  private static let labels = WrittenByPython.classes.map { UInt8($0) }
  static let idxImages = OfficialFiles.idx([6, 2, 3], WrittenByPython.pixels)
  static let idxLabels = OfficialFiles.idx([6], labels)
  /// Labels of 4 bytes.
  static let wideLabels =
    [0, 0, 0x0c, 1] + OfficialFiles.bigEndian(6)
    + labels.flatMap { OfficialFiles.bigEndian(Int($0)) }
  static let recordBytes = labels.enumerated().flatMap { index, label in
    [label] + WrittenByPython.pixels[6 * index..<6 * index + 6]
  }

  static let all = [
    pair("NumPy arrays", ".npy", WrittenByPython.images, WrittenByPython.labels),
    single("NumPy archive", ".npz", WrittenByPython.archive),
    single("NumPy archive, packed", ".npz", WrittenByPython.packed),
    single("HDF5", ".h5", WrittenByPython.hdf5),
    pair("IDX", "", idxImages, idxLabels),
    pair("IDX, labels of 32 bits", "", idxImages, wideLabels),
    records(recordBytes),
    records(
      recordBytes.enumerated().flatMap { $0 % 7 == 0 ? [9, $1] : [$1] }, labelBytes: 2),
  ]
}

@Suite("Files of one's own")
struct OwnFilesTests {
  @Test("the same samples in every format", arguments: OwnExample.all)
  func formats(example: OwnExample) throws {
    try withTemporaryFolder { folder in
      let dataset = try example.load(in: folder)
      #expect(dataset.pixels == WrittenByPython.pixels)
      #expect(dataset.labels == WrittenByPython.classes)
      #expect(dataset.channels == 1 && dataset.height == 2 && dataset.width == 3)
      #expect(dataset.classNames == ["0", "1", "2"])
      #expect(dataset.origin == .own && dataset.doubt == nil && dataset.markedTitle == "own")
      #expect(dataset.splits == [] && dataset.splitCounts == [6])
      #expect(dataset.files.map(\.name) == example.contents.map { "\(folder)/\($0.name)" })
      for file in dataset.files {
        #expect(try FileDigest.sha256(ofFile: file.name) == file.sha256)
      }
      let some = try example.load(in: folder, classes: ["2", "0"])
      #expect(some.labels == [0, 1, -1, 0, -1, 1] && some.classNames == ["2", "0"])
    }
  }

  @Test("whose the samples are")
  func owners() throws {
    try withTemporaryFolder { folder in
      let words = try OwnExample.single("", ".npz", WrittenByPython.archive).load(in: folder)
      #expect(words.ownerNames == ["ann", "bob", "cem"])
      #expect(words.owners.map { words.ownerNames[Int($0)] } == WrittenByPython.users)
      let numbers = try OwnExample.single("", ".h5", WrittenByPython.hdf5).load(in: folder)
      #expect(numbers.ownerNames == ["7", "3", "9"] && numbers.owners == [0, 1, 0, 2, 1, 0])
      #expect(try OwnExample.all[0].load(in: folder).owners == [])
    }
  }

  @Test("compressed IDX files have the digests of their contents")
  func compressed() throws {
    try withTemporaryFolder { folder in
      let plain = try OwnExample.all[4].load(in: folder)
      let packed = try OwnExample.pair(
        "", ".gz", gzip(OwnExample.idxImages), gzip(OwnExample.idxLabels)
      ).load(in: folder)
      #expect(packed.pixels == plain.pixels && packed.sha256 == plain.sha256)
      let records = try ImageDataset.load(
        "own",
        own: DatasetFiles(
          splits: [.init(images: [try file(gzip(OwnExample.recordBytes), "r.gz", folder)])],
          records: .init(channels: 1, height: 2, width: 3), classCount: 3))
      #expect(records.pixels == plain.pixels)
    }
  }

  @Test("colour images of four axes, channels first")
  func colours() throws {
    try withTemporaryFolder { folder in
      let pixels = (0..<24).map { UInt8($0) }
      let dataset = try OwnExample.pair(
        "", "", OfficialFiles.idx([2, 3, 2, 2], pixels), OfficialFiles.idx([2], [0, 1])
      ).load(in: folder)
      #expect(dataset.channels == 3 && dataset.height == 2 && dataset.width == 2)
      #expect(dataset.pixels == pixels)
    }
  }

  @Test("splits are pooled in order, and chosen by name")
  func splits() throws {
    try withTemporaryFolder { folder in
      let train = try file(WrittenByPython.archive, "train.npz", folder)
      let images = try file(OfficialFiles.idx([1, 2, 3], [1, 2, 3, 4, 5, 6]), "i", folder)
      let labels = try file(OfficialFiles.idx([1], [1]), "l", folder)
      func load(_ splits: [String]?, classCount: Int? = 4) throws -> ImageDataset {
        let files = DatasetFiles(
          splits: [
            .init(name: "train", images: [images], labels: [labels]),
            .init(name: "test", images: [train], labels: [train]),
          ], classCount: classCount)
        return try ImageDataset.load("own", own: files, splits: splits)
      }
      // Files that say whose samples are cannot follow files that do not.
      #expect(throws: DatasetError.self) { try load(nil) }
      let one = try load(["train"])
      #expect(one.pixels == [1, 2, 3, 4, 5, 6] && one.labels == [1] && one.splits == ["train"])
      #expect(one.classNames.count == 4)
      #expect(throws: DatasetError.self) { try load(["train"], classCount: nil) }
      let other = try load(["test"], classCount: nil)
      #expect(other.labels == WrittenByPython.classes)
      #expect(throws: DatasetError.self) { try load(["validation"]) }
      #expect(throws: DatasetError.self) { try load(["test", "test"]) }
    }
  }

  @Test("several files one after another, and none of them twice")
  func several() throws {
    try withTemporaryFolder { folder in
      let first = try file(OwnExample.idxImages, "i", folder)
      let labels = try file(OwnExample.idxLabels, "l", folder)
      let second = try file(OfficialFiles.idx([1, 2, 3], [1, 2, 3, 4, 5, 6]), "i2", folder)
      let label = try file(OfficialFiles.idx([1], [1]), "l2", folder)
      let dataset = try ImageDataset.load(
        "own",
        own: DatasetFiles(splits: [.init(images: [first, second], labels: [labels, label])]))
      #expect(dataset.pixels == WrittenByPython.pixels + [1, 2, 3, 4, 5, 6])
      #expect(dataset.labels == WrittenByPython.classes + [1])
      let copy = try file(OwnExample.idxImages, "copy", folder)
      #expect(
        throws: DatasetError(
          .malformed,
          "\(copy): has the same bytes as \(first), expected each sample once in all the files")
      ) {
        try ImageDataset.load(
          "own",
          own: DatasetFiles(splits: [.init(images: [first, copy], labels: [labels, labels])])
        )
      }
    }
  }

  @Test("any cut through a file is noticed", arguments: OwnExample.all)
  func truncated(example: OwnExample) throws {
    try withTemporaryFolder { folder in
      for (number, content) in example.contents.enumerated() {
        // Every length of short files; of long ones their beginnings and ends, and some between.
        let lengths = (0..<content.bytes.count).filter {
          $0 < 200 || $0 % 37 == 0 || $0 > content.bytes.count - 30
        }
        // Records that end where one ends are fewer records.
        for length in lengths
        where content.name != "a.bin" || length % (content.bytes.count / 6) != 0 {
          var contents = example.contents
          contents[number].bytes = Array(content.bytes.prefix(length))
          let cut = OwnExample(testDescription: "", contents: contents, files: example.files)
          #expect(throws: (any Error).self, "\(content.name): \(length) bytes") {
            try cut.load(in: folder)
          }
        }
      }
    }
  }

  private func file(_ bytes: [UInt8], _ name: String, _ folder: String) throws -> String {
    try write(bytes, to: "\(folder)/\(name)")
    return "\(folder)/\(name)"
  }
}
