import Datasets
import TestSupport
import Testing

@Suite struct ClassSelectionTests {
  @Test func renumbersInTheOrderOfTheList() throws {
    try withTemporaryFolder { folder in
      try OfficialFiles.writeCIFAR10(in: folder)
      let dataset = try ImageDataset.load(
        "cifar10", classes: ["truck", "2", "airplane"], from: folder)
      #expect(dataset.classNames == ["truck", "bird", "airplane"])
      // Positions stay those of the pooled files.
      #expect(dataset.labels == [2, -1, 1, -1, -1, 0, -1])
      #expect(dataset.count == 7)
      #expect(dataset.pixels == (1...7).flatMap(OfficialFiles.colourImage))
      #expect(try dataset.sha256 == ImageDataset.load("cifar10", from: folder).sha256)
    }
  }

  @Test func takesANameBeforeAnIndex() throws {
    try withTemporaryFolder { folder in
      let stem = "\(folder)/emnist/emnist-byclass-test"
      try write(
        OfficialFiles.idx([3, 28, 28], (0..<3).flatMap(OfficialFiles.pooledImage)),
        to: "\(stem)-images-idx3-ubyte")
      try write(OfficialFiles.idx([3], [10, 36, 61]), to: "\(stem)-labels-idx1-ubyte")
      let dataset = try ImageDataset.load(
        "emnist-byclass", splits: ["test"], classes: ["z", "a", "10", "5"], from: folder)
      #expect(dataset.classNames == ["z", "a", "A", "5"])
      #expect(dataset.labels == [2, 1, 0])
    }
  }

  @Test func rejectsUnknownRepeatedAndNoClasses() throws {
    let known =
      "T-shirt/top, Trouser, Pullover, Dress, Coat, Sandal, Shirt, Sneaker, Bag, Ankle boot"
    func load(_ classes: [String]) throws -> ImageDataset {
      try ImageDataset.load("fashion-mnist", classes: classes, from: "nowhere")
    }
    #expect(
      throws: DatasetError(
        .unknownName,
        "classes of fashion-mnist: unknown class \"snaeker\" (did you mean \"Sneaker\"?); expected an "
          + "index 0...9 or a name: \(known)")
    ) { try load(["Bag", "snaeker"]) }
    #expect(
      throws: DatasetError(
        .unknownName,
        "classes of fashion-mnist: unknown class \"10\"; expected an index 0...9 or a name: \(known)"
      )
    ) { try load(["10"]) }
    #expect(
      throws: DatasetError(
        .unknownName,
        "classes of fashion-mnist: \"8\" names class 8 (Bag) a second time; list each class once: "
          + known)
    ) { try load(["Bag", "8"]) }
    #expect(
      throws: DatasetError(
        .unknownName,
        "classes of fashion-mnist: the list is empty; list at least one class, or leave the list "
          + "out for all 10")
    ) { try load([]) }
  }
}
