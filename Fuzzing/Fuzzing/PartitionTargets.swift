import Foundation
import Partitioning
import TestSupport

// Partitions that other programs made.
extension Target {
  private static func target(
    _ ending: String, _ summary: String, share: Double, words: [String] = [], _ corpus: [[UInt8]]
  ) -> Target {
    Target(name: "partition-\(ending)", summary: summary, share: share, words: words) { folder in
      let path = "\(folder)/split.\(ending)"
      return Prepared(corpus) { bytes in
        try write(bytes, to: path)
        _ = try PartitionImport.load(
          from: path, labels: [0, 1, 0, 1, 0, 1], classCount: 2, dataset: "mnist",
          datasetSHA256: "")
      }
    }
  }

  static let partitions: [Target] = [
    target(
      "csv", "a partition's CSV", share: 0.03,
      words: [
        "client", "split", "index", "train", "test", ",", "\n", "\"", "-1", "9223372036854775808",
      ],
      [Array("client,split,index\n0,train,5\n0,test,1\n1,train,3\n1,test,2\n".utf8)]),
    target(
      "json", "a partition's JSON", share: 0.03,
      words: ["\"train\"", "\"test\"", "[", "]", "{", "}", ",", ":", "null", "1e999", "-1", "1.5"],
      [
        Array(#"[{"train": [5], "test": [1]}, {"train": [3], "test": [2]}]"#.utf8),
        Array(#"{"train": [[5], [3]], "test": [[1], [2]]}"#.utf8),
      ]),
    target(
      "npz", "a partition's NumPy archive", share: 0.04,
      words: [
        "PK\u{1}\u{2}", "PK\u{3}\u{4}", "'descr'", "<i8", "<U4000", "(4,), ", "True", "\u{0}",
      ],
      [Array(NumPyArchives.table), Array(NumPyArchives.compressed)]),
  ]
}
