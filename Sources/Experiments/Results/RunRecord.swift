import FederatedLearning
import NeuralNetworks

/// What a run has measured so far, for every round and client.
///
/// Matrices are row-major with axes (round, client); row 0 is round 1. Values not measured are NaN. Every
/// change is made here: what a round or an evaluation gave is entered, and a file's arrays are read as one
/// (`RunRecord+File.swift`).
public struct RunRecord: Sendable, Equatable {
  /// Rounds planned.
  public let roundCount: Int
  /// Clients.
  public let clientCount: Int
  /// Layers of the client model.
  public let layerCount: Int
  /// Classes of the dataset; 0 if counts of classes are not kept.
  public let classCount: Int

  /// Accuracy on the client's own test data of the model that its next local training would start
  /// from, in [0, 1].
  public package(set) var testAccuracyReceived: [Float]
  /// The same for its model after its latest local training.
  public package(set) var testAccuracyTrained: [Float]
  /// Mean cross-entropy on the client's own test data, received model.
  public package(set) var testLossReceived: [Float]
  /// The same, trained model.
  public package(set) var testLossTrained: [Float]
  /// Mean cross-entropy over the samples of the batches of the round's local training, each batch
  /// before its step.
  public package(set) var trainLoss: [Float]
  /// Whether the client took part.
  public package(set) var participated: [Bool]
  /// Whether the client was selected and dropped out.
  public package(set) var droppedOut: [Bool]
  /// Gradients of mini-batches that the client's local training computed, preparation of the received model
  /// included; 0 if it took no part.
  public package(set) var gradientComputations: [Int32]
  /// Samples of forward passes that its local training made without a gradient, such as FedFomo's over
  /// validation samples.
  public package(set) var forwardSamples: [Int32]
  /// Accuracy of the global model on samples that no client has, axis (round); NaN where it was not evaluated.
  public package(set) var commonTestAccuracy: [Float]
  /// Its mean cross-entropy there.
  public package(set) var commonTestLoss: [Float]
  /// Bytes from all participants to the server, axis (round).
  public package(set) var uplinkBytes: [Double]
  /// Bytes from the server to all participants, axis (round).
  public package(set) var downlinkBytes: [Double]

  /// Rounds after which aggregation weights were recorded, axis (recorded round).
  public package(set) var recordedRounds: [Int32] = []
  /// Aggregation weights after those rounds, axes (recorded round, client, layer, source client).
  public package(set) var weights: [Float] = []
  /// Whether the client would keep the layer in its next round, axes (recorded round, client, layer).
  public package(set) var retained: [Bool] = []

  /// Rounds whose evaluation counted classes, ascending, axis (recorded round).
  public package(set) var classCountRounds: [Int32] = []
  /// Test samples of each class that the received model classifies correctly, axes (recorded round,
  /// client, class).
  public package(set) var correctReceived: [Int32] = []
  /// The same for the trained model.
  public package(set) var correctTrained: [Int32] = []
  /// Which classes the test samples were taken for in those rounds; nil unless they are recorded.
  public package(set) var confusion: ClassConfusion?
  /// The first round in which a value of the client was not finite; 0 if there was none. Axis (client).
  public package(set) var divergedRounds: [Int32]

  /// An empty record.
  public init(roundCount: Int, clientCount: Int, layerCount: Int, classCount: Int = 0) {
    self.roundCount = roundCount
    self.clientCount = clientCount
    self.layerCount = layerCount
    self.classCount = classCount
    divergedRounds = [Int32](repeating: 0, count: clientCount)
    let missing = [Float](repeating: .nan, count: roundCount * clientCount)
    testAccuracyReceived = missing
    testAccuracyTrained = missing
    testLossReceived = missing
    testLossTrained = missing
    trainLoss = missing
    participated = [Bool](repeating: false, count: roundCount * clientCount)
    droppedOut = participated
    gradientComputations = [Int32](repeating: 0, count: roundCount * clientCount)
    forwardSamples = gradientComputations
    uplinkBytes = [Double](repeating: 0, count: roundCount)
    downlinkBytes = uplinkBytes
    commonTestAccuracy = [Float](repeating: .nan, count: roundCount)
    commonTestLoss = commonTestAccuracy
  }

  /// The five matrices with NaN for what is missing, by the names that they have in result files.
  package static let matrices:
    [(name: String, key: WritableKeyPath<RunRecord, [Float]> & Sendable)] = [
      ("test_accuracy_received", \.testAccuracyReceived),
      ("test_accuracy_trained", \.testAccuracyTrained),
      ("test_loss_received", \.testLossReceived),
      ("test_loss_trained", \.testLossTrained),
      ("train_loss", \.trainLoss),
    ]

