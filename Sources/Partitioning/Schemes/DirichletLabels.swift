import RandomStreams

/// `dirichlet`: for each class, the clients' shares of its samples are one draw from a symmetric
/// Dirichlet distribution, so a small concentration gives each class to few clients.
///
/// Label-wise, as in Yurochkin et al., *Bayesian nonparametric federated learning of neural
/// networks*, ICML 2019, arXiv:1905.12022. The clients' sizes follow from the draw and differ.
/// Shares become whole numbers by largest remainders, so every sample of the pool is given away.
/// A draw that leaves a client with too few samples is repeated, ``maximumDraws`` times at most.
public struct DirichletLabels: PartitionScheme {
  /// The scheme's name in specifications and result files.
  public static let name = "dirichlet"

  /// After this many draws without success the scheme gives up.
  public static let maximumDraws = DirichletDraws.maximumDraws
  /// The default for the fewest samples that a client may have.
  public static let defaultMinimumSamplesPerClient = DirichletDraws.defaultMinimum

  private let draws: DirichletDraws

  /// The number of clients.
  public var clients: Int { draws.clients }
  /// The concentration α of the Dirichlet distribution, positive.
  public var concentration: Double { draws.concentration }
  /// The fewest samples that a client may hold, train and test together.
  public var minimumSamplesPerClient: Int { draws.minimumSamplesPerClient }
  /// If given, only `clients` × `samplesPerClient` samples are given away, drawn at random with
  /// the classes in the proportions of the dataset; nil gives all away.
  public var samplesPerClient: Int? { draws.samplesPerClient }

  /// Dirichlet shares. Throws at values that no dataset can meet.
  public init(
    clients: Int, concentration: Double,
    minimumSamplesPerClient: Int = defaultMinimumSamplesPerClient, samplesPerClient: Int? = nil
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

  /// Every client's samples, [client][sample]. Throws if there are too few samples, or no draw gave
  /// every client the minimum.
  public func allocate(
    _ pool: SamplePool, using stream: inout RandomStream
  ) throws(PartitionError) -> [[Int32]] {
    let counts = try draws.counts(of: pool)
    let shares = try draws.drawShares(total: counts.reduce(0, +), using: &stream) { stream in
      counts.map { count in
        largestRemainderShares(of: count, weights: draws.weights(clients, using: &stream))
      }
    }
    return pool.shared(shares, using: &stream)
  }
}
