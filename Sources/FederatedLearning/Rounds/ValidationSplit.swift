import RandomStreams

/// A client's training samples, some of them set aside for validation, drawn once per run from the
/// stream (seed, validation split, client).
package struct ValidationSplit: Sendable, Equatable {
  /// Samples to train on, in their order.
  package let training: [Int32]
  /// Samples set aside, in their order.
  package let validation: [Int32]

  /// The number of samples that are set aside of `samples`: `share` · `samples`, rounded; for a positive share at
  /// least one, and at least one stays if there are two.
  package static func count(of samples: Int, share: Double) -> Int {
    guard share > 0, samples > 1 else { return 0 }
    return min(samples - 1, max(1, Int((share * Double(samples)).rounded())))
  }

  /// Sets that share of the samples aside.
  package init(of samples: [Int32], share: Double, seed: UInt64, client: Int) {
    let count = Self.count(of: samples.count, share: share)
    guard count > 0 else {
      training = samples
      validation = []
      return
    }
    var stream = RandomStream(seed: seed, purpose: .validationSplit, client: client)
    let chosen = Set(stream.shuffled(samples.indices).prefix(count))
    training = samples.indices.filter { !chosen.contains($0) }.map { samples[$0] }
    validation = samples.indices.filter { chosen.contains($0) }.map { samples[$0] }
  }
}
