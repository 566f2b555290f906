import Foundation
import HDF5
import Partitioning
import TestSupport
import Testing

@Suite("Partition file")
struct PartitionFileTests {
  static var partition: Partition {
    get throws {
      try makePartition(
        ClassesPerClient(clients: 5, samplesPerClient: 61, classesPerClient: 3),
        labels: evenLabels(classes: 10, perClass: 50), classCount: 10, seed: 1 << 63 + 5)
    }
  }

  @Test("a saved partition loads as it was")
  func roundTrip() throws {
    try withTemporaryFolder { folder in
      for partition in [try Self.partition, try PartitionTests.tiny] {
        let path = "\(folder)/\(partition.dataset).h5"
        try partition.save(to: path)
        #expect(try Partition.load(from: path) == partition)
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 2)
    }
  }

  @Test("equal partitions give equal bytes")
  func sameBytes() throws {
    try withTemporaryFolder { folder in
      for name in ["a.h5", "b.h5"] { try Self.partition.save(to: "\(folder)/\(name)") }
      let bytes = try ["a.h5", "b.h5"].map {
        try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)"))
      }
      #expect(bytes[0] == bytes[1])
    }
  }

  @Test("every axis has a dimension, and the ragged arrays say how they are laid out")
  func layout() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/p.h5"
      try Self.partition.save(to: path)
      let file = try HDF5File.openForReading(path)
      #expect(try file.childNames() == ["class", "client", "label_count", "test", "train"])
      #expect(try file.dataset("label_count").axisNames() == ["client", "class"])
      for part in ["train", "test"] {
        let group = try file.group(part)
        #expect(try group.childNames() == ["dataset_index", "row_size", "sample"])
        #expect(try group.dataset("row_size").axisNames() == ["client"])
        #expect(try group.dataset("dataset_index").axisNames() == ["sample"])
        #expect(
          try group.dataset("row_size").attribute("sample_dimension", as: String.self) == "sample")
      }
      #expect(try file.attribute("scheme", as: String.self) == "classes-per-client")
      #expect(
        try file.attribute("settings", as: String.self)
          == "clients: 5\nsamples_per_client: 61\nclasses_per_client: 3\ntrain_fraction: 0.7\n")
    }
  }

  @Test("a partition inside a result file loads from there")
  func embedded() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/result.h5"
      let partition = try Self.partition
      try HDF5File.writeAtomically(to: path, overwrite: false) { file in
        let clients = try file.createDimension("client", values: [0, 1, 2, 3, 4])
        try partition.write(into: file.createGroup("partition"), clientDimension: clients)
      }
      #expect(try Partition.load(from: path) == partition)
    }
  }

  @Test("a file from another program needs the five arrays only")
  func bringYourOwn() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/own.h5"
      try Self.write(path, train: ([2, 1], [0, 2, 5]), test: ([1, 2], [1, 3, 4]))
      let partition = try Partition.load(from: path)
      #expect(partition.train == [[0, 2], [5]])
      #expect(partition.test == [[1], [3, 4]])
      #expect(partition.scheme == "imported")
      #expect(partition.sha256 == (try PartitionTests.tiny.sha256))
      #expect(
        errorLine { try partition.validate(labels: PartitionTests.labels) } == "nothing thrown")
    }
  }

  @Test("content that is not sound is refused by name and place")
  func unsound() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/own.h5"
      func line(
        train: ([Int32], [Int32]) = ([2, 1], [0, 2, 5]),
        test: ([Int32], [Int32]) = ([1, 2], [1, 3, 4]),
        counts: [Int32] = [1, 1, 1, 1, 1, 1], digest: String? = nil
      ) throws -> String {
        try Self.write(path, train: train, test: test, counts: counts, digest: digest)
        return errorLine { _ = try Partition.load(from: path) }
      }
      #expect(try line() == "nothing thrown")
      #expect(
        try line(train: ([2, 2], [0, 2, 5]))
          == "\(path): train/row_size adds up to 4 samples, but train/dataset_index holds 3, "
          + "expected the same number")
      #expect(
        try line(test: ([4, -1], [1, 3, 4]))
          == "\(path): test/row_size gives client 1 -1 samples, expected 0 or more")
      #expect(
        try line(test: ([3, 0], [1, 3, 4]))
          == "\(path): client 1 has no test samples, expected at least 1")
      #expect(
        try line(test: ([1, 2], [1, 3, 2]))
          == "\(path): sample 2 occurs twice, in the train samples of client 0 and the test samples "
          + "of client 1; every sample may occur once only")
      #expect(
        try line(counts: [1, 1, 1, 1, 2, 1])
          == "\(path): label_count gives client 1 4 samples, but it has 3 train and test indices; "
          + "make the partition again")
      let found = try PartitionTests.tiny.sha256
      #expect(
        try line(digest: "0123")
          == "\(path): the content has the SHA-256 \(found), but partition_sha256 says 0123; the "
          + "file was changed or damaged; make it again")
      #expect(try line(digest: found) == "nothing thrown")
    }
  }

  @Test("files that are missing, no HDF5, truncated or incomplete are refused in one line")
  func unreadable() throws {
    try withTemporaryFolder { folder in
      func line(_ path: String) -> String { errorLine { _ = try Partition.load(from: path) } }
      #expect(line("\(folder)/none.h5").hasPrefix("\(folder)/none.h5: "))

      let text = "\(folder)/text.h5"
      try Data("not a partition".utf8).write(to: URL(fileURLWithPath: text))
      #expect(line(text).hasPrefix("\(text): "))

      let whole = "\(folder)/whole.h5"
      try Self.partition.save(to: whole)
      let bytes = try Data(contentsOf: URL(fileURLWithPath: whole))
      let cut = "\(folder)/cut.h5"
      for size in [bytes.count / 4, bytes.count / 2, bytes.count - 1] {
        try bytes.prefix(size).write(to: URL(fileURLWithPath: cut))
        #expect(line(cut).hasPrefix(cut))
        #expect(!line(cut).contains("\n"))
      }

      let empty = "\(folder)/empty.h5"
      try HDF5File.writeAtomically(to: empty, overwrite: false) { _ in }
      #expect(line(empty).contains("label_count"))
      #expect(line(empty).hasPrefix(empty))
    }
  }

  @Test("a flipped bit anywhere in the indices is found")
  func flippedBit() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/own.h5"
      let digest = try PartitionTests.tiny.sha256
      try Self.write(
        path, train: ([2, 1], [0, 2, 5]), test: ([1, 2], [1, 3, 4]), digest: digest)
      var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      let indices = Data([0, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0])
      let place = try #require(bytes.range(of: indices))
      bytes[place.lowerBound + 9] = 1
      try bytes.write(to: URL(fileURLWithPath: path))
      #expect(errorLine { _ = try Partition.load(from: path) }.contains("partition_sha256 says"))
    }
  }

  @Test("a file that is there is kept unless it may be replaced")
  func overwriting() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/p.h5"
      try Self.partition.save(to: path)
      #expect(throws: HDF5Error.self) { try PartitionTests.tiny.save(to: path) }
      #expect(try Partition.load(from: path) == Self.partition)
      try PartitionTests.tiny.save(to: path, overwrite: true)
      #expect(try Partition.load(from: path) == PartitionTests.tiny)
    }
  }

  /// Writes what another program might: five arrays of two clients and three classes.
  private static func write(
    _ path: String, train: ([Int32], [Int32]), test: ([Int32], [Int32]),
    counts: [Int32] = [1, 1, 1, 1, 1, 1], digest: String? = nil
  ) throws {
    try HDF5File.writeAtomically(to: path, overwrite: true) { file in
      if let digest { try file.setAttribute("partition_sha256", digest) }
      try file.write("label_count", counts, shape: [2, 3])
      for (name, (sizes, indices)) in [("train", train), ("test", test)] {
        let group = try file.createGroup(name)
        try group.write("row_size", sizes, shape: [sizes.count])
        try group.write("dataset_index", indices, shape: [indices.count])
      }
    }
  }
}
