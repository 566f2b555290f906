import RandomStreams

/// `capped-dirichlet`: `dirichlet` in which no client holds more than a stated number of samples.
///
/// For each class, the clients' shares of its samples are one draw from a symmetric Dirichlet distribution. The
/// classes are then given away in a random order. A client whose share is more than it has room for is filled up,
/// and what is left of the class goes to the others in proportion to their shares. If the cap is the mean over
/// clients, all clients have the same number of samples. Other programs cap too: in those of FedMA (Wang et al.,
/// ICLR 2020, arXiv:2002.06440) and NIID-Bench (arXiv:2102.02079) a client with the mean number of samples gets
/// nothing of the classes that follow. Here the cap is exact.
///
/// A draw that leaves a client with too few samples is repeated, at most 100 times.
public struct CappedDirichlet: PartitionScheme {
  /// The scheme's name in specifications and result files.
  public static let name = "capped-dirichlet"

  private let draws: DirichletDraws
  /// The most samples that a client may hold, train and test together.
  public let maximumSamplesPerClient: Int

  /// Dirichlet shares under a cap. Throws at values that no dataset can meet.
  /// - Parameters:
  ///   - clients: The number of clients.
  ///   - concentration: α, positive.
  ///   - maximumSamplesPerClient: The cap.
  ///   - minimumSamplesPerClient: The fewest samples that a client may hold, train and test together.
  ///   - samplesPerClient: The mean over clients; nil gives all samples away. If it is the cap, all are equal.
  public init(
    clients: Int, concentration: Double, maximumSamplesPerClient: Int,
    minimumSamplesPerClient: Int = DirichletLabels.defaultMinimumSamplesPerClient,
    samplesPerClient: Int? = nil
  ) throws(PartitionError) {
    try self.init(
      DirichletDraws(
        clients: clients, concentration: concentration,
        minimumSamplesPerClient: minimumSamplesPerClient, samplesPerClient: samplesPerClient),
      maximumSamplesPerClient)
  }

  private init(_ draws: DirichletDraws, _ maximum: Int) throws(PartitionError) {
    let (least, key) =
      draws.samplesPerClient.map { ($0, "partition.samples_per_client") }
      ?? (draws.minimumSamplesPerClient, "partition.minimum_samples_per_client")
    guard maximum >= least else {
      throw PartitionError(
        key: "maximum_samples_per_client", "found \(maximum), expected at least \(key) (\(least))")
    }
    self.draws = draws
    maximumSamplesPerClient = maximum
  }

  /// Reads `clients`, `concentration`, `maximum_samples_per_client` and, where they are there,
  /// `minimum_samples_per_client` and `samples_per_client`.
  public init(reading settings: inout PartitionSettingReader) throws(PartitionError) {
    try self.init(
      try DirichletDraws(reading: &settings),
      try settings.requiredInteger("maximum_samples_per_client"))
  }

  /// Those of `dirichlet`, then `maximum_samples_per_client`.
  public var settings: [PartitionSetting] {
    draws.settings + [
      PartitionSetting("maximum_samples_per_client", "\(maximumSamplesPerClient)")
    ]
  }

  /// Every client's samples, [client][sample]. Throws if there are too few samples, or more than the clients have
  /// room for, or no draw gave every client the minimum.
  public func allocate(
    _ pool: SamplePool, using stream: inout RandomStream
  ) throws(PartitionError) -> [[Int32]] {
    let counts = try draws.counts(of: pool)
    let total = counts.reduce(0, +)
    let (room, overflow) = draws.clients.multipliedReportingOverflow(by: maximumSamplesPerClient)
    guard overflow || room >= total else {
      throw PartitionError(
        key: "maximum_samples_per_client",
        "\(draws.clients) clients with at most \(maximumSamplesPerClient) samples have no room for all \(total) "
          + "samples; raise it to at least \((total - 1) / draws.clients + 1), or give samples_per_client, the mean "
          + "over clients")
    }
    let shares = try draws.drawShares(total: total, using: &stream) { stream in
      let weights = counts.map { _ in draws.weights(draws.clients, using: &stream) }
      // A larger cap changes nothing, and its sum over clients might be beyond an integer's range.
      var room = [Int](repeating: min(maximumSamplesPerClient, total), count: draws.clients)
      var shares = [[Int]](repeating: [], count: counts.count)
      // In a fixed order the last classes would always be those that fill up whoever has room.
      for index in stream.shuffled(counts.indices) {
        shares[index] = cappedShares(of: counts[index], weights: weights[index], room: room)
        for (client, share) in shares[index].enumerated() { room[client] -= share }
      }
      return shares
    }
    return pool.shared(shares, using: &stream)
  }
}

/// Shares `total` equal items in proportion to `weights`, but nobody gets more than there is `room` for: those whose
/// share would be more are filled up, and the rest is shared among the others in proportion to their weights, and
/// so on. Fractions become whole numbers by largest remainders. Where nobody with room has a weight, the room is
/// the weight.
///
/// `weights` must not be negative, and the room must be enough.
package func cappedShares(of total: Int, weights: [Double], room: [Int]) -> [Int] {
  precondition(room.reduce(0, +) >= total, "there must be room for all")
  var shares = [Int](repeating: 0, count: weights.count)
  var left = total
  var open = weights.indices.filter { room[$0] > 0 }
  while left > 0 {
    var own = open.map { weights[$0] }
    if own.reduce(0, +) <= 0 { own = open.map { Double(room[$0]) } }
    let sum = own.reduce(0, +)
    let full = zip(open, own).filter { Double(left) * $1 / sum >= Double(room[$0]) }.map(\.0)
    guard !full.isEmpty else {
      // Every quota is below the room, a whole number, so that no rounded share is above it.
      for (index, share) in zip(open, largestRemainderShares(of: left, weights: own)) {
        shares[index] = share
      }
      return shares
    }
    for index in full {
      shares[index] = room[index]
      left -= room[index]
    }
    open.removeAll { shares[$0] == room[$0] }
  }
  return shares
}
