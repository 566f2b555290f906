import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct DatasetFolderTests {
  @Test func resolvesOptionThenEnvironmentThenDefault() {
    let environment = ["PFEDLA_DATASETS": "/env"]
    #expect(DatasetFolder.resolve(explicit: "/option", environment: environment) == "/option")
    #expect(DatasetFolder.resolve(explicit: nil, environment: environment) == "/env")
    #expect(DatasetFolder.resolve(explicit: "", environment: environment) == "/env")
    #expect(
      DatasetFolder.resolve(explicit: nil, environment: ["PFEDLA_DATASETS": ""]) == "datasets")
    #expect(DatasetFolder.resolve(explicit: nil, environment: [:]) == "datasets")
  }

  @Test func aMissingFileIsNamedWithItsAcceptedNames() throws {
    try withTemporaryFolder { folder in
      #expect(
        throws: DatasetError(
          .missing,
          "\(folder)/mnist: no train file of mnist (looked for train-images-idx3-ubyte, "
            + "train-images.idx3-ubyte, train-images-idx3-ubyte.gz, train-images.idx3-ubyte.gz); "
            + "fetch it with `pfedla datasets fetch mnist`, or give another folder with --datasets "
            + "or PFEDLA_DATASETS")
      ) { try ImageDataset.load("mnist", from: folder) }
    }
  }

  @Test func whatIsThereInsteadIsNamed() throws {
    try withTemporaryFolder { folder in
      func line(_ name: String) -> String {
        let error = #expect(throws: DatasetError.self) { try ImageDataset.load(name, from: folder) }
        return error?.description ?? ""
      }
      try FileManager.default.createDirectory(
        atPath: "\(folder)/cifar-10-batches-py", withIntermediateDirectories: true)
      #expect(
        line("cifar10").contains(
          "found \(folder)/cifar-10-batches-py, the version for Python; this program reads the binary version"
        ))
      try write([1], to: "\(folder)/cifar-100-binary.tar.gz")
      #expect(
        line("cifar100").contains(
          "found \(folder)/cifar-100-binary.tar.gz, which is not unpacked: tar -xzf "))
    }
  }

  @Test func aMissingSplitNamesTheOneThatIsThere() throws {
    try withTemporaryFolder { folder in
      try write(
        [0] + OfficialFiles.colourImage(base: 0),
        to: "\(folder)/cifar-10-batches-bin/test_batch.bin")
      #expect(
        throws: DatasetError(
          .missing,
          "\(folder)/cifar-10-batches-bin: no train file of cifar10 (looked for data_batch_1.bin, "
            + "data_batch_1.bin.gz); fetch it with `pfedla datasets fetch cifar10`, or use the "
            + "present files with `splits: [test]`, or give another folder with --datasets or "
            + "PFEDLA_DATASETS")
      ) { try ImageDataset.load("cifar10", from: folder) }
    }
  }

  @Test func presenceTellsSplitsApart() throws {
    try withTemporaryFolder { folder in
      let location = DatasetFolder(folder)
      let entry = try DatasetCatalogue.entry(named: "mnist")
      #expect("\(location.presence(of: entry))" == "absent")
      try OfficialFiles.writeMNIST(in: folder)
      #expect("\(location.presence(of: entry))" == "complete")
      try FileManager.default.removeItem(atPath: "\(folder)/mnist/train-labels-idx1-ubyte")
      #expect("\(location.presence(of: entry))" == "test only")
      try FileManager.default.removeItem(atPath: "\(folder)/mnist/t10k-labels-idx1-ubyte")
      #expect("\(location.presence(of: entry))" == "incomplete")
    }
  }
}
