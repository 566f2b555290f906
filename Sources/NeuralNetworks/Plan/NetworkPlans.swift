import Support

/// Whose convolutions and fully connected layers a network runs.
package enum KernelChoice: String, Sendable, CaseIterable {
  /// Ours where they suit the layer and the processor, with its widest vectors, otherwise oneDNN's.
  case fastest
  /// The same with vectors of 256 bits at most, which give the same bits.
  case narrow
  /// oneDNN's, which are slower and the reference for ours.
  case library
}

/// The training and evaluation plans of one architecture, made on demand and shared by all workers.
public final class NetworkPlans: Sendable {
  /// The architecture that the plans run.
  public let architecture: Architecture
  /// The layout of its parameters in the flat vector.
  public let layout: ParameterLayout
  /// Samples of a full training batch. Parameters are stored as this batch size prefers.
  public let batchSize: Int

  private struct Key: Hashable {
    let batchSize: Int
    let training: Bool
  }

  private let kernels: KernelChoice
  private let primary: Plan
  private let others = Guarded<[Key: Plan]>([:])

  /// Plans the full training batch. Throws `OneDNNError` if the library cannot run the
  /// architecture, and `ArchitectureError` for a batch size below one.
  public convenience init(architecture: Architecture, batchSize: Int) throws {
    try self.init(architecture: architecture, batchSize: batchSize, kernels: .fastest)
  }

  /// The same with a choice of kernels, for tests and benchmarks that compare them.
  package init(architecture: Architecture, batchSize: Int, kernels: KernelChoice) throws {
    guard batchSize > 0 else {
      throw ArchitectureError(reason: "a batch of \(batchSize) samples, expected at least 1")
    }
    self.architecture = architecture
    self.batchSize = batchSize
    self.kernels = kernels
    layout = ParameterLayout(architecture)
    var builder = try PlanBuilder(
      architecture: architecture, layout: layout, batchSize: batchSize, training: true,
      kernels: kernels, formats: nil)
    primary = try OneDNN.onOneThread { try builder.build() }
  }

  var parameterFormats: ParameterFormats { primary.parameterFormats }

  func plan(batchSize: Int, training: Bool) throws -> Plan {
    if training, batchSize == self.batchSize { return primary }
    let key = Key(batchSize: batchSize, training: training)
    return try others.withLock { plans in
      if let plan = plans[key] { return plan }
      var builder = try PlanBuilder(
        architecture: architecture, layout: layout, batchSize: batchSize, training: training,
        kernels: kernels, formats: primary.parameterFormats)
      let plan = try OneDNN.onOneThread { try builder.build() }
      plans[key] = plan
      return plan
    }
  }
}
