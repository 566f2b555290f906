import Datasets
import Foundation
import TestSupport
import Testing

/// The published files, where `PFEDLA_DATASETS` names a folder that holds them.
@Suite(.enabled(if: realFolder != nil)) struct RealDataTests {
  private let folder = realFolder ?? ""

  /// Whether these splits are present and not synthetic.
  private func has(_ name: String, _ splits: [String]) throws -> Bool {
    let presence = DatasetFolder(folder).presence(of: try DatasetCatalogue.entry(named: name))
    return !presence.isSynthetic && splits.allSatisfy(presence.presentSplits.contains)
  }

  /// Samples of each class.
  private func counts(_ dataset: ImageDataset) -> [Int] {
    var counts = [Int](repeating: 0, count: dataset.classNames.count)
    for label in dataset.labels { counts[Int(label)] += 1 }
    return counts
  }

  @Test(arguments: DatasetCatalogue.all.map(\.name))
  func filesAreAsPublished(name: String) throws {
    let presence = DatasetFolder(folder).presence(of: try DatasetCatalogue.entry(named: name))
    guard !presence.presentSplits.isEmpty, !presence.isSynthetic else { return }
    let verification = try DatasetVerification(of: name, in: folder)
    #expect(verification.isGood, "\(verification.findings)")
  }

  @Test func mnist() throws {
    guard try has("mnist", ["train", "test"]) else { return }
    let dataset = try ImageDataset.load("mnist", from: folder)
    #expect(dataset.count == 70_000)
    #expect(dataset.labels.prefix(10) == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4])
    #expect(dataset.labels[60_000..<60_005] == [7, 2, 1, 0, 4])
    #expect(counts(dataset) == [6903, 7877, 6990, 7141, 6824, 6313, 6876, 7293, 6825, 6958])
  }

  @Test func fashionMNIST() throws {
    guard try has("fashion-mnist", ["train", "test"]) else { return }
    let dataset = try ImageDataset.load("fashion-mnist", from: folder)
    #expect(dataset.labels.prefix(10) == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5])
    #expect(dataset.labels[60_000..<60_005] == [9, 2, 1, 1, 6])
    #expect(counts(dataset) == Array(repeating: 7000, count: 10))
  }

  @Test func cifar10() throws {
    guard try has("cifar10", ["train", "test"]) else { return }
    let dataset = try ImageDataset.load("cifar10", from: folder)
    #expect(dataset.labels.prefix(10) == [6, 9, 9, 4, 1, 1, 2, 7, 8, 3])
    #expect(dataset.labels[50_000..<50_005] == [3, 8, 8, 0, 6])
    #expect(counts(dataset) == Array(repeating: 6000, count: 10))
    // The red channel of the first image, a frog, starts so.
    #expect(dataset.pixels.prefix(4) == [59, 43, 50, 68])
  }

  @Test func cifar100TestSplit() throws {
    guard try has("cifar100", ["test"]) else { return }
    let dataset = try ImageDataset.load("cifar100", splits: ["test"], from: folder)
    #expect(counts(dataset) == Array(repeating: 100, count: 100))
    #expect(
      dataset.labels.prefix(5).map { dataset.classNames[Int($0)] } == [
        "mountain", "forest", "seal", "mushroom", "sea",
      ])
  }

  @Test func emnistByClassTestSplit() throws {
    guard try has("emnist-byclass", ["test"]) else { return }
    let dataset = try ImageDataset.load("emnist-byclass", splits: ["test"], from: folder)
    #expect(dataset.count == 116_323)
    #expect(counts(dataset).allSatisfy { $0 > 0 })
    #expect(counts(dataset).prefix(10).reduce(0, +) == 57_918)
  }

  /// EMNIST's arrangement of MNIST holds upright digits: the mean of its ones is a vertical stroke,
  /// so its ink spreads more over rows than over columns.
  @Test func emnistIsUpright() throws {
    guard try has("emnist-mnist", ["test"]) else { return }
    let dataset = try ImageDataset.load(
      "emnist-mnist", splits: ["test"], classes: ["1"], from: folder)
    var (ink, rows, columns) = (0.0, 0.0, 0.0)
    for (sample, label) in dataset.labels.enumerated() where label == 0 {
      for y in 0..<28 {
        for x in 0..<28 {
          let value = Double(dataset.pixels[sample * 784 + y * 28 + x])
          ink += value
          rows += value * Double((2 * y - 27) * (2 * y - 27))
          columns += value * Double((2 * x - 27) * (2 * x - 27))
        }
      }
    }
    #expect(ink > 0)
    #expect(rows > 3 * columns)
  }

  /// The whole way from a server to the importer, with the real catalogue.
  @Test func fetchesTheCataloguesMNISTFromAMirror() async throws {
    guard FileManager.default.fileExists(atPath: "\(folder)/mnist/train-images-idx3-ubyte.gz")
    else { return }
    let server = try LocalServer { [folder] request, _ in
      guard let bytes = try? read("\(folder)/mnist\(request.path)") else {
        return .init(status: 404)
      }
      return .file(bytes, request)
    }
    defer { server.stop() }
    try await withTemporaryFolder { target in
      try await Fetcher(folder: target, mirror: server.address).fetch("mnist")
      #expect(try DatasetVerification(of: "mnist", in: target).isComplete)
      #expect(
        try names(in: "\(target)/mnist") == [
          "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz", "train-images-idx3-ubyte.gz",
          "train-labels-idx1-ubyte.gz",
        ])
    }
  }
}

private let realFolder: String? = ProcessInfo.processInfo.environment["PFEDLA_DATASETS"].flatMap {
  FileManager.default.fileExists(atPath: $0) ? $0 : nil
}
