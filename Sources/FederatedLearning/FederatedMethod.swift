import NeuralNetworks

/// A federated method: what each client starts from, how it trains, and how the server absorbs what
/// comes back. Sampling participants, batching, evaluation, recording, checkpoints and parallelism
/// are the round loop's (`Federation`), once, for all methods.
///
/// A method is an immutable value; everything that changes is in its `ServerState` and in the
/// client bank, both of which only the round loop replaces. All its functions are pure.
public protocol FederatedMethod: Sendable {
  /// What the server remembers between rounds besides the client bank.
  associatedtype ServerState: Sendable
  /// What a participant's work gives the server besides its trained model.
  associatedtype Contribution: Sendable

  /// Name, origin and configuration keys.
  static var information: MethodInformation { get }

  /// Sets the method up. Throws `FederationError` if the setting does not suit it.
  init(options: MethodOptions, setting: FederationSetting) throws

  /// The server's state before the first round.
  func initialState() -> ServerState

  /// The model that a client starts its next local training from: axis (parameter). Evaluated as
  /// `received`.
  func receivedModel(of client: Int, state: ServerState, bank: ClientBank) -> [Float]

  /// A participant's work in a round, on a worker's network.
  func train(
    _ task: LocalTask, received: [Float], state: ServerState, bank: ClientBank,
    network: any LocalNetwork
  ) throws -> ClientUpdate<Contribution>

  /// The server's work after a round: `updates` in ascending order of clients; `bank` holds the
  /// models that they were aggregated from, not yet the trained ones.
  func absorb(
    _ updates: [ClientUpdate<Contribution>], into state: inout ServerState, bank: ClientBank)

  /// The weights with which a client's received model sums all clients' models, axes (layer, source
  /// client); nil for a method without such weights.
  func aggregationWeights(of client: Int, state: ServerState) -> [[Float]]?

  /// For each layer whether the client would keep its own; nil for a method without that notion.
  func retainedLayers(of client: Int, state: ServerState) -> [Bool]?

  /// What one participation of a client sends, in float32 bytes.
  func traffic(of client: Int, state: ServerState) -> Traffic

  /// The state as named tensors, for checkpoints.
  func tensors(of state: ServerState) -> [StateTensor]

  /// The state from `tensors(of:)`'s result. Throws `FederationError` if it does not fit.
  func state(from tensors: [StateTensor]) throws -> ServerState
}

extension FederatedMethod {
  /// No weights.
  public func aggregationWeights(of client: Int, state: ServerState) -> [[Float]]? { nil }
  /// No retained layers.
  public func retainedLayers(of client: Int, state: ServerState) -> [Bool]? { nil }
}

/// What a method is, for listings and records.
public struct MethodInformation: Sendable {
  /// Its name in specifications, such as `pfedla`.
  public let name: String
  /// Its name in the field, such as pFedLA.
  public let title: String
  /// Where it was published.
  public let reference: String
  /// How batch normalisation's running statistics travel unless the specification says otherwise.
  public let statistics: FederationSetting.StatisticsTreatment
  /// Its configuration keys.
  public let options: [MethodOption]

  /// A method's name, title, publication, treatment of running statistics and keys.
  public init(
    name: String, title: String, reference: String,
    statistics: FederationSetting.StatisticsTreatment = .aggregated, options: [MethodOption] = []
  ) {
    self.name = name
    self.title = title
    self.reference = reference
    self.statistics = statistics
    self.options = options
  }
}

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
  /// Training samples of each client.
  public let trainCounts: [Int]
  /// Where parameters stand in a model.
  public let layout: ParameterLayout
  /// The model that every client starts with, axis (parameter).
  public let initialParameters: [Float]
  /// The run's seed.
  public let seed: UInt64
  /// How running statistics travel.
  public let statistics: StatisticsTreatment

  /// A setting; `initialParameters` must have the layout's length.
  public init(
    trainCounts: [Int], layout: ParameterLayout, initialParameters: [Float], seed: UInt64,
    statistics: StatisticsTreatment
  ) {
    clientCount = trainCounts.count
    self.trainCounts = trainCounts
    self.layout = layout
    self.initialParameters = initialParameters
    self.seed = seed
    self.statistics = statistics
  }

  /// The columns of a layer that are sent and aggregated.
  func sharedRange(_ layer: ParameterLayout.Layer) -> Range<Int> {
    statistics == .aggregated ? layer.range : layer.trainedRange
  }

  /// Puts a client's own running statistics into its model where they are not sent.
  func keepOwnStatistics(of client: Int, bank: ClientBank, in model: inout [Float]) {
    guard statistics == .local else { return }
    let own = bank[client]
    for layer in layout.layers {
      for index in layer.trainedRange.upperBound..<layer.range.upperBound {
        model[index] = own[own.startIndex + index]
      }
    }
  }

  /// Float32 bytes of a whole model as it is sent.
  var modelBytes: Int {
    layout.layers.reduce(0) { $0 + sharedRange($1).count } * MemoryLayout<Float>.size
  }
}

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
  /// - Returns: the trained model and the mean of the samples' losses, each taken in its batch
  ///   before the step.
  public func descend(from received: [Float], on network: any LocalNetwork) throws -> (
    model: [Float], loss: Float
  ) {
    try network.load(received)
    var lossSum = 0.0
    var count = 0
    for batch in batches {
      lossSum += try network.computeGradient(batch[...], of: images)
      count += batch.count
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

/// Bytes sent by one client's participation, at four bytes a value.
public struct Traffic: Sendable, Hashable {
  /// Client to server.
  public var uplink: Int
  /// Server to client.
  public var downlink: Int

  /// Bytes up and down.
  public init(uplink: Int, downlink: Int) {
    self.uplink = uplink
    self.downlink = downlink
  }
}

/// A named part of a server's state.
public struct StateTensor: Sendable, Equatable {
  /// Unique within the method.
  public let name: String
  /// Lengths of its axes.
  public let shape: [Int]
  /// Row-major values.
  public let values: [Float]

  /// A tensor; `values` has the product of `shape` values.
  public init(name: String, shape: [Int], values: [Float]) {
    self.name = name
    self.shape = shape
    self.values = values
  }

  /// The values of the tensor of that name and shape. Throws `FederationError` if there is none.
  public static func values(_ name: String, shape: [Int], in tensors: [StateTensor]) throws
    -> [Float]
  {
    guard let tensor = tensors.first(where: { $0.name == name }), tensor.shape == shape,
      tensor.values.count == shape.reduce(1, *)
    else {
      throw FederationError("checkpoint: no state \(name) of shape \(shape)")
    }
    return tensor.values
  }
}
