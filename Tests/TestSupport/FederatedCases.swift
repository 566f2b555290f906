/// How head outputs z become aggregation weights α that sum to one.
public enum GoldenNormaliser: String, Decodable, Sendable {
  /// α = softmax(z).
  case softmax
  /// α = relu(z) / Σ relu(z); without a positive z, one on the client itself and no gradient.
  case reluSum = "relu-sum"
}

/// One ascent step of a client's hypernetwork along (∂θ̄/∂ψ)ᵀ Δθ (`hypernetwork.json`).
///
/// ψ in flat order: embedding; per hidden layer (ReLU) weight [out, in] and bias; per head, one a
/// model layer, weight [source, in] and bias. Without hidden layers the heads read the embedding.
public struct HypernetworkCase: Decodable, Sendable, CustomStringConvertible {
  /// What the case is about.
  public let name: String
  /// The normaliser.
  public let normaliser: GoldenNormaliser
  /// The client that the hypernetwork belongs to.
  public let client: Int
  /// Source clients N.
  public let sources: Int
  /// Length of the embedding.
  public let embedding: Int
  /// Widths of the hidden layers.
  public let hidden: [Int]
  /// [layer]: parameters of each model layer; P is their sum.
  public let layerSizes: [Int]
  /// Step size β.
  public let stepSize: Float
  /// Layers that the client keeps: θ̄ is its own row there, and Δθ has no effect.
  public let retained: [Int]
  /// Slots of Δθ left out of the inner product, as running statistics are.
  public let excludedSlots: [Int]
  /// Flat ψ before the step.
  public let parameters: [Float]
  /// [source, parameter]: θ.
  public let bank: [Float]
  /// [parameter]: Δθ, trained minus received.
  public let delta: [Float]
  /// [layer][source]: α, for retained layers too.
  public let aggregationWeights: [[Float]]
  /// [parameter]: θ̄.
  public let personalised: [Float]
  /// Flat (∂θ̄/∂ψ)ᵀ Δθ.
  public let gradient: [Float]
  /// Flat ψ + β · gradient.
  public let updatedParameters: [Float]
  /// [layer][source]: α after the step.
  public let updatedAggregationWeights: [[Float]]
  /// ‖θ̄ − θ_trained‖ over the slots that count, θ_trained = θ̄ before the step + Δθ.
  public let distanceBefore: Double
  /// The same with θ̄ after the step; always smaller.
  public let distanceAfter: Double
  /// The largest difference of any value above from float64.
  public let rounding: Double

  /// The name, for test output.
  public var description: String { name }
}

/// Rounds of personalised aggregation and of federated averaging (`rounds.json`).
///
/// All clients start from the same parameters. All participants of a round aggregate from the same
/// bank. Local training is plain SGD over the listed batches. Running statistics are aggregated
/// with their layer's weights but left out of the hypernetwork's inner product.
public struct FederatedRounds: Decodable, Sendable {
  /// The client network; its batch normalisation starts at the identity.
  public let network: GoldenNetwork
  /// Salt of the initial parameters.
  public let parameterSalt: UInt32
  /// Salt of the pixels.
  public let pixelSalt: UInt32
  /// Salt of the labels.
  public let labelSalt: UInt32
  /// Samples 0 ..< imageCount exist.
  public let imageCount: Int
  /// `HashFill.checksum` of the initial parameters.
  public let initialChecksum: UInt32
  /// Step size of local training.
  public let learningRate: Float
  /// [client]: its training samples.
  public let clients: [[Int]]
  /// [round][client][step]: the samples of each batch, all local epochs in order.
  public let batches: [[[[Int]]]]
  /// pFedLA and HeurpFedLA.
  public let personalised: [PersonalisedRounds]
  /// FedAvg, with its own clients and batches.
  public let federatedAveraging: FederatedAveragingRounds

  /// The initial flat parameters of every client.
  public var initialParameters: [Float] { network.initialParameters(salt: parameterSalt) }
}

/// Rounds of pFedLA, or of HeurpFedLA when layers are retained.
public struct PersonalisedRounds: Decodable, Sendable, CustomStringConvertible {
  /// One round.
  public struct Round: Decodable, Sendable {
    /// Ascending client indices.
    public let participants: [Int]
    /// One entry per participant, in the same order.
    public let clients: [Participant]
  }

  /// What happened to one participant in one round.
  public struct Participant: Decodable, Sendable {
    /// The client's index.
    public let client: Int
    /// Ascending indices of the layers it keeps: those with the largest self weights, the lower
    /// index winning a tie.
    public let retained: [Int]
    /// [layer][source]: α of the round, for retained layers too.
    public let aggregationWeights: [[Float]]
    /// [parameter]: θ̄, where local training starts.
    public let received: [Float]
    /// [parameter]: the bank's row afterwards.
    public let trained: [Float]
    /// Mean over the samples of all local steps.
    public let trainLoss: Float
    /// Flat ψ after the round's update.
    public let hypernetwork: [Float]
  }

  /// The largest differences from float64, over all rounds and participants.
  public struct Rounding: Decodable, Sendable {
    /// The difference in α.
    public let aggregationWeights: Double
    /// The difference in θ̄.
    public let received: Double
    /// The difference in the trained parameters.
    public let trained: Double
    /// The difference in the mean training loss.
    public let trainLoss: Double
    /// The difference in ψ.
    public let hypernetwork: Double
  }

  /// What the case is about.
  public let name: String
  /// The normaliser.
  public let normaliser: GoldenNormaliser
  /// HeurpFedLA's k; 0 is pFedLA.
  public let retainedLayers: Int
  /// The hypernetworks' step size β.
  public let stepSize: Float
  /// Length of the embedding.
  public let embedding: Int
  /// Widths of the hidden layers.
  public let hidden: [Int]
  /// [client]: flat ψ before the first round, laid out as in `HypernetworkCase`.
  public let hypernetworks: [[Float]]
  /// The rounds in order.
  public let rounds: [Round]
  /// What float32 can promise.
  public let rounding: Rounding

  /// The name, for test output.
  public var description: String { name }
}

/// Rounds of federated averaging: Σ m_i/M θ_i, running statistics included.
public struct FederatedAveragingRounds: Decodable, Sendable {
  /// [client]: its training samples; their numbers m_i are the weights.
  public let clients: [[Int]]
  /// [round][client][step]: the samples of each batch.
  public let batches: [[[[Int]]]]
  /// [round][parameter]: the global model after the round.
  public let globalParameters: [[Float]]
  /// [round][client]: mean over the samples of all local steps.
  public let trainLosses: [[Float]]
  /// The largest difference of `globalParameters` from float64.
  public let rounding: Double
}
