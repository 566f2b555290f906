import Datasets
import FederatedLearning
import Foundation
import HDF5

/// A result file, read back: its description and its measurements.
public struct RunResult: Sendable {
  /// The file's path.
  public let path: String
  /// The method's name, such as `pfedla`.
  public let method: String
  /// The method's name in the field, such as pFedLA.
  public let methodTitle: String
  /// The model whose accuracy tables report: what the method's own paper evaluates.
  public let reported: EvaluatedModel
  /// The dataset's name.
  public let dataset: String
  /// Where the images came from; files of schema version 1 call all data published that are not synthetic.
  public let origin: DatasetOrigin
  /// The partition scheme.
  public let partitionScheme: String
  /// The partition's digest.
  public let partitionSHA256: String
  /// The run's seed.
  public let seed: UInt64
  /// The version of the code that made it.
  public let codeVersion: String
  /// The version of the numerics; 0 in files of schema version 1, which do not record it.
  public let numericsVersion: Int
  /// The digest of all numbers; nil in files of schema version 1.
  public let numbersSHA256: String?
  /// The files of the dataset and the partition that it was made from, by their digests.
  public let inputs: RunInputs
  /// Names of the model's layers.
  public let layers: [String]
  /// Training and test samples of each client.
  public let trainCounts: [Int32]
  /// Test samples of each client.
  public let testCounts: [Int32]
  /// Samples of each class that each client holds, axes (client, class).
  public let labelCounts: [[Int32]]
  /// Names of the classes where counts of classes were recorded, otherwise none.
  public let classNames: [String]
  /// Test samples of each class that each client holds, axes (client, class), row-major; empty if counts
  /// of classes were not recorded.
  public let testClassCounts: [Int32]
  /// What was measured.
  public internal(set) var record: RunRecord
  /// What clients that joined after training have measured; nil without any.
  public let newClients: NewClientRecord?
  /// The keys that decided the numbers and their values, in order.
  public internal(set) var resolvedSpecification: [(key: String, value: String)]

  /// Whether the file has a checksum of all its bytes, which was checked; false in files of before 0.2.0 and
  /// in those that another program made.
  public let isSealed: Bool

  /// Reads a result file, which may come from anyone: every array is checked before it is used. Throws
  /// `HDF5Error` or `SpecificationError` naming what is missing or impossible.
  public init(path: String) throws {
    self.path = path
    let file = try HDF5File.openForReading(path)
    defer { try? file.close() }
    try ResultFile.requireResult(file, path)
    isSealed = file.isSealed
    method = try file.attribute("method")
    methodTitle = try file.attribute("method_title")
    // Files of version 0.1.0 before this attribute: received models.
    let reportedName: String =
      try file.hasAttribute("reported_model")
      ? file.attribute("reported_model") : EvaluatedModel.received.rawValue
    guard let reported = EvaluatedModel(rawValue: reportedName) else {
      throw SpecificationError(
        "\(path): reported_model is \(reportedName), expected received or trained")
    }
    self.reported = reported
    codeVersion = try file.attribute("code_version")
    dataset = try file.attribute("dataset")
    let data: String = try file.attribute("data")
    guard let origin = DatasetOrigin(rawValue: data) else {
      throw SpecificationError(
        "\(path): data is \(data), expected one of "
          + DatasetOrigin.allCases.map(\.rawValue).joined(separator: ", "))
    }
    self.origin = origin
    let hasVersion = try file.hasAttribute("numerics_version")
    numericsVersion = hasVersion ? Int(try file.attribute("numerics_version", as: Int32.self)) : 0
    numbersSHA256 =
      try file.hasAttribute(ResultFile.numbersAttribute)
      ? file.attribute(ResultFile.numbersAttribute) : nil
    partitionScheme = try file.attribute("partition_scheme")
    partitionSHA256 = try file.attribute("partition_sha256")
    seed = UInt64(bitPattern: try file.attribute("seed", as: Int64.self))
    layers = try file.read("layer", shape: [nil])
    trainCounts = try file.read("train_count", shape: [nil])
    let clientCount = trainCounts.count
    testCounts = try file.read("test_count", shape: [clientCount])
    let counts = try file.dataset("partition/label_count")
    let flat: [Int32] = try counts.read(shape: [clientCount, nil])
    let classCount = counts.shape[1]
    labelCounts = trainCounts.indices.map { client in
      Array(flat[client * classCount..<(client + 1) * classCount])
    }
    let text: String = try file.readValue("provenance/resolved_specification")
    resolvedSpecification = text.split(separator: "\n").map { line in
      let parts = line.components(separatedBy: ": ")
      return (parts[0], parts.dropFirst().joined(separator: ": "))
    }
    inputs = try RunInputs(
      file, path: path, keys: resolvedSpecification, partitionSHA256: partitionSHA256)
    do {
      for (name, counts) in [
        ("/train_count", trainCounts), ("/test_count", testCounts),
        ("/partition/label_count", flat),
      ] {
        try RunRecord.require(counts, name, "at least 0") { count, _ in count >= 0 }
      }
      var record = try RunRecord(
        result: file, clientCount: clientCount, layerCount: layers.count, classCount: classCount)
      if try file.exists("class_counts") {
        let group = try file.group("class_counts")
        classNames = try group.read("class", shape: [classCount])
        testClassCounts = try group.read("test_count", shape: [clientCount, classCount])
        record.confusion = try ClassConfusion(
          result: group, record: record, classNames: classNames, testCounts: testClassCounts)
      } else {
        classNames = []
        testClassCounts = []
      }
      self.record = record
      newClients = try NewClientRecord(result: file)
    } catch let error as RunRecord.Misfit {
      throw SpecificationError(
        "\(path): \(error.reason): damaged, or not written by pfedla; use an unchanged copy, or make it again"
      )
    }
  }

  /// Which share of the clients diverged and when first, in words; nil if none did.
  public var divergedClients: String? {
    guard let first = record.firstDivergedRound else { return nil }
    let count = record.divergedRounds.count { $0 > 0 }
    let clients = Counted.words(count, of: record.clientCount, "client")
    return "\(clients) diverged, \(count == 1 ? "" : "the first ")in round \(first)"
  }

  /// Whether the run ended in the round in which it diverged, with `on_divergence: stop`.
  var stoppedAsDiverged: Bool {
    record.hasDiverged
      && setting("on_divergence") != RunSpecification.OnDivergence.continue.rawValue
  }

  /// What a reader must know of a file without a checksum of all its bytes; nil for one that has it.
  public var sealWarning: String? {
    isSealed
      ? nil
      : "\(path): has no checksum of the whole file (it is of before 0.2.0, or of another program), so damage "
        + "to it may go unnoticed"
  }

  /// Whether the data were synthesized.
  public var isSynthetic: Bool { origin == .synthetic }

  /// The value of a key of the specification, or nil.
  public func setting(_ key: String) -> String? {
    resolvedSpecification.first { $0.key == key }?.value
  }
}
