import Foundation
import NumPyFiles
import TestSupport
import Testing

import Partitioning

@Suite("Partitions of other programs")
struct PartitionImportTests {
  /// Six samples of two classes.
  private static let labels: [Int32] = [0, 1, 0, 1, 0, 1]

  private func load(_ content: Data, ending: String, testOffset: Int = 0) throws -> Partition {
    try withTemporaryFolder { folder in
      let path = "\(folder)/split.\(ending)"
      try content.write(to: URL(fileURLWithPath: path))
      do {
        return try PartitionImport.load(
          from: path, testOffset: testOffset, labels: Self.labels, classCount: 2, dataset: "mnist",
          datasetSHA256: "abc")
      } catch let error as PartitionError {
        // The folder has another name each time.
        throw PartitionError(error.subject.replacing("\(folder)/", with: ""), error.problem)
      }
    }
  }

  private func load(_ text: String, ending: String, testOffset: Int = 0) throws -> Partition {
    try load(Data(text.utf8), ending: ending, testOffset: testOffset)
  }

  @Test("the same partition from each format")
  func formats() throws {
    let files: [(String, Data)] = [
      ("npz", NumPyArchives.table),
      ("csv", Data("client,split,index\n0,train,5\n0,test,1\n1,train,3\n1,test,2\n".utf8)),
      (
        "csv",
        Data(
          "\"index\", \"client\", \"split\", \"class\"\r\n1,0,test,1\r\n5,0,train,1\r\n2,1,test,0\r\n3,1,train,1\r\n"
            .utf8)
      ),
      (
        "json", Data(#"[{"train": [5], "test": [1], "val": []}, {"train": [3], "test": [2]}]"#.utf8)
      ),
      ("json", Data(#"{"train": [[5], [3]], "test": [[1], [2]]}"#.utf8)),
    ]
    for (ending, content) in files {
      let partition = try load(content, ending: ending)
      #expect(partition.train == [[5], [3]] && partition.test == [[1], [2]])
      #expect(partition.labelCounts == [[0, 2], [1, 1]])
      #expect(partition.scheme == Partition.importedScheme && partition.dataset == "mnist")
      #expect(partition.settings == [PartitionSetting("imported_from", "split.\(ending)")])
    }
    let partition = try load(NumPyArchives.compressed, ending: "npz")
    #expect(partition.train == [[5, 4], [3]] && partition.test == [[1], [2]])
  }

  @Test("test indices that count from the test file")
  func offset() throws {
    let partition = try load(
      #"{"train": [[0, 1], [2, 3]], "test": [[0], [1]]}"#, ending: "json", testOffset: 4)
    #expect(partition.test == [[4], [5]])
  }

  @Test(
    "what does not fit is refused in one line",
    arguments: [
      (
        "csv", "client,index\n0,1\n",
        "has the columns client, index, expected client, split and index"
      ),
      (
        "csv", "client,split,index\n0,train\n",
        "row 1: found \"0,train\", expected client,split,index"
      ),
      (
        "csv", "client,split,index\n0,train,1.5\n",
        "row 1: found \"0,train,1.5\", expected client,split,index"
      ),
      (
        "csv", "client,split,index\n0,valid,1\n",
        "row 1: found the split \"valid\", expected train or test"
      ),
      (
        "csv", "client,split,index\n9,train,1\n",
        "row 1: found the client 9, expected 0 to the number of clients − 1"
      ),
      (
        "csv", "client,split,index\n0,train,1\n",
        "client 0 has no test samples, expected at least 1"
      ),
      (
        "csv", "client,split,index\n0,train,1\n0,test,6\n",
        "client 0 has the test index 6, expected 0 to 5, the samples of the dataset"
      ),
      (
        "csv", "client,split,index\n0,train,1\n0,test,99999999999\n",
        "client 0 has the index 99999999999, expected one of the dataset"
      ),
      (
        "json", #"{"train": [[1]], "test": [[1]]}"#,
        "sample 1 occurs twice, in the train samples of client 0 and the test samples of client 0; every sample "
          + "may occur once only"
      ),
      (
        "json", #"{"train": [[1], [2]], "test": [[3]]}"#,
        "has train samples of 2 clients and test samples of 1, expected the same clients"
      ),
      (
        "json", #"[{"train": [1], "test": [2], "val": [3]}]"#,
        "has validation samples (val), expected none; join them to train, and give validation_share"
      ),
      (
        "json", #"{"train": [[1]]"#,
        "expected {\"train\": [[index, …], …], \"test\": [[index, …], …]} with a list for each client, or a list "
          + "with {\"train\": [index, …], \"test\": [index, …]} for each client"
      ),
      (
        "pkl", "",
        "has the ending .pkl, expected one of .csv, .json, .npz; a .h5 file can be used as it is, as "
          + "partition.file"
      ),
    ])
  func refusals(ending: String, text: String, problem: String) throws {
    #expect(throws: PartitionError("split.\(ending)", problem)) { try load(text, ending: ending) }
  }

  @Test("a byte-order mark is no part of a column's name")
  func byteOrderMark() throws {
    let text = "\u{FEFF}client,split,index\n0,train,5\n0,test,1\n"
    #expect(try load(text, ending: "csv").train == [[5]])
  }

  @Test("control characters of a file stay out of error lines")
  func controlCharacters() throws {
    #expect(
      throws: PartitionError(
        "split.csv", "row 1: found \"?[31m,x\", expected client,split,index")
    ) { try load("client,split,index\n\u{1B}[31m,x\n", ending: "csv") }
  }

  @Test("an archive with other arrays, or more samples than the dataset, is refused")
  func otherArrays() throws {
    var archive = NumPyWriter()
    for (name, index) in [("train_0", 1), ("test_0", 2), ("val_0", 3)] {
      archive.add(name, Int64(index))
    }
    #expect(
      throws: PartitionError(
        "split.npz",
        "has the array val_0, expected train_0 to train_0 and test_0 to test_0")
    ) { try load(archive.bytes, ending: "npz") }
    archive = NumPyWriter()
    archive.add("train_0", shape: [7], [Float](repeating: 0, count: 7))
    #expect(
      throws: PartitionError(
        "split.npz",
        "lacks the array test_0, expected train_0 to train_0 and test_0 to test_0")
    ) { try load(archive.bytes, ending: "npz") }
    archive.add("test_0", 1)
    let error = #expect(throws: NumPyError.self) { try load(archive.bytes, ending: "npz") }
    #expect(
      error?.description.hasSuffix("train_0: has 7 elements, expected at most 6") == true)
  }

  @Test("an archive without the arrays is refused")
  func missingArrays() throws {
    #expect(throws: NumPyError.self) { try load("PK", ending: "npz") }
    #expect(
      throws: PartitionError(
        "split.npz",
        "has no arrays, expected client, split and index, or train_0, test_0, train_1, …")
    ) { try load("no archive", ending: "npz") }
  }
}