  /// What is measured of the global model, axis (round), by the names that it has in result files.
  package static let commonTest:
    [(name: String, key: WritableKeyPath<RunRecord, [Float]> & Sendable)] = [
      ("common_test_accuracy", \.commonTestAccuracy),
      ("common_test_loss", \.commonTestLoss),
    ]

  /// The matrices of counts, by the names that they have in result files.
  package static let countMatrices:
    [(name: String, key: WritableKeyPath<RunRecord, [Int32]> & Sendable)] =
      [
        ("gradient_computations", \.gradientComputations),
        ("forward_samples", \.forwardSamples),
      ]

  /// What these matrices hold, in words for the attribute `long_name`.
  package static let longNames = [
    "test_accuracy_received":
      "share of the client's own test samples that are classified correctly by the model that its next local training would start from, after the round",
    "test_accuracy_trained":
      "share of the client's own test samples that are classified correctly by the client's model after its latest local training",
    "test_loss_received": "mean cross-entropy on the client's own test samples, received model",
    "test_loss_trained": "mean cross-entropy on the client's own test samples, trained model",
    "train_loss":
      "mean cross-entropy over the samples of the mini-batches of the round's local training, each batch before its step",
    "gradient_computations":
      "gradients of mini-batches that the client computed in the round, preparation of the received model included",
    "forward_samples":
      "samples of forward passes without a gradient that the client's training made in the round",
  ]

  /// Records what the round loop reports; `round` counts from 1.
  package mutating func enter(
    round: Int, participants: [Int], droppedOut: [Int] = [], trainLosses: [Float],
    traffic: [Traffic], work: [NetworkWork]
  ) {
    for client in droppedOut { self.droppedOut[place(round: round, client: client)] = true }
    for (client, loss) in zip(participants, trainLosses) {
      let place = place(round: round, client: client)
      trainLoss[place] = loss
      participated[place] = true
    }
    for (client, work) in zip(participants, work) {
      let place = place(round: round, client: client)
      gradientComputations[place] = Int32(clamping: work.gradients)
      forwardSamples[place] = Int32(clamping: work.evaluatedSamples)
    }
    uplinkBytes[round - 1] = traffic.reduce(0) { $0 + Double($1.uplink) }
    downlinkBytes[round - 1] = traffic.reduce(0) { $0 + Double($1.downlink) }
  }

  /// Enters an evaluation of the global model.
  package mutating func enter(_ common: Evaluation, round: Int) {
    commonTestAccuracy[round - 1] = common.accuracy
    commonTestLoss[round - 1] = common.loss
  }

  /// Records what was not finite in a round. A value that all clients share marks all participants.
  package mutating func enter(_ divergences: [Divergence], participants: [Int]) {
    for divergence in divergences {
      for client in divergence.client.map({ [$0] }) ?? participants
      where divergedRounds[client] == 0 {
        divergedRounds[client] = Int32(divergence.round)
      }
    }
  }

  /// Whether a value of any client was not finite in any round.
  public var hasDiverged: Bool { divergedRounds.contains { $0 > 0 } }

  /// The first round in which a value was not finite; nil if there was none.
  public var firstDivergedRound: Int? { divergedRounds.filter { $0 > 0 }.min().map(Int.init) }

  /// Enters an evaluation of some clients, axis of the test record (place in `clients`).
  package mutating func enter<Method>(
    _ test: Federation<Method>.TestRecord, of clients: [Int], round: Int
  ) {
    for (index, client) in clients.enumerated() {
      let place = place(round: round, client: client)
      testAccuracyReceived[place] = test.received[index].accuracy
      testAccuracyTrained[place] = test.trained[index].accuracy
      testLossReceived[place] = test.received[index].loss
      testLossTrained[place] = test.trained[index].loss
    }
  }

  /// Enters the correct test samples of each class, if it is time, and where it is recorded which classes the samples
  /// were taken for, that too.
  package mutating func enterClassCounts<Method>(
    _ test: Federation<Method>.TestRecord, of clients: [Int], _ data: FederatedData, round: Int,
    _ schedule: Schedule
  ) {
    guard lacksClassCounts(round, schedule) else { return }
    classCountRounds.append(Int32(round))
    func counts(_ evaluations: [Evaluation]) -> [Int32] {
      var rows = [[Int32]](
        repeating: [Int32](repeating: Self.notEvaluated, count: classCount), count: clientCount)
      for (client, evaluation) in zip(clients, evaluations) {
        rows[client] = evaluation.correctByClass
      }
      return rows.flatMap { $0 }
    }
    correctReceived += counts(test.received)
    correctTrained += counts(test.trained)
    let recorded = classCountRounds.count - 1
    confusion?.enter(test.received, \.received, of: clients, data, recorded: recorded)
    confusion?.enter(test.trained, \.trained, of: clients, data, recorded: recorded)
  }

