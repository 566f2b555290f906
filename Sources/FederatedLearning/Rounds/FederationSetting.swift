import NeuralNetworks

/// What is fixed for a federation before its first round, the same for every method.
public struct FederationSetting: Sendable {
  /// How batch normalisation's running mean and variance travel. The paper leaves this open.
  public enum StatisticsTreatment: String, Sendable, CaseIterable {
    /// Aggregated with the weights of their layer, as part of the model.
    case aggregated
    /// Never sent: a client keeps its own.
    case local
  }

  /// Training samples of each client, those that are set aside included, axis (client).
  public private(set) var trainCounts: [Int]
  /// How many of the clients, the last ones, joined after training.
  public private(set) var newClientCount = 0
  /// The layout of a model's parameters.
  public let layout: ParameterLayout
  /// The model that every client starts with, axis (parameter).
  public let initialParameters: [Float]
  /// Which layers or tensors share their aggregation weights.
  public let units: AggregationUnits
  /// How running statistics travel.
  public let statistics: StatisticsTreatment
  /// Share of every client's training samples that is set aside for validation and never trained on,
  /// in [0, 1), whatever the method. 0 leaves it to the method.
  public let validationShare: Double
  /// Share of the clients that take part in a round, in (0, 1].
  public let participation: Double
  /// Probability with which a selected client drops out of a round, in [0, 1): it is sent a model, but its update never
  /// arrives, and it keeps its state of before.
  public let clientDropout: Double
  /// Passes over a client's training data in one round.
  public let localEpochs: Int
  /// Samples of a mini-batch.
  public let batchSize: Int
  /// Learning rate, momentum and weight decay.
  public let optimiser: StochasticGradientDescent
  /// How the learning rate changes from round to round.
  public let learningRateSchedule: LearningRateSchedule
  /// The run's seed.
  public let seed: UInt64

  /// A setting. `initialParameters` must have the layout's length; the values are the caller's to check. Without
  /// `units` each layer has its own aggregation weights.
  public init(
    trainCounts: [Int], layout: ParameterLayout, initialParameters: [Float],
    units: AggregationUnits? = nil, statistics: StatisticsTreatment, validationShare: Double = 0,
    participation: Double, clientDropout: Double = 0,
    localEpochs: Int, batchSize: Int, optimiser: StochasticGradientDescent,
    learningRateSchedule: LearningRateSchedule = .constant, seed: UInt64
  ) {
    self.trainCounts = trainCounts
    self.layout = layout
    self.initialParameters = initialParameters
    self.units = units ?? AggregationUnits(layout)
    self.statistics = statistics
    self.validationShare = validationShare
    self.participation = participation
    self.clientDropout = clientDropout
    self.localEpochs = localEpochs
    self.batchSize = batchSize
    self.optimiser = optimiser
    self.learningRateSchedule = learningRateSchedule
    self.seed = seed
  }

  /// The same with one more client, the last, which joins after training.
  func adding(trainCount: Int) -> FederationSetting {
    var setting = self
    setting.trainCounts.append(trainCount)
    setting.newClientCount += 1
    return setting
  }

  /// The number of clients.
  public var clientCount: Int { trainCounts.count }

  /// m_i: the number of samples that a client trains on, without those set aside.
  public func sampleCount(of client: Int) -> Int {
    trainCounts[client] - ValidationSplit.count(of: trainCounts[client], share: validationShare)
  }

  /// The columns of a layer that are sent and aggregated.
  public func sharedRange(_ layer: ParameterLayout.Layer) -> Range<Int> {
    statistics == .aggregated ? layer.range : layer.trainedRange
  }

  /// The columns of a unit's part that are sent and aggregated.
  public func sharedRange(_ part: AggregationUnits.Part) -> Range<Int> {
    statistics == .aggregated ? part.range : part.trainedRange
  }

  /// Whether running statistics are sent too, or the model has none.
  public var sendsWholeModels: Bool {
    layout.layers.allSatisfy { sharedRange($0).count == $0.range.count }
  }

  /// Float32 bytes of a whole model as it is sent.
  public var modelBytes: Int {
    layout.layers.reduce(0) { $0 + sharedRange($1).count } * MemoryLayout<Float>.size
  }
}

extension FederationSetting {
  /// m_i / Σ_k m_k: each client's share of the samples that all the given clients train on.
  public func sampleShares(of clients: [Int]) -> [Float] {
    let total = clients.reduce(0) { $0 + sampleCount(of: $1) }
    return clients.map { Float(Double(sampleCount(of: $0)) / Double(total)) }
  }

  /// 1 / |S| for each of the given clients.
  public func equalShares(of clients: [Int]) -> [Float] {
    clients.map { _ in Float(1 / Double(clients.count)) }
  }

  /// The last layers of the model, as many as a method's key says. Throws `FederationError` that
  /// names the key if the model has fewer.
  public func lastLayers(_ option: MethodOption<Int>, _ options: MethodOptions) throws
    -> ArraySlice<ParameterLayout.Layer>
  {
    let (count, layers) = (options[option], layout.layers)
    guard count <= layers.count else {
      throw FederationError(
        "\(option.declaration.key): found \(count), expected at most \(layers.count), the number of "
          + "layers of the model")
    }
    return layers.suffix(count)
  }
}
