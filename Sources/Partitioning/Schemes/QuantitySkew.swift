import RandomStreams

/// `quantity-skew`: the clients' sizes are one draw from a symmetric Dirichlet distribution over the clients, and
/// every client's samples are drawn at random from all classes.
///
/// A small concentration β gives most samples to few clients. As in Li, Diao, Chen, He, *Federated Learning on
/// Non-IID Data Silos: An Experimental Study* (NIID-Bench), ICDE 2022, arXiv:2102.02079, "quantity skew". Sizes
/// become whole numbers by largest remainders, so every sample is given away. A draw that leaves a client with too
/// few samples is repeated, at most 100 times.
public struct QuantitySkew: PartitionScheme {
  /// The scheme's name in specifications and result files.
  public static let name = "quantity-skew"

  private let draws: DirichletDraws

  /// Random sizes. Throws at values that no dataset can meet.
  /// - Parameters:
  ///   - clients: The number of clients.
  ///   - concentration: β, positive.
  ///   - minimumSamplesPerClient: The fewest samples that a client may hold, train and test together.
  ///   - samplesPerClient: The mean over clients; nil gives all samples away.
  public init(
    clients: Int, concentration: Double,
    minimumSamplesPerClient: Int = DirichletLabels.defaultMinimumSamplesPerClient,
    samplesPerClient: Int? = nil
  ) throws(PartitionError) {
    draws = try DirichletDraws(
      clients: clients, concentration: concentration,
      minimumSamplesPerClient: minimumSamplesPerClient, samplesPerClient: samplesPerClient)
  }

  /// Reads `clients`, `concentration` and, where they are there, `minimum_samples_per_client` and
  /// `samples_per_client`.
  public init(reading settings: inout PartitionSettingReader) throws(PartitionError) {
    draws = try DirichletDraws(reading: &settings)
  }

  /// `clients`, `samples_per_client` where given, `concentration`, `minimum_samples_per_client`.
  public var settings: [PartitionSetting] { draws.settings }

  /// Every client's samples, [client][sample]. Throws if there are too few samples, or no draw gave every client
  /// the minimum.
  public func allocate(
    _ pool: SamplePool, using stream: inout RandomStream
  ) throws(PartitionError) -> [[Int32]] {
    let total = try draws.counts(of: pool).reduce(0, +)
    let sizes = try draws.drawShares(total: total, using: &stream) { stream in
      [largestRemainderShares(of: total, weights: draws.weights(draws.clients, using: &stream))]
    }
    let samples = stream.shuffled(pool.samples.joined())
    var start = 0
    return (sizes.first ?? []).map { size in
      defer { start += size }
      return Array(samples[start..<start + size])
    }
  }
}
