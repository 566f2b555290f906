import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct IDXImportTests {
  @Test func poolsTrainThenTest() throws {
    try withTemporaryFolder { folder in
      try OfficialFiles.writeMNIST(in: folder)
      let dataset = try ImageDataset.load("mnist", from: folder)
      #expect(dataset.count == 6)
      #expect(dataset.labels == [3, 0, 9, 3, 1, 9])
      #expect(dataset.pixels == (0..<6).flatMap(OfficialFiles.pooledImage))
      #expect(dataset.splits == ["train", "test"])
      #expect(dataset.channels == 1 && dataset.height == 28 && dataset.width == 28)
      #expect(dataset.name == "mnist")
      #expect(dataset.title == "MNIST")
      #expect(dataset.classNames == ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"])
      #expect(!dataset.isSynthetic)
    }
  }

  @Test func poolsOnlyTheNamedSplitsInTheirOrder() throws {
    try withTemporaryFolder { folder in
      try OfficialFiles.writeMNIST(in: folder)
      let test = try ImageDataset.load("mnist", splits: ["test"], from: folder)
      #expect(test.labels == [1, 9])
      #expect(test.pixels == (4..<6).flatMap(OfficialFiles.pooledImage))
      #expect(test.splits == ["test"])
      let reversed = try ImageDataset.load("mnist", splits: ["test", "train"], from: folder)
      #expect(reversed.labels == [1, 9, 3, 0, 9, 3])
    }
  }

  @Test(arguments: ["validation", ""])
  func rejectsAnUnknownSplit(name: String) throws {
    #expect(
      throws: DatasetError(
        .unknownName,
        "splits of mnist: unknown split \"\(name)\"; expected one or more of: train, test")
    ) { try ImageDataset.load("mnist", splits: [name], from: "nowhere") }
  }

  @Test func rejectsARepeatedOrNoSplit() throws {
    #expect(throws: DatasetError(.unknownName, "splits of mnist: \"test\" is listed twice")) {
      try ImageDataset.load("mnist", splits: ["test", "test"], from: "nowhere")
    }
    #expect(
      throws: DatasetError(
        .unknownName, "splits of mnist: the list is empty; expected one or more of: train, test")
    ) { try ImageDataset.load("mnist", splits: [], from: "nowhere") }
  }

  @Test func gzipMembersOneAfterAnotherAreOneFile() throws {
    try withTemporaryFolder { folder in
      try OfficialFiles.writeMNIST(in: folder)
      let plain = try ImageDataset.load("mnist", from: folder)
      let path = "\(folder)/mnist/train-images-idx3-ubyte"
      let bytes = try read(path)
      for cut in [1, 20, bytes.count - 1] {
        try write(
          gzip(Array(bytes.prefix(cut))) + gzip(Array(bytes.dropFirst(cut))), to: path + ".gz")
        try FileManager.default.removeItem(atPath: path)
        let joined = try ImageDataset.load("mnist", from: folder)
        #expect(joined.pixels == plain.pixels, "\(cut)")
        #expect(joined.sha256 == plain.sha256, "\(cut)")
        try write(bytes, to: path)
      }
    }
  }

  @Test(arguments: [("mnist", "MNIST/raw"), ("fashion-mnist", "FashionMNIST/raw")])
  func torchvisionsFoldersAreFound(name: String, place: String) throws {
    try withTemporaryFolder { folder in
      try OfficialFiles.writeMNIST(in: folder)
      try FileManager.default.createDirectory(
        atPath: "\(folder)/\(place.prefix { $0 != "/" })", withIntermediateDirectories: true)
      try FileManager.default.moveItem(
        atPath: "\(folder)/mnist", toPath: "\(folder)/\(place)")
      #expect(try ImageDataset.load(name, from: folder).count == 6)
    }
  }

  @Test func digestsIdentifyTheContentWhateverItsCompression() throws {
    let plain = try withTemporaryFolder { folder in
      try OfficialFiles.writeMNIST(in: folder)
      let dataset = try ImageDataset.load("mnist", from: folder)
      #expect(
        try dataset.files[1].sha256
          == FileDigest.sha256(ofFile: "\(folder)/mnist/train-labels-idx1-ubyte"))
      #expect(
        dataset.files.map(\.name) == [
          "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
          "t10k-labels-idx1-ubyte",
        ])
      let list = "\(folder)/digests"
      try write(Array(dataset.files.map { $0.sha256 + "\n" }.joined().utf8), to: list)
      #expect(try dataset.sha256 == FileDigest.sha256(ofFile: list))
      return dataset
    }
    try withTemporaryFolder { folder in
      try OfficialFiles.writeMNIST(in: folder, suffix: ".gz")
      let compressed = try ImageDataset.load("mnist", from: folder)
      #expect(compressed.pixels == plain.pixels)
      #expect(compressed.labels == plain.labels)
      #expect(compressed.files == plain.files)
      #expect(compressed.sha256 == plain.sha256)
    }
  }

  @Test(arguments: ["", ".gz"])
  func acceptsNamesWithADot(suffix: String) throws {
    try withTemporaryFolder { folder in
      let images = OfficialFiles.idx([1, 28, 28], OfficialFiles.image(base: 0))
      let labels = OfficialFiles.idx([1], [7])
      try write(
        suffix.isEmpty ? images : try gzip(images),
        to: "\(folder)/mnist/t10k-images.idx3-ubyte\(suffix)")
      try write(
        suffix.isEmpty ? labels : try gzip(labels),
        to: "\(folder)/mnist/t10k-labels.idx1-ubyte\(suffix)")
      let dataset = try ImageDataset.load("mnist", splits: ["test"], from: folder)
      #expect(dataset.labels == [7])
    }
  }

  @Test func restoresEMNISTUprightAndShiftsTheLettersLabels() throws {
    try withTemporaryFolder { folder in
      let stem = "\(folder)/emnist/emnist-letters-test"
      try write(
        OfficialFiles.idx([2, 28, 28], [1, 50].flatMap(OfficialFiles.transposedImage)),
        to: "\(stem)-images-idx3-ubyte")
      try write(OfficialFiles.idx([2], [1, 26]), to: "\(stem)-labels-idx1-ubyte")
      let dataset = try ImageDataset.load("emnist-letters", splits: ["test"], from: folder)
      #expect(dataset.pixels == [1, 50].flatMap(OfficialFiles.image))
      #expect(dataset.labels == [0, 25])
      #expect(dataset.classNames.count == 26)
    }
  }

  // MARK: Bad files

  /// Loads a test split whose files are `images` and `labels`; they have plain names unless
  /// `suffix` is ".gz". Returns the error with the folder's path cut out.
  private func failure(
    images: [UInt8], labels: [UInt8], dataset: String = "mnist", suffix: String = ""
  ) throws -> DatasetError? {
    try withTemporaryFolder { folder in
      let stem = dataset == "mnist" ? "mnist/t10k" : "emnist/\(dataset)-test"
      try write(images, to: "\(folder)/\(stem)-images-idx3-ubyte\(suffix)")
      try write(labels, to: "\(folder)/\(stem)-labels-idx1-ubyte\(suffix)")
      let error = #expect(throws: DatasetError.self) {
        try ImageDataset.load(dataset, splits: ["test"], from: folder)
      }
      return error.map {
        DatasetError($0.kind, $0.description.replacing(folder + "/", with: ""))
      }
    }
  }

  private let image = OfficialFiles.image(base: 0)
  private let labels = OfficialFiles.idx([1], [7])
  private let remedy = "fetch it with `pfedla datasets fetch mnist`"

  @Test func truncatedImages() throws {
    #expect(
      try failure(images: OfficialFiles.idx([1, 28, 28], image.dropLast()), labels: labels)
        == DatasetError(
          .malformed,
          "mnist/t10k-images-idx3-ubyte: has 799 bytes, expected 800 for the 1 images that its "
            + "header says; \(remedy)"))
  }

  @Test func headerThatPromisesMoreThanTheFileHolds() throws {
    #expect(
      try failure(images: OfficialFiles.idx([3, 28, 28], image), labels: labels)
        == DatasetError(
          .malformed,
          "mnist/t10k-images-idx3-ubyte: has 800 bytes, expected 2368 for the 3 images that its "
            + "header says; \(remedy)"))
  }

  @Test func bytesBehindTheImages() throws {
    #expect(
      try failure(images: OfficialFiles.idx([1, 28, 28], image + [0]), labels: labels)
        == DatasetError(
          .malformed,
          "mnist/t10k-images-idx3-ubyte: has 801 bytes, expected 800 for the 1 images that its "
            + "header says; \(remedy)"))
  }

  @Test(arguments: ["", ".gz"])
  func headerThatPromisesTwoToThe31Images(suffix: String) throws {
    let images = OfficialFiles.idx([1 << 31, 28, 28], image)
    #expect(
      try failure(
        images: suffix.isEmpty ? images : gzip(images),
        labels: suffix.isEmpty ? labels : gzip(labels), suffix: suffix)
        == DatasetError(
          .malformed,
          "mnist/t10k-images-idx3-ubyte\(suffix): its header says 2147483648 images, expected "
            + "1...1048576; \(remedy)"))
  }

  @Test func wrongMagicNumber() throws {
    #expect(
      try failure(images: labels + image, labels: labels)
        == DatasetError(
          .malformed,
          "mnist/t10k-images-idx3-ubyte: begins with 00 00 08 01, expected 00 00 08 03 (IDX images: "
            + "unsigned bytes, 3 dimensions); \(remedy)"))
    #expect(
      try failure(images: OfficialFiles.idx([1, 28, 28], image), labels: Array("<html>..".utf8))
        == DatasetError(
          .malformed,
          "mnist/t10k-labels-idx1-ubyte: begins with 3c 68 74 6d, expected 00 00 08 01 (IDX labels: "
            + "unsigned bytes, 1 dimension); \(remedy)"))
  }

  @Test func fileShorterThanItsHeader() throws {
    #expect(
      try failure(images: [0, 0, 8, 3], labels: labels)
        == DatasetError(
          .malformed,
          "mnist/t10k-images-idx3-ubyte: has 4 bytes, expected at least the 16 of its IDX header; "
            + remedy))
  }

  @Test func otherImageSize() throws {
    #expect(
      try failure(images: OfficialFiles.idx([1, 32, 28], image), labels: labels)
        == DatasetError(
          .malformed,
          "mnist/t10k-images-idx3-ubyte: its header says images of 32 x 28 pixels, expected 28 x 28; "
            + remedy))
  }

  @Test func countsThatDiffer() throws {
    #expect(
      try failure(
        images: OfficialFiles.idx([1, 28, 28], image), labels: OfficialFiles.idx([2], [7, 7]))
        == DatasetError(
          .malformed,
          "mnist/t10k-labels-idx1-ubyte: has 2 labels, expected 1, the number of images in "
            + "mnist/t10k-images-idx3-ubyte; \(remedy)"))
  }

  @Test func labelOutOfRange() throws {
    #expect(
      try failure(
        images: OfficialFiles.idx([2, 28, 28], image + image),
        labels: OfficialFiles.idx([2], [9, 10]))
        == DatasetError(
          .malformed,
          "mnist/t10k-labels-idx1-ubyte: label 10 at position 1, expected 0...9; \(remedy)"))
  }

  @Test(arguments: [0, 27])
  func lettersLabelOutOfRange(label: UInt8) throws {
    #expect(
      try failure(
        images: OfficialFiles.idx([1, 28, 28], image), labels: OfficialFiles.idx([1], [label]),
        dataset: "emnist-letters")
        == DatasetError(
          .malformed,
          "emnist/emnist-letters-test-labels-idx1-ubyte: label \(label) at position 0, expected "
            + "1...26; fetch it with `pfedla datasets fetch emnist-letters`"))
  }

  // MARK: Bad compression

  private let whole = OfficialFiles.idx([4, 28, 28], (0..<4).flatMap(OfficialFiles.pooledImage))

  /// The error for compressed images, with labels that fit `whole`.
  private func failure(compressed images: [UInt8]) throws -> DatasetError? {
    try failure(
      images: images, labels: gzip(OfficialFiles.idx([4], OfficialFiles.trainLabels)),
      suffix: ".gz")
  }

  @Test func notGzip() throws {
    #expect(
      try failure(compressed: OfficialFiles.idx([1], Array(repeating: 0, count: 40)))
        == DatasetError(
          .malformed,
          "mnist/t10k-images-idx3-ubyte.gz: begins with 00 00, expected 1f 8b (gzip); \(remedy)"))
    #expect(
      try failure(compressed: [0x1f, 0x8b])
        == DatasetError(
          .malformed, "mnist/t10k-images-idx3-ubyte.gz: has 2 bytes, too few for gzip; \(remedy)")
    )
  }

  @Test func truncatedGzip() throws {
    // The last four bytes, which state the length, are kept.
    let bytes = try gzip(whole)
    #expect(
      try failure(compressed: bytes.dropLast(40) + bytes.suffix(4))
        == DatasetError(
          .malformed,
          "mnist/t10k-images-idx3-ubyte.gz: ends in the middle of its gzip data; \(remedy)"))
  }

  @Test func gzipWithAWrongCheckSum() throws {
    var bytes = try gzip(whole)
    bytes[bytes.count - 8] ^= 1
    #expect(
      try failure(compressed: bytes)
        == DatasetError(
          .malformed,
          "mnist/t10k-images-idx3-ubyte.gz: its gzip data is damaged (incorrect data check); "
            + remedy))
  }

  @Test func bytesBehindGzip() throws {
    let bytes = try gzip(whole)
    #expect(
      try failure(compressed: bytes + bytes.suffix(4))
        == DatasetError(
          .malformed,
          "mnist/t10k-images-idx3-ubyte.gz: has bytes after the end of its gzip data; \(remedy)"))
  }

  @Test func gzipWhoseStatedLengthIsImpossible() throws {
    let bytes = try gzip(OfficialFiles.idx([1 << 20, 28, 28], image))
    let stated = 16 + (1 << 20) * 784
    let lie = bytes.dropLast(4) + OfficialFiles.bigEndian(stated).reversed()
    #expect(
      try failure(compressed: Array(lie))
        == DatasetError(
          .malformed,
          "mnist/t10k-images-idx3-ubyte.gz: claims \(stated) bytes, more than its \(lie.count) "
            + "bytes of gzip can hold; \(remedy)"))
  }

  @Test func gzipBombWhoseHeaderAndStatedLengthAreSmall() throws {
    let bytes = try gzip(whole + [UInt8](repeating: 0, count: 20_000_000))
    let lie = bytes.dropLast(4) + OfficialFiles.bigEndian(whole.count).reversed()
    #expect(
      try failure(compressed: Array(lie))
        == DatasetError(
          .malformed,
          "mnist/t10k-images-idx3-ubyte.gz: has more than the expected \(whole.count) bytes; "
            + remedy))
  }
}
