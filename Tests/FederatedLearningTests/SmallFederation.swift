import FederatedLearning
import NeuralNetworks
import Support
import TestSupport

/// A federation that trains in milliseconds: 8×8 noise images, a network with batch normalisation
/// (layers conv1, bn1, fc1, fc2), and data that differ between clients.
struct SmallFederation {
  /// Training samples of each client.
  var trainCounts = [10, 10, 10, 10]
  var participation = 1.0
  var clientDropout = 0.0
  var localEpochs = 2
  var batchSize = 4
  var optimiser = StochasticGradientDescent(learningRate: 0.1)
  var seed: UInt64 = 3
  var statistics = FederationSetting.StatisticsTreatment.aggregated
  var workerCount = 1
  var validationShare = 0.0
  /// Layers that share their aggregation weights.
  var units: [String] = []

  static let classCount = 3
  static let testCount = 3

  /// Seven clients, about half of them in each round.
  static var partial: SmallFederation {
    var small = SmallFederation()
    small.trainCounts = [10, 7, 9, 4, 10, 5, 6]
    small.participation = 0.5
    return small
  }

  func architecture() throws -> Architecture {
    try Architecture(
      inputChannels: 1, inputHeight: 8, inputWidth: 8,
      blocks: .pooledConvolution(
        name: "conv1", outChannels: 3, kernelSize: 3, batchNormalisation: "bn1")
        + [
          .fullyConnected(name: "fc1", outFeatures: 6), .relu,
          .fullyConnected(name: "fc2", outFeatures: Self.classCount),
        ])
  }

  /// Consecutive samples: the first client's training, its test, the second client's training, ….
  func data() throws -> FederatedData {
    var next: Int32 = 0
    func take(_ count: Int) -> [Int32] {
      defer { next += Int32(count) }
      return Array(next..<next + Int32(count))
    }
    let samples = trainCounts.map { (train: take($0), test: take(Self.testCount)) }
    let images = try LabelledImages(
      pixels: HashFill.pixels(salt: 1, size: 64, count: Int(next)),
      labels: HashFill.labels(salt: 2, classes: Self.classCount, count: Int(next)).map(Int32.init),
      imageSize: 64, scaling: .symmetric)
    return try FederatedData(
      images: images, classCount: Self.classCount, train: samples.map(\.train),
      test: samples.map(\.test))
  }

  func engine() throws -> ProcessorTrainingEngine {
    try ProcessorTrainingEngine(
      architecture: architecture(), batchSize: batchSize, workerCount: workerCount)
  }

  func setting() throws -> FederationSetting {
    let layout = ParameterLayout(try architecture())
    return try FederationSetting(
      trainCounts: trainCounts, layout: layout,
      initialParameters: layout.initialParameters(seed: seed),
      units: AggregationUnits(units, layout), statistics: statistics,
      validationShare: validationShare, participation: participation,
      clientDropout: clientDropout, localEpochs: localEpochs, batchSize: batchSize,
      optimiser: optimiser, seed: seed)
  }

  /// Values of a model that are sent.
  func sentCount() throws -> Int {
    let layout = ParameterLayout(try architecture())
    return statistics == .aggregated ? layout.count : layout.trainedCount
  }

  func method<Method: FederatedMethod>(
    _ type: Method.Type, _ options: [String: OptionValue] = [:]
  ) throws -> Method {
    try Method(
      options: MethodOptions(options, for: Method.information.options), setting: setting())
  }

  /// A federation before its first round.
  func start<Method: FederatedMethod>(
    _ type: Method.Type, _ options: [String: OptionValue] = [:],
    engine: (any TrainingEngine)? = nil
  ) throws -> Federation<Method> {
    try Federation(
      method: method(type, options), data: data(), engine: engine ?? self.engine())
  }
}

extension ClientBank {
  /// Row-major values, axes (client, parameter).
  var values: [Float] { (0..<clientCount).flatMap { self[$0] } }
}

extension Array<Float> {
  /// Its stretches of that length.
  func rows(of count: Int) -> [[Float]] {
    stride(from: 0, to: self.count, by: count).map { Array(self[$0..<$0 + count]) }
  }
}

/// Every bit of a federation's state.
struct Snapshot: Equatable {
  let round: Int
  let bank: [UInt32]
  let server: [[UInt32]]

  init<Method>(_ federation: Federation<Method>) {
    round = federation.state.round
    bank = federation.state.bank.values.map(\.bitPattern)
    server = federation.tensors.map { $0.values.map(\.bitPattern) }
  }
}

extension Federation {
  /// The server's state as a checkpoint holds it.
  var tensors: [StateTensor] { method.tensors(of: state.server) }

  var clients: Range<Int> { 0..<data.clientCount }

  /// The model that the server would send to each client, axes (client, parameter).
  var receivedModels: [[Float]] {
    clients.map { method.receivedModel(of: $0, state: state.server, bank: state.bank) }
  }

  /// The models that are evaluated, axes (client, parameter).
  func models(_ model: EvaluatedModel) throws -> [[Float]] {
    try clients.map { try self.model(model, of: $0) }
  }

  mutating func runRounds(_ count: Int) throws {
    for _ in 0..<count { _ = try runRound() }
  }
}

extension FederatedMethod where ServerState == HypernetworkState, Self: HypernetworkTraining {
  /// Hypernetworks of those flat parameters, axes (client, hypernetwork parameter), with dense heads.
  func dense(_ parameters: [[Float]]) -> HypernetworkState {
    let heads = hypernetworkTensors.first { $0.name.hasPrefix("head.") }?.offset ?? 0
    return HypernetworkState(
      clients: parameters.map {
        AggregationHypernetwork.Values(
          base: Array($0[..<heads]), heads: .dense(Array($0[heads...])))
      })
  }
}

extension TrainingEngine {
  /// What `work` finds on a worker's network. Only there are bits comparable with a federation's:
  /// outside the workers a pass may be split over several threads.
  func onWorker<Result: Sendable>(
    _ work: @escaping @Sendable (any LocalNetwork) throws -> Result
  ) throws -> Result {
    let result = Guarded<Result?>(nil)
    try forEachClient(1) { _, network in
      let found = try work(network)
      result.withLock { $0 = found }
    }
    guard let found = result.withLock({ $0 }) else { throw FederationError("no worker ran") }
    return found
  }
}

/// Calls `body` with the method of that name as a type.
func withMethod(_ name: String, _ body: (any FederatedMethod.Type) throws -> Void) throws {
  guard let method = MethodRegistry.method(named: name) else {
    throw FederationError("no method \(name)")
  }
  try body(method)
}

/// The names of all methods, as arguments of tests that hold for each.
let methodNames = MethodRegistry.all.map { $0.information.name }
