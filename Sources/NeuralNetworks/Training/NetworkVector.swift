/// A model or gradient in a network's own formats.
public enum NetworkVector: Sendable, Hashable {
  /// The model that the network holds.
  case parameters
  /// The last gradient; 0 for statistics.
  case gradient
  /// The model that steps are pulled towards.
  case anchor
  /// An additional vector, identified by a number that the method chooses; undefined before it is set.
  case kept(Int)

  /// What is copied of a vector.
  public enum Part: Sendable {
    /// Trained parameters and running statistics.
    case all
    /// What gradient descent changes.
    case trained
    /// The running statistics of batch normalisation.
    case statistics
  }
}

/// An SGD step, apart from its optimiser.
public struct DescentStep: Sendable, Hashable {
  /// For each layer whether it is trained; nil trains all.
  public var trains: [Bool]?
  /// Strength of a pull: the gradient of (pull / 2) · ‖θ − anchor‖² is added to the last one, over the
  /// trained parameters; 0 for none.
  public var pull: Float
  /// Whether the correction is added then, over the trained parameters; nothing if none was set.
  public var corrects: Bool
  /// The model that steps; others than the network's own step in place.
  public var target: NetworkVector
  /// Which momentum it takes if there is any: models that are trained side by side have one each.
  public var momentum: Int

  /// A plain step of the whole model unless more is said.
  public init(
    trains: [Bool]? = nil, pull: Float = 0, corrects: Bool = false,
    target: NetworkVector = .parameters, momentum: Int = 0
  ) {
    self.trains = trains
    self.pull = pull
    self.corrects = corrects
    self.target = target
    self.momentum = momentum
  }
}
