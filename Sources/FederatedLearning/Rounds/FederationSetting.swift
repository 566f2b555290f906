import NeuralNetworks

/// What is fixed for a federation before its first round.
public struct FederationSetting: Sendable {
  /// How batch normalisation's running mean and variance travel. The paper leaves this open.
  public enum StatisticsTreatment: String, Sendable, CaseIterable {
    /// Aggregated with the weights of their layer, as part of the model.
    case aggregated
    /// Never sent: a client keeps its own.
    case local
  }

  /// The number of clients.
  public let clientCount: Int
  /// Training samples of each client, those that are set aside included.
  public let trainCounts: [Int]
  /// Where parameters stand in a model.
  public let layout: ParameterLayout
  /// The model that every client starts with, axis (parameter).
  public let initialParameters: [Float]
  /// The run's seed.
  public let seed: UInt64
  /// How running statistics travel.
  public let statistics: StatisticsTreatment
  /// Share of every client's training samples that is set aside for validation and never trained on,
  /// in [0, 1), whatever the method. 0 leaves it to the method.
  public let validationShare: Double

  /// A setting; `initialParameters` must have the layout's length.
  public init(
    trainCounts: [Int], layout: ParameterLayout, initialParameters: [Float], seed: UInt64,
    statistics: StatisticsTreatment, validationShare: Double = 0
  ) {
    clientCount = trainCounts.count
    self.trainCounts = trainCounts
    self.layout = layout
    self.initialParameters = initialParameters
    self.seed = seed
    self.statistics = statistics
    self.validationShare = validationShare
  }

  /// m_i: the samples that a client trains on, all but those that are set aside.
  func sampleCount(of client: Int) -> Int {
    trainCounts[client] - ValidationSplit.count(of: trainCounts[client], share: validationShare)
  }

  /// The columns of a layer that are sent and aggregated.
  func sharedRange(_ layer: ParameterLayout.Layer) -> Range<Int> {
    statistics == .aggregated ? layer.range : layer.trainedRange
  }

  /// Float32 bytes of a whole model as it is sent.
  var modelBytes: Int {
    layout.layers.reduce(0) { $0 + sharedRange($1).count } * MemoryLayout<Float>.size
  }
}
