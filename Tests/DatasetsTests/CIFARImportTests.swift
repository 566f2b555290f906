import Datasets
import TestSupport
import Testing

@Suite struct CIFARImportTests {
  @Test func poolsTheBatchesInOrder() throws {
    try withTemporaryFolder { folder in
      try OfficialFiles.writeCIFAR10(in: folder)
      let dataset = try ImageDataset.load("cifar10", from: folder)
      #expect(dataset.labels == [0, 1, 2, 3, 4, 9, 5])
      #expect(dataset.pixels == (1...7).flatMap(OfficialFiles.colourImage))
      #expect([dataset.channels, dataset.height, dataset.width] == [3, 32, 32])
      #expect(
        dataset.files.map(\.name)
          == (1...5).map { "data_batch_\($0).bin" } + ["test_batch.bin"])
    }
  }

  @Test func readsCompressedBatches() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/cifar-10-batches-bin/test_batch.bin"
      // More records than the importer reads at a time.
      let records = (0..<150).flatMap { [UInt8($0 % 10)] + OfficialFiles.colourImage(base: $0) }
      try write(gzip(records), to: path + ".gz")
      let dataset = try ImageDataset.load("cifar10", splits: ["test"], from: folder)
      #expect(dataset.labels == (0..<150).map { Int32($0 % 10) })
      #expect(dataset.pixels == (0..<150).flatMap(OfficialFiles.colourImage))
      try write(records, to: path)
      #expect(
        try ImageDataset.load("cifar10", splits: ["test"], from: folder).sha256 == dataset.sha256)
    }
  }

  @Test func readsTheFineLabelOfCIFAR100() throws {
    try withTemporaryFolder { folder in
      try write(
        [11, 99] + OfficialFiles.colourImage(base: 1) + [19, 0]
          + OfficialFiles.colourImage(base: 2),
        to: "\(folder)/cifar-100-binary/test.bin")
      let dataset = try ImageDataset.load("cifar100", splits: ["test"], from: folder)
      #expect(dataset.labels == [99, 0])
      #expect(dataset.pixels == [1, 2].flatMap(OfficialFiles.colourImage))
    }
  }

  private func failure(_ dataset: String, _ bytes: [UInt8]) throws -> DatasetError? {
    try withTemporaryFolder { folder in
      let file =
        dataset == "cifar10" ? "cifar-10-batches-bin/test_batch.bin" : "cifar-100-binary/test.bin"
      try write(bytes, to: "\(folder)/\(file)")
      let error = #expect(throws: DatasetError.self) {
        try ImageDataset.load(dataset, splits: ["test"], from: folder)
      }
      return error.map {
        DatasetError($0.kind, $0.description.replacing(folder + "/", with: ""))
      }
    }
  }

  @Test(arguments: [0, 3072, 3074])
  func sizeThatIsNoMultipleOfARecord(byteCount: Int) throws {
    #expect(
      try failure("cifar10", Array(repeating: 0, count: byteCount))
        == DatasetError(
          .malformed,
          "cifar-10-batches-bin/test_batch.bin: has \(byteCount) bytes, expected a multiple of "
            + "3073 (1 for labels and 3072 for pixels a record); "
            + "fetch it with `pfedla datasets fetch cifar10`"))
  }

  @Test func labelOutOfRange() throws {
    let image = OfficialFiles.colourImage(base: 0)
    #expect(
      try failure("cifar10", [9] + image + [10] + image)
        == DatasetError(
          .malformed,
          "cifar-10-batches-bin/test_batch.bin: label 10 at position 1, expected 0...9; "
            + "fetch it with `pfedla datasets fetch cifar10`"))
    #expect(
      try failure("cifar100", [0, 100] + image)
        == DatasetError(
          .malformed,
          "cifar-100-binary/test.bin: label 100 at position 0, expected 0...99; "
            + "fetch it with `pfedla datasets fetch cifar100`"))
  }
}
