import FederatedLearning
import Foundation
import NeuralNetworks

/// How long a cell will take here and how much memory, from a probe: one round of one participant and
/// one evaluation of one client, on this machine and the cell's data.
public struct SweepEstimate: Sendable {
  /// Seconds of the whole cell.
  public let seconds: Double
  /// Bytes of the state and of the recorded aggregation weights, in memory and in a file that is made
  /// there, and of the dataset.
  public let bytes: Double

  /// What makes two cells take the same time: everything but the seed.
  static func key(_ specification: RunSpecification) -> String {
    specification.identity.filter { !["seed", "partition.seed"].contains($0.key) }
      .map { "\($0.key)=\($0.value)" }.joined(separator: " ")
  }

  /// Times a first round of a cell. Throws what its run would throw at the start.
  public init(_ preparation: RunPreparation, workerCount: Int) throws {
    guard let type = MethodRegistry.method(named: preparation.specification.method) else {
      throw SpecificationError("method: \(preparation.specification.method) is not registered")
    }
    self = try Self.probe(type, preparation, workerCount)
  }

  private init(seconds: Double, bytes: Double) {
    self.seconds = seconds
    self.bytes = bytes
  }

  private static func probe<Method: FederatedMethod>(
    _ type: Method.Type, _ preparation: RunPreparation, _ workerCount: Int
  ) throws -> SweepEstimate {
    let specification = preparation.specification
    let clients = preparation.data.clientCount
    let engine = try ProcessorTrainingEngine(
      architecture: preparation.architecture, batchSize: specification.batchSize, workerCount: 1)
    func method(localEpochs: Int) throws -> Method {
      try Method(
        options: specification.methodOptions,
        setting: preparation.setting(localEpochs: localEpochs, participation: 1 / Double(clients)))
    }
    func federation(localEpochs: Int) throws -> Federation<Method> {
      try Federation(
        method: method(localEpochs: localEpochs), data: preparation.data, engine: engine)
    }
    let need = MemoryNeed(
      of: try method(localEpochs: specification.localEpochs), preparation, workerCount: workerCount)
    try need.requireFits()
    func batchCount(_ federation: Federation<Method>) -> Double {
      Double(federation.trainingBatches(round: 1, client: 0).reduce(0) { $0 + $1.batches.count })
    }
    let whole = try federation(localEpochs: specification.localEpochs)
    // Two passes are enough to measure, where the method can train for so few.
    var probe = (try? federation(localEpochs: min(2, specification.localEpochs))) ?? whole
    func time(_ work: () throws -> Void) rethrows -> Double {
      let start = ContinuousClock.now
      try work()
      return (ContinuousClock.now - start).seconds
    }
    // The first round also makes plans.
    _ = try probe.runRound()
    let round = try time { _ = try probe.runRound() }
    let evaluation = try time { _ = try probe.evaluate([0]) }

    let participants = Double(
      Participation.count(share: specification.participation, clientCount: clients))
    let perParticipant = round * batchCount(whole) / max(batchCount(probe), 1)
    let evaluations = (Double(specification.rounds) / Double(specification.evaluateEvery))
      .rounded(.up)
    let evaluated = Double(preparation.evaluatedClients.count)
    let parallel = Double(min(workerCount, max(1, Int(participants))))
    let rows = (participants / parallel).rounded(.up)
    return SweepEstimate(
      seconds: Double(specification.rounds) * perParticipant * rows
        + evaluations * evaluation * evaluated / min(Double(workerCount), evaluated),
      bytes: 2.5 * need.stateBytes
        + Double(preparation.dataset.pixels.count) + 100e6)
  }
}

/// Estimates cells, probing each kind of cell once.
public struct SweepEstimator {
  private let datasetsFolder: String
  private let workerCount: Int

  /// For cells on datasets in a folder.
  public init(datasetsFolder: String, workerCount: Int) {
    self.datasetsFolder = datasetsFolder
    self.workerCount = workerCount
  }

  /// An estimate of each cell, or why it cannot run.
  public func estimates(_ cells: [SweepCell]) -> [Result<SweepEstimate, any Error>] {
    var images = ImportedImages(folder: datasetsFolder)
    var known: [String: Result<SweepEstimate, any Error>] = [:]
    return cells.map { cell in
      let key = SweepEstimate.key(cell.specification)
      if let known = known[key] { return known }
      let estimate = Result {
        try SweepEstimate(
          RunPreparation(cell.specification, dataset: images.dataset(of: cell.specification)),
          workerCount: workerCount)
      }
      known[key] = estimate
      return estimate
    }
  }
}
