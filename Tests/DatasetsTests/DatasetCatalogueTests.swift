import Datasets
import TestSupport
import Testing

@Suite struct DatasetCatalogueTests {
  @Test func geometriesAndCounts() {
    let rows = DatasetCatalogue.all.map {
      "\($0.name) \($0.imageCount) \($0.classNames.count) \($0.channels)x\($0.height)x\($0.width)"
    }
    #expect(
      rows == [
        "mnist 70000 10 1x28x28",
        "fashion-mnist 70000 10 1x28x28",
        "emnist-byclass 814255 62 1x28x28",
        "emnist-bymerge 814255 47 1x28x28",
        "emnist-balanced 131600 47 1x28x28",
        "emnist-letters 145600 26 1x28x28",
        "emnist-digits 280000 10 1x28x28",
        "emnist-mnist 70000 10 1x28x28",
        "cifar10 60000 10 3x32x32",
        "cifar100 60000 100 3x32x32",
      ])
  }

  @Test func classNamesAreDistinct() {
    for entry in DatasetCatalogue.all {
      #expect(Set(entry.classNames).count == entry.classNames.count, "\(entry.name)")
    }
  }

  @Test func cifar100ClassesAreAlphabetical() throws {
    let names = try DatasetCatalogue.entry(named: "cifar100").classNames
    #expect(names == names.sorted())
  }

  @Test func digestsAreWellFormed() {
    for file in DatasetCatalogue.all.flatMap(\.splits).flatMap(\.files) {
      for digest in [file.sha256, file.gzipSHA256].compactMap({ $0 }) {
        #expect(digest.wholeMatch(of: /[0-9a-f]{64}/) != nil, "\(file.name)")
      }
    }
  }

  @Test func filesThatAreFetchedByThemselvesHaveBothDigests() {
    for entry in DatasetCatalogue.all {
      guard case .files = entry.source else { continue }
      for file in entry.splits.flatMap(\.files) {
        #expect(file.sha256 != nil && file.gzipSHA256 != nil, "\(entry.name) \(file.name)")
      }
    }
  }

  /// The paper trains with batch normalisation and a step size of 0.01 on CIFAR, 0.005 elsewhere, and shows
  /// fc1 of the grey datasets and fc3 of CIFAR in its Figure 6.
  @Test func experimentDefaults() {
    let rows = DatasetCatalogue.all.map {
      "\($0.name) \($0.defaults.batchNormalisation) \($0.defaults.learningRate) "
        + "\($0.defaults.heatMapLayer ?? "last")"
    }
    #expect(
      rows == [
        "mnist false 0.005 last", "fashion-mnist false 0.005 fc1",
        "emnist-byclass false 0.005 fc1", "emnist-bymerge false 0.005 fc1",
        "emnist-balanced false 0.005 fc1", "emnist-letters false 0.005 fc1",
        "emnist-digits false 0.005 fc1", "emnist-mnist false 0.005 fc1",
        "cifar10 true 0.01 fc3", "cifar100 true 0.01 fc3",
      ])
  }

  @Test func aLabelIsADatasetOrItsFamily() {
    #expect(DatasetCatalogue.title(of: "cifar10") == "CIFAR-10")
    #expect(DatasetCatalogue.title(of: "emnist-letters") == "EMNIST Letters")
    #expect(DatasetCatalogue.title(of: "emnist") == "EMNIST")
    #expect(DatasetCatalogue.title(of: "imagenet") == nil)
    #expect(DatasetCatalogue.defaults(of: "emnist").heatMapLayer == "fc1")
    #expect(DatasetCatalogue.defaults(of: "imagenet") == ExperimentDefaults())
  }

  @Test func unknownNameSuggestsTheNearest() {
    #expect(
      throws: DatasetError(
        .unknownName,
        "unknown dataset \"fashon-mnist\" (did you mean \"fashion-mnist\"?); known datasets: "
          + "mnist, fashion-mnist, emnist-byclass, emnist-bymerge, emnist-balanced, emnist-letters, "
          + "emnist-digits, emnist-mnist, cifar10, cifar100")
    ) { try DatasetCatalogue.entry(named: "fashon-mnist") }
  }

  @Test(arguments: [
    ("fmnist", "fashion-mnist"), ("FashionMNIST", "fashion-mnist"), ("femnist", "emnist-byclass"),
    ("emnist", "emnist-byclass"), ("CIFAR-10", "cifar10"), ("cifar_100", "cifar100"),
  ])
  func namesThatOthersUseSuggestOurs(name: String, meant: String) {
    let error = #expect(throws: DatasetError.self) { try DatasetCatalogue.entry(named: name) }
    #expect(error?.description.contains("\"\(name)\" (did you mean \"\(meant)\"?)") == true)
  }
}

@Suite struct FileDigestTests {
  // The standards' examples (FIPS 180-2, RFC 1321).
  @Test func knownAnswers() throws {
    try withTemporaryFolder { folder in
      try write(Array("abc".utf8), to: "\(folder)/abc")
      #expect(
        try FileDigest.sha256(ofFile: "\(folder)/abc")
          == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
      #expect(try FileDigest.md5(ofFile: "\(folder)/abc") == "900150983cd24fb0d6963f7d28e17f72")
      // More than is read at a time.
      try write(Array(repeating: UInt8(ascii: "a"), count: 1_000_000), to: "\(folder)/million")
      #expect(
        try FileDigest.sha256(ofFile: "\(folder)/million")
          == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }
  }

  @Test func missingFileAndFolder() throws {
    try withTemporaryFolder { folder in
      #expect(
        throws: DatasetError(
          .system,
          "\(folder)/none: cannot be opened: No such file or directory; it must be "
            + "readable")
      ) { try FileDigest.sha256(ofFile: "\(folder)/none") }
      #expect(
        throws: DatasetError(
          .system, "\(folder): not a regular file; move it out of the way")
      ) { try FileDigest.sha256(ofFile: folder) }
    }
  }
}
