import Datasets
import Foundation
import TestSupport

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

// Files of the user's own.
extension Target {
  static let ownFiles: [Target] = [
    own(
      "own-idx", "images in IDX", ending: "", share: 0.03,
      [[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2] + Array(1...8)]),
    own(
      "own-npz", "images in a NumPy archive", ending: ".npz", share: 0.03,
      words: [
        "PK\u{1}\u{2}", "images", "labels", "users", "'descr'", "|u1", "<i8", "(4,), ", "\u{0}",
      ],
      [Array(NumPyArchives.images), Array(NumPyArchives.table)]),
    own(
      "own-leaf", "LEAF's JSON", ending: ".json", share: 0.03,
      words: [
        "\"users\"", "\"num_samples\"", "\"user_data\"", "\"x\"", "\"y\"", "[", "]", "{", "}", ",",
        ":",
        "null", "1e999", "-1", "\\ud83d", "\\u00e9",
      ],
      [
        Array(
          #"{"users": ["a", "b"], "num_samples": [2, 1], "user_data": {"a": {"x": [[0, 1, 0.5, 0.25], [1, 1, 1, 1]], "y": [0, 1]}, "b": {"x": [[0, 0, 0, 0]], "y": [1]}}}"#
            .utf8)
      ]),
  ]

  private static func own(
    _ name: String, _ summary: String, ending: String, share: Double, words: [String] = [],
    _ corpus: [[UInt8]]
  ) -> Target {
    Target(name: name, summary: summary, share: share, words: words) { folder in
      let (path, labels) = ("\(folder)/a\(ending)", "\(folder)/labels")
      try write([0, 0, 8, 1, 0, 0, 0, 2, 0, 1], to: labels)
      return Prepared(corpus) { bytes in
        try write(bytes, to: path)
        _ = try ImageDataset.load(
          "own",
          own: DatasetFiles(splits: [
            .init(images: [path], labels: ending.isEmpty ? [labels] : nil)
          ]))
      }
    }
  }
}

/// What keeps the fuzzer from its work.
struct FuzzingError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
