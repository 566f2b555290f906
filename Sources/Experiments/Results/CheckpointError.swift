/// A checkpoint that a run cannot resume from.
public struct CheckpointError: Error, CustomStringConvertible, Equatable, Sendable {
  /// What is wrong with it.
  public enum Kind: Sendable, Equatable {
    /// No file is whole.
    case damaged
    /// It is whole, but not as this version of the program writes it.
    case misfit
    /// It is of another version of the numerics.
    case otherNumerics
    /// It is of a run with other settings.
    case otherRun
    /// It is of the same run on other images, labels or another partition.
    case otherInputs
  }

  /// What is wrong with it.
  public let kind: Kind
  /// One line that begins with the file's path.
  public let reason: String
  private let advice: String

  /// The reason and what to do, in one line.
  public var description: String { reason + advice }

  /// Whether the run can restart beside it without mixing anything: not if the inputs have changed,
  /// which must be put right by the user.
  var canBeginAgain: Bool { kind != .otherInputs }

  /// - Parameters:
  ///   - reason: one line that begins with the file's path.
  ///   - advice: what to do, with what separates it from the reason.
  init(_ kind: Kind, _ reason: String, advice: String) {
    self.kind = kind
    self.reason = reason
    self.advice = advice
  }
}
