import Foundation

/// Results of an independent PyTorch oracle (`tools/make_golden_values.py`), as committed files.
public enum GoldenValues {
  /// Decodes `GoldenValues/<name>.json`; keys are snake_case there and camelCase here.
  ///
  /// - Throws: `CocoaError` when the file is missing, `DecodingError` when it does not fit `T`.
  public static func load<T: Decodable>(_ name: String) throws -> T {
    guard
      let file = Bundle.module.url(
        forResource: name, withExtension: "json", subdirectory: "GoldenValues")
    else {
      throw CocoaError(
        .fileNoSuchFile, userInfo: [NSFilePathErrorKey: "GoldenValues/\(name).json"])
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(T.self, from: Data(contentsOf: file))
  }

  /// Samples of the fills: do both languages compute the same inputs?
  public static func fills() throws -> [FillCase] {
    let file: Cases<FillCase> = try load("fill")
    return file.cases
  }

  /// One training step and one evaluation of small networks.
  public static func layers() throws -> [LayerCase] {
    let file: Cases<LayerCase> = try load("layers")
    return file.cases
  }

  /// One training step and one evaluation of networks listed block by block.
  public static func networks() throws -> [BlockNetworkCase] {
    let file: Cases<BlockNetworkCase> = try load("networks")
    return file.cases
  }

  /// Twenty steps of SGD, with the paper's networks among them.
  public static func training() throws -> [TrainingCase] {
    let file: Cases<TrainingCase> = try load("training")
    return file.cases
  }

  /// One step of a client's hypernetwork.
  public static func hypernetworks() throws -> [HypernetworkCase] {
    let file: Cases<HypernetworkCase> = try load("hypernetwork")
    return file.cases
  }

  /// Whole federated rounds.
  public static func rounds() throws -> FederatedRounds {
    try load("rounds")
  }

  private struct Cases<Case: Decodable>: Decodable {
    let cases: [Case]
  }
}

/// The first values of every fill of one salt (`fill.json`).
public struct FillCase: Decodable, Sendable, CustomStringConvertible {
  /// The salt.
  public let salt: UInt32
  /// The bound of `signed`.
  public let bound: Float
  /// The number of classes of `labels`.
  public let classes: Int
  /// The hash words.
  public let words: [UInt32]
  /// `HashFill.unit`.
  public let unit: [Float]
  /// `HashFill.signed` with `bound`.
  public let signed: [Float]
  /// `HashFill.pixels`.
  public let pixels: [UInt8]
  /// `HashFill.labels` with `classes`.
  public let labels: [UInt8]

  /// The salt, for test output.
  public var description: String { "salt \(salt)" }
}