  /// Whether a client was evaluated in a round whose classes were counted.
  /// - Parameter recorded: the round's place among `classCountRounds`.
  func hasClassCounts(of client: Int, recorded: Int) -> Bool {
    classCount > 0
      && correctReceived[(recorded * clientCount + client) * classCount] != Self.notEvaluated
  }

  /// The count of a class's correct samples of a client that was not evaluated.
  package static let notEvaluated: Int32 = -1

  /// Enters the aggregation weights and retained layers of every client, where the method has them, if it
  /// is time.
  package mutating func enterWeights<Method>(
    of federation: Federation<Method>, _ schedule: Schedule
  ) {
    let (round, server) = (federation.state.round, federation.state.server)
    guard schedule.recordsWeights(round), recordedRounds.last != Int32(round) else { return }
    guard let weighting = federation.method.weighting else { return }
    if let retention = federation.method.retention {
      for client in 0..<clientCount {
        retained += retention.retainedLayers(of: client, state: server)
      }
    }
    for client in 0..<clientCount {
      weights += weighting.aggregationWeights(of: client, state: server).joined()
    }
    recordedRounds.append(Int32(round))
  }

  /// Where a client stands in the matrices; `round` counts from 1.
  package func place(round: Int, client: Int) -> Int { (round - 1) * clientCount + client }

  /// The places of a round's clients in the matrices; `round` counts from 1.
  package func places(ofRound round: Int) -> Range<Int> {
    (round - 1) * clientCount..<round * clientCount
  }

  /// The mean of a matrix's row over the clients that have a value there; NaN if none has.
  public func meanOverClients(_ matrix: KeyPath<RunRecord, [Float]>, round: Int) -> Double {
    let values = self[keyPath: matrix][places(ofRound: round)].filter { !$0.isNaN }
    return values.reduce(0) { $0 + Double($1) } / Double(values.count)
  }

  /// The clients that were evaluated after a round, ascending.
  package func evaluatedClients(round: Int) -> [Int] {
    (0..<clientCount).filter { !testAccuracyReceived[place(round: round, client: $0)].isNaN }
  }

  /// The evaluated rounds, ascending.
  public var evaluatedRounds: [Int] {
    (1...max(roundCount, 1)).filter { isEvaluated($0) }
  }

  /// The last evaluated round, or nil.
  public var lastEvaluatedRound: Int? { (1...max(roundCount, 1)).last { isEvaluated($0) } }

  /// Whether any client was evaluated after a round.
  package func isEvaluated(_ round: Int) -> Bool {
    round <= roundCount
      && testAccuracyReceived[places(ofRound: round)].contains { !$0.isNaN }
  }

  /// The record of only the first rounds, as if the run had ended there.
  /// - Parameter count: rounds to keep, up to `roundCount`.
  func first(_ count: Int) -> RunRecord {
    var record = RunRecord(
      roundCount: count, clientCount: clientCount, layerCount: layerCount, classCount: classCount)
    let places = 0..<count * clientCount
    for (_, key) in Self.matrices { record[keyPath: key] = Array(self[keyPath: key][places]) }
    for (_, key) in Self.countMatrices { record[keyPath: key] = Array(self[keyPath: key][places]) }
    record.participated = Array(participated[places])
    record.droppedOut = Array(droppedOut[places])
    for (_, key) in Self.commonTest { record[keyPath: key] = Array(self[keyPath: key][..<count]) }
    record.uplinkBytes = Array(uplinkBytes[..<count])
    record.downlinkBytes = Array(downlinkBytes[..<count])
    record.recordedRounds = recordedRounds.filter { $0 <= count }
    let rows = weightRowCount(rounds: record.recordedRounds.count)
    record.weights = Array(weights.prefix(rows * clientCount))
    record.retained = Array(retained.prefix(rows))
    record.classCountRounds = classCountRounds.filter { $0 <= count }
    let counts = record.classCountRounds.count * clientCount * classCount
    record.correctReceived = Array(correctReceived.prefix(counts))
    record.correctTrained = Array(correctTrained.prefix(counts))
    record.confusion = confusion?.first(record.classCountRounds.count)
    record.divergedRounds = divergedRounds.map { $0 <= count ? $0 : 0 }
    return record
  }
}
