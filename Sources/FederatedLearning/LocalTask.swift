import NeuralNetworks

/// One participant's work in a round.
public struct LocalTask: Sendable {
  /// The round, counted from 1.
  public let round: Int
  /// The client.
  public let client: Int
  /// The pooled images.
  public let images: LabelledImages
  /// Mini-batches of training samples in order.
  public let batches: [[Int32]]
  /// Step size and its companions.
  public let optimiser: StochasticGradientDescent

  /// A participant's work.
  public init(
    round: Int, client: Int, images: LabelledImages, batches: [[Int32]],
    optimiser: StochasticGradientDescent
  ) {
    self.round = round
    self.client = client
    self.images = images
    self.batches = batches
    self.optimiser = optimiser
  }

  /// Plain local training: load the received model and descend over the batches once.
  /// - Parameter proximal: μ; adds (μ / 2) · ‖θ − received‖² to the loss that is descended, not to
  ///   the one that is returned.
  /// - Returns: the trained model and the mean of the samples' losses, each taken in its batch
  ///   before the step.
  public func descend(
    from received: [Float], on network: any LocalNetwork, proximal: Float = 0
  ) throws -> (model: [Float], loss: Float) {
    try network.load(received)
    if proximal != 0 { network.rememberAnchor() }
    var lossSum = 0.0
    var count = 0
    for batch in batches {
      lossSum += try network.computeGradient(batch[...], of: images)
      count += batch.count
      if proximal != 0 { network.addProximalGradient(strength: proximal) }
      try network.descend(optimiser, trains: nil)
    }
    return (try network.parameters(), count > 0 ? Float(lossSum / Double(count)) : .nan)
  }
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
