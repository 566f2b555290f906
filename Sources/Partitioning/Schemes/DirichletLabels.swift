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
  public static let maximumDraws = 100
  /// The default for the fewest samples that a client may have.
  public static let defaultMinimumSamplesPerClient = 10

  /// The number of clients.
  public let clients: Int
  /// The concentration α of the Dirichlet distribution, positive.
  public let concentration: Double
  /// The fewest samples that a client may hold, train and test together.
  public let minimumSamplesPerClient: Int
  /// If given, only `clients` × `samplesPerClient` samples are given away, drawn at random with
  /// the classes in the proportions of the dataset; nil gives all away.
  public let samplesPerClient: Int?

  /// Dirichlet shares. Throws at values that no dataset can meet.
  public init(
    clients: Int, concentration: Double,
    minimumSamplesPerClient: Int = defaultMinimumSamplesPerClient, samplesPerClient: Int? = nil
  ) throws(PartitionError) {
    try SchemeCheck.clients(clients)
    // The upper bound keeps sums of gamma draws finite; far below it all shares are equal already.
    guard concentration > 0, concentration <= 1e9 else {
      throw PartitionError(
        key: "concentration", "found \(concentration), expected a number above 0, at most 1e9")
    }
    guard minimumSamplesPerClient >= 2 else {
      throw PartitionError(
        key: "minimum_samples_per_client",
        "found \(minimumSamplesPerClient), expected at least 2 (one for training and one for testing)"
      )
    }
    if let samplesPerClient {
      try SchemeCheck.samplesPerClient(samplesPerClient)
      guard minimumSamplesPerClient <= samplesPerClient else {
        throw PartitionError(
          key: "minimum_samples_per_client",
          "found \(minimumSamplesPerClient), expected at most partition.samples_per_client "
            + "(\(samplesPerClient)), the mean over clients")
      }
    }
    self.clients = clients
    self.concentration = concentration
    self.minimumSamplesPerClient = minimumSamplesPerClient
    self.samplesPerClient = samplesPerClient
  }

  /// Reads `clients`, `concentration` and, where they are there, `minimum_samples_per_client` and
  /// `samples_per_client`.
  public init(reading settings: inout PartitionSettingReader) throws(PartitionError) {
    try self.init(
      clients: try settings.requiredInteger("clients"),
      concentration: try settings.requiredNumber("concentration"),
      minimumSamplesPerClient: try settings.integer("minimum_samples_per_client")
        ?? Self.defaultMinimumSamplesPerClient,
      samplesPerClient: try settings.integer("samples_per_client"))
  }

  /// `clients`, `samples_per_client` where given, `concentration`, `minimum_samples_per_client`.
  public var settings: [PartitionSetting] {
    var settings = [PartitionSetting("clients", "\(clients)")]
    if let samplesPerClient {
      settings.append(PartitionSetting("samples_per_client", "\(samplesPerClient)"))
    }
    settings.append(PartitionSetting("concentration", "\(concentration)"))
    settings.append(PartitionSetting("minimum_samples_per_client", "\(minimumSamplesPerClient)"))
    return settings
  }

  /// Every client's samples, [client][sample]. Throws if there are too few samples, or no draw gave
  /// every client the minimum.
  public func allocate(
    _ pool: SamplePool, using stream: inout RandomStream
  ) throws(PartitionError) -> [[Int32]] {
    var counts = pool.counts
    if let samplesPerClient {
      try SchemeCheck.total(clients: clients, samplesPerClient: samplesPerClient, pool: pool)
      counts = largestRemainderShares(
        of: clients * samplesPerClient, weights: counts.map(Double.init))
    }
    let total = counts.reduce(0, +)
    guard minimumSamplesPerClient <= total / clients else {
      throw PartitionError(
        key: "minimum_samples_per_client",
        "\(clients) clients with at least \(minimumSamplesPerClient) samples need more than the "
          + "\(total) available samples; lower it or use fewer clients")
    }
    let shares = try drawShares(counts: counts, using: &stream)
    var pool = pool
    pool.shuffle(using: &stream)
    return (0..<clients).map { client in
      counts.indices.flatMap { pool.take(shares[$0][client], ofClass: $0) }
    }
  }

  /// The samples of each class for each client, [class][client].
  private func drawShares(
    counts: [Int], using stream: inout RandomStream
  ) throws(PartitionError) -> [[Int]] {
    var best = 0
    for _ in 0..<Self.maximumDraws {
      let shares = counts.map { count in
        largestRemainderShares(
          of: count, weights: stream.dirichlet(concentration: concentration, count: clients))
      }
      let smallest = (0..<clients).map { client in shares.reduce(0) { $0 + $1[client] } }.min() ?? 0
      if smallest >= minimumSamplesPerClient { return shares }
      best = max(best, smallest)
    }
    throw PartitionError(
      key: "minimum_samples_per_client",
      "none of \(Self.maximumDraws) draws gave every client \(minimumSamplesPerClient) samples; "
        + "the best left a client with \(best); lower it, raise partition.concentration "
        + "(\(concentration)) or use fewer clients")
  }
}
