import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct SynthesizerTests {
  @Test(arguments: DatasetCatalogue.all.map(\.name))
  func passesThroughTheImporter(name: String) throws {
    try withTemporaryFolder { folder in
      try Synthesizer.synthesize(name, into: folder, samplesPerClass: 7)
      let entry = try DatasetCatalogue.entry(named: name)
      let dataset = try ImageDataset.load(name, from: folder)
      #expect(dataset.isSynthetic)
      #expect(dataset.count == 7 * entry.classNames.count)
      #expect(dataset.classNames == entry.classNames)
      var counts = [Int](repeating: 0, count: entry.classNames.count)
      for label in dataset.labels { counts[Int(label)] += 1 }
      #expect(counts.allSatisfy { $0 == 7 })
      // A sixth of seven is one for testing.
      let test = try ImageDataset.load(name, splits: ["test"], from: folder)
      #expect(test.count == entry.classNames.count)
      #expect("\(DatasetFolder(folder).presence(of: entry))" == "complete, synthetic")
      #expect(try DatasetVerification(of: name, in: folder).isGood)
    }
  }

  @Test(arguments: ["emnist-letters", "cifar10"])
  func sameArgumentsGiveTheSameBytes(name: String) throws {
    func digest(seed: UInt64, samplesPerClass: Int = 3) throws -> String {
      try withTemporaryFolder { folder in
        try Synthesizer.synthesize(
          name, into: folder, samplesPerClass: samplesPerClass, seed: seed)
        return try ImageDataset.load(name, from: folder).sha256
      }
    }
    let first = try digest(seed: 5)
    #expect(try digest(seed: 5) == first)
    #expect(try digest(seed: 6) != first)
  }

  /// Bytes that later versions must reproduce: results name them by this digest.
  @Test func bytesOfAGivenSeed() throws {
    try withTemporaryFolder { folder in
      try Synthesizer.synthesize("mnist", into: folder, samplesPerClass: 6, seed: 1)
      try Synthesizer.synthesize("cifar10", into: folder, samplesPerClass: 6, seed: 1)
      #expect(
        try ImageDataset.load("mnist", from: folder).sha256
          == "8e463a20cd32a881b9b9f1d87a55857a701875998fcfff42ecc76b75fcf68612")
      #expect(
        try ImageDataset.load("cifar10", from: folder).sha256
          == "7d22406eec6e251e68373d312c5b6a10c1de8023c0ae59f53f48b5d8f5b12f94")
    }
  }

  @Test func emnistIsStoredTransposed() throws {
    // The same draws under MNIST's layout would be upright in the file; here the importer turns
    // them, so the file and the import must differ by exactly the swap of x and y.
    try withTemporaryFolder { folder in
      try Synthesizer.synthesize("emnist-digits", into: folder, samplesPerClass: 2)
      let test = try ImageDataset.load("emnist-digits", splits: ["test"], from: folder)
      let stored = try read("\(folder)/emnist/emnist-digits-test-images-idx3-ubyte").dropFirst(16)
      let file = Array(stored)
      for y in 0..<28 {
        for x in 0..<28 {
          #expect(file[784 + x * 28 + y] == test.pixels[784 + y * 28 + x])
        }
      }
    }
  }

  /// The mean training image of a class recognises its test images better than chance, but not all.
  @Test func classesCanBeLearned() throws {
    try withTemporaryFolder { folder in
      try Synthesizer.synthesize("mnist", into: folder, samplesPerClass: 120)
      let train = try ImageDataset.load("mnist", splits: ["train"], from: folder)
      let test = try ImageDataset.load("mnist", splits: ["test"], from: folder)
      let size = train.imageByteCount
      var means = [[Double]](repeating: Array(repeating: 0, count: size), count: 10)
      for (sample, label) in train.labels.enumerated() {
        for place in 0..<size {
          means[Int(label)][place] += Double(train.pixels[sample * size + place]) / 100
        }
      }
      var right = 0
      for (sample, label) in test.labels.enumerated() {
        let distances = means.map { mean in
          (0..<size).reduce(0.0) { sum, place in
            let difference = mean[place] - Double(test.pixels[sample * size + place])
            return sum + difference * difference
          }
        }
        if distances.indices.min(by: { distances[$0] < distances[$1] }) == Int(label) { right += 1 }
      }
      #expect(test.count == 200)
      #expect(right > 40)
      #expect(right < 190)
    }
  }

  @Test func refusesAFolderWithRealFiles() throws {
    try withTemporaryFolder { folder in
      try OfficialFiles.writeMNIST(in: folder)
      for overwrite in [false, true] {
        #expect(
          throws: DatasetError(
            .refused,
            "\(folder)/mnist: contains t10k-images-idx3-ubyte, which is not synthetic; expected an empty or "
              + "synthetic folder; give another one with --datasets")
        ) {
          try Synthesizer.synthesize(
            "mnist", into: folder, samplesPerClass: 2, overwrite: overwrite)
        }
      }
      let dataset = try ImageDataset.load("mnist", from: folder)
      #expect(dataset.count == 6)
      #expect(!dataset.isSynthetic)
    }
  }

  @Test func replacesSyntheticFilesOnlyWhenAsked() throws {
    try withTemporaryFolder { folder in
      try Synthesizer.synthesize("mnist", into: folder, samplesPerClass: 2)
      #expect(
        throws: DatasetError(
          .refused,
          "\(folder)/mnist/train-images-idx3-ubyte: already contains synthetic data; add --overwrite to "
            + "replace it")
      ) { try Synthesizer.synthesize("mnist", into: folder, samplesPerClass: 3) }
      #expect(try ImageDataset.load("mnist", from: folder).count == 20)
      try Synthesizer.synthesize("mnist", into: folder, samplesPerClass: 3, overwrite: true)
      #expect(try ImageDataset.load("mnist", from: folder).count == 30)
      #expect(try names(in: "\(folder)/mnist").count == 5)
    }
  }

  @Test func datasetsOfOneFolderStandSideBySide() throws {
    try withTemporaryFolder { folder in
      try Synthesizer.synthesize("emnist-digits", into: folder, samplesPerClass: 2)
      try Synthesizer.synthesize("emnist-mnist", into: folder, samplesPerClass: 2)
      let digits = try ImageDataset.load("emnist-digits", from: folder)
      let mnist = try ImageDataset.load("emnist-mnist", from: folder)
      #expect(digits.isSynthetic && mnist.isSynthetic)
      #expect(digits.pixels != mnist.pixels)
    }
  }

  @Test(arguments: [-1, 0, 1, 104_858])
  func sampleCountOutOfRange(count: Int) throws {
    #expect(
      throws: DatasetError(
        .refused, "synthetic mnist: \(count) samples per class, expected 2...104857")
    ) { try Synthesizer.synthesize("mnist", into: "nowhere", samplesPerClass: count) }
  }
}
