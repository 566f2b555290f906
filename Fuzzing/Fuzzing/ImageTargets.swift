import Datasets
import Foundation

// Files of images.
extension Target {
  static let images: [Target] = [
    file(
      "idx-images", "MNIST's file of images", of: "mnist", "t10k-images", share: 0.10),
    file("idx-labels", "MNIST's file of labels", of: "mnist", "t10k-labels", share: 0.10),
    file(
      "gzip", "the same, compressed", of: "mnist", "t10k-images", isCompressed: true, share: 0.10),
    file("cifar10", "CIFAR-10's records", of: "cifar10", "test_batch", share: 0.03),
    file("cifar100", "CIFAR-100's records", of: "cifar100", "test", share: 0.03),
  ]

  /// - Parameter start: how the name of the file to change starts.
  private static func file(
    _ name: String, _ summary: String, of dataset: String, _ start: String,
    isCompressed: Bool = false, share: Double
  ) -> Target {
    Target(name: name, summary: summary, share: share) { folder in
      try Synthesizer.synthesize(dataset, into: folder, samplesPerClass: 2, seed: 1)
      let files = FileManager.default
      let found = try files.subpathsOfDirectory(atPath: folder).first {
        ($0 as NSString).lastPathComponent.hasPrefix(start)
      }
      guard let found else { throw FuzzingError("\(dataset) has no file \(start)…") }
      let plain = "\(folder)/\(found)"
      var path = plain
      if isCompressed {
        let gzip = Process()
        gzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        gzip.arguments = ["gzip", "-f", plain]
        try gzip.run()
        gzip.waitUntilExit()
        path += ".gz"
      }
      return Prepared([try contents(path)]) { bytes in
        try write(bytes, to: path)
        _ = try ImageDataset.load(dataset, splits: ["test"], from: folder)
      }
    }
  }
}

/// What keeps the fuzzer from its work.
struct FuzzingError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
