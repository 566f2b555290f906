import NeuralNetworks

/// One client's work in a round.
public struct LocalTask: Sendable {
  /// The round, counted from 1.
  public let round: Int
  /// The client.
  public let client: Int
  /// The pooled images.
  public let images: LabelledImages
  /// The mini-batches of every phase, in order.
  public let phases: [LocalPhase.Batches]
  /// Step size and its companions.
  public let optimiser: StochasticGradientDescent

  /// A client's work.
  public init(
    round: Int, client: Int, images: LabelledImages, phases: [LocalPhase.Batches],
    optimiser: StochasticGradientDescent
  ) {
    self.round = round
    self.client = client
    self.images = images
    self.phases = phases
    self.optimiser = optimiser
  }

  /// The mini-batches of a phase in order; none if the method does not have it.
  public func batches(_ phase: LocalPhase.Name) -> [[Int32]] {
    phases.filter { $0.phase == phase }.flatMap(\.batches)
  }

  /// A pull towards a model.
  public struct Proximal: Sendable {
    /// The model, axis (parameter).
    public let anchor: [Float]
    /// μ; (μ / 2) · ‖θ − anchor‖² is added to the loss that is descended.
    public let strength: Float

    /// A pull of that strength.
    public init(anchor: [Float], strength: Float) {
      self.anchor = anchor
      self.strength = strength
    }
  }

  /// Local training: descent over a phase's batches with a fresh optimiser.
  /// - Parameters:
  ///   - network: the worker's network.
  ///   - start: where it starts, axis (parameter).
  ///   - phase: whose batches it sees.
  ///   - proximal: a pull towards a model; it is in the gradient, not in the loss that is returned.
  ///   - correction: added to every gradient, axis (parameter).
  ///   - trains: for each layer whether it is trained; nil trains all. Running statistics of batch
  ///     normalisation are updated in every forward pass of training, whatever is trained.
  public func descend(
    from start: [Float], on network: any LocalNetwork, phase: LocalPhase.Name = .train,
    proximal: Proximal? = nil, correction: [Float]? = nil, trains: [Bool]? = nil
  ) throws -> (model: [Float], loss: TrainingLoss) {
    // Without strength there is nothing to pull.
    let proximal = proximal.flatMap { $0.strength == 0 ? nil : $0 }
    try network.load(start)
    if let proximal { try network.setAnchor(proximal.anchor) }
    if let correction { try network.setCorrection(correction) }
    let step = DescentStep(
      trains: trains, pull: proximal?.strength ?? 0, corrects: correction != nil)
    var loss = TrainingLoss()
    for batch in batches(phase) {
      loss.add(
        try network.train(batch[...], of: images, optimiser, step), count: batch.count)
    }
    return (try network.parameters(), loss)
  }
}

/// The mean loss over the samples of training batches, each taken in its batch before the step.
public struct TrainingLoss: Sendable, Equatable {
  private var sum = 0.0
  private var count = 0

  /// Nothing seen yet.
  public init() {}

  /// Enters a batch: the sum of its samples' losses and their number.
  public mutating func add(_ sum: Double, count: Int) {
    self.sum += sum
    self.count += count
  }

  /// Enters another phase's batches.
  public mutating func add(_ other: TrainingLoss) { add(other.sum, count: other.count) }

  /// The mean; NaN if nothing was seen.
  public var mean: Float { count > 0 ? Float(sum / Double(count)) : .nan }
}

/// What a participant's work leaves.
public struct ClientUpdate<Contribution: Sendable>: Sendable {
  /// The client.
  public let client: Int
  /// Its model after local training, axis (parameter). Becomes its row of the client bank and is
  /// evaluated as `trained`.
  public let trained: [Float]
  /// Mean training loss over all batches, each before its step.
  public let trainLoss: Float
  /// What else the method's server needs.
  public let contribution: Contribution

  /// An update of one client.
  public init(client: Int, trained: [Float], trainLoss: Float, contribution: Contribution) {
    self.client = client
    self.trained = trained
    self.trainLoss = trainLoss
    self.contribution = contribution
  }
}
