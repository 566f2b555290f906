/// A part of a client's work in a round, and its mini-batches. A method names its
/// phases; the round loop draws their batches, so that they are the same for any number of workers
/// and an audit can list them.
public struct LocalPhase: Sendable, Hashable {
  /// What a phase is for.
  public enum Name: String, Sendable, CaseIterable {
    /// Local training of the whole model.
    case train
    /// Local training of the last layers.
    case head
    /// Local training of all but the last layers.
    case body
    /// Making a received model one's own before it is trained or evaluated.
    case adapt
    /// Measuring models on training samples that are set aside; nothing is trained on them.
    case validation
  }

  /// How much of the client's training data a phase sees.
  public enum Extent: Sendable, Hashable {
    /// This many passes over all samples.
    case passes(Int)
    /// This many mini-batches, pass after pass.
    case batches(Int)
    /// That share of the samples, in (0, 1], at least one sample.
    case share(Double)
  }

  /// What it is for.
  public let name: Name
  /// How much it sees.
  public let extent: Extent

  /// A phase.
  public init(_ name: Name, _ extent: Extent) {
    self.name = name
    self.extent = extent
  }

  /// Passes over all samples that have to be drawn for it.
  func passes(batchesPerPass: Int) -> Int {
    switch extent {
    case .passes(let count): count
    case .batches(let count): (count + batchesPerPass - 1) / max(batchesPerPass, 1)
    case .share: 1
    }
  }

  /// Mini-batches of one phase in order.
  public struct Batches: Sendable, Hashable {
    /// The phase.
    public let phase: Name
    /// Its batches, each a list of dataset positions.
    public let batches: [[Int32]]

    /// Batches of a phase.
    public init(_ phase: Name, _ batches: [[Int32]]) {
      self.phase = phase
      self.batches = batches
    }
  }
}
