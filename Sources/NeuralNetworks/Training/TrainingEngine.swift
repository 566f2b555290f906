/// What the federation needs from a machine: running the work of many clients, each on a live network.
///
/// Another engine (a GPU, another numerical library) can serve the federation by conforming.
public protocol TrainingEngine: Sendable {
  /// Where parameters stand in the flat vectors.
  var layout: ParameterLayout { get }
  /// Values of one input image.
  var inputSize: Int { get }

  /// How many pieces of work run side by side.
  var workerCount: Int { get }

  /// Runs `body` once for each of `count` pieces of work that need no network. They may run side by
  /// side, so no result may depend on the others. Throws the error of the lowest failing piece.
  func inParallel(_ count: Int, _ body: @escaping @Sendable (_ piece: Int) throws -> Void) throws

  /// Runs `body` once for each of `count` clients. Clients may run side by side, each on a network
  /// that nothing else uses at the same time and whose parameters are initially undefined; the result of one
  /// client must not depend on the others. Throws the error of the lowest failing client, and `WorkStopped`
  /// between two mini-batches once `shouldStop` holds.
  func forEachClient(
    _ count: Int, unless shouldStop: StopCondition?,
    _ body: @escaping @Sendable (_ client: Int, _ network: any LocalNetwork) throws -> Void) throws
}

extension TrainingEngine {
  /// Runs `body` once for each of `count` clients, to the end.
  public func forEachClient(
    _ count: Int,
    _ body: @escaping @Sendable (_ client: Int, _ network: any LocalNetwork) throws -> Void
  ) throws {
    try forEachClient(count, unless: nil, body)
  }
}

/// Whether work is to end before it is done; asked often and by every worker.
public typealias StopCondition = @Sendable () -> Bool

/// Thrown by work that ended because its `StopCondition` held; what it had done is lost.
public struct WorkStopped: Error {
  /// The error.
  public init() {}
}

/// The engine on the processor's cores: one worker thread per core, one client per worker at a time,
/// one live network per worker.
public final class ProcessorTrainingEngine: TrainingEngine {
  private let pool: WorkerPool
  private let plans: NetworkPlans
  private let slots: [Slot]

  /// One worker's network; only that worker's thread touches it.
  private final class Slot: @unchecked Sendable {
    var network: Network?
  }

  /// Plans the architecture and starts the workers. Throws `OneDNNError` or `ArchitectureError`, and
  /// `WorkerPool.StartError` if there is no memory for the threads.
  public convenience init(architecture: Architecture, batchSize: Int, workerCount: Int) throws {
    try self.init(
      architecture: architecture, batchSize: batchSize, workerCount: workerCount, kernels: .fastest)
  }

  /// The same with a choice of kernels, for benchmarks that compare them.
  package init(
    architecture: Architecture, batchSize: Int, workerCount: Int, kernels: KernelChoice
  ) throws {
    plans = try NetworkPlans(
      architecture: architecture, batchSize: batchSize, kernels: kernels)
    pool = try WorkerPool(workerCount: workerCount)
    slots = (0..<pool.workerCount).map { _ in Slot() }
  }

  /// Where parameters stand in the flat vectors.
  public var layout: ParameterLayout { plans.layout }
  /// Values of one input image.
  public var inputSize: Int { plans.architecture.inputSize }

  /// The threads that clients are worked on by.
  public var workerCount: Int { pool.workerCount }

  /// Runs `body` for every piece on the workers.
  public func inParallel(
    _ count: Int, _ body: @escaping @Sendable (_ piece: Int) throws -> Void
  ) throws {
    try pool.run(count: count) { piece, _ in try body(piece) }
  }

  /// Runs `body` for every client on the workers.
  public func forEachClient(
    _ count: Int, unless shouldStop: StopCondition?,
    _ body: @escaping @Sendable (_ client: Int, _ network: any LocalNetwork) throws -> Void
  ) throws {
    try pool.run(count: count) { [plans, slots] index, worker in
      let slot = slots[worker]
      let network = try slot.network ?? Network(plans: plans)
      slot.network = network
      network.shouldStop = shouldStop
      try network.checkStop()
      try body(index, network)
    }
  }
}
