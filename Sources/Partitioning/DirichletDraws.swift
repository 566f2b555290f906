import RandomStreams

/// What the schemes that draw from symmetric Dirichlet distributions share: four settings, and drawing again
/// where a client gets too few samples.
struct DirichletDraws: Sendable {
  /// After this many draws without success a scheme gives up.
  static let maximumDraws = 100
  /// The default for the fewest samples that a client may have.
  static let defaultMinimum = 10

  /// The number of clients.
  let clients: Int
  /// The concentration of the Dirichlet distribution, positive.
  let concentration: Double
  /// The fewest samples that a client may hold, train and test together.
  let minimumSamplesPerClient: Int
  /// If given, only `clients` × `samplesPerClient` samples are given away; nil gives all away.
  let samplesPerClient: Int?

  /// Throws at values that no dataset can meet.
  init(
    clients: Int, concentration: Double, minimumSamplesPerClient: Int, samplesPerClient: Int?
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
  init(reading settings: inout PartitionSettingReader) throws(PartitionError) {
    try self.init(
      clients: try settings.requiredInteger("clients"),
      concentration: try settings.requiredNumber("concentration"),
      minimumSamplesPerClient: try settings.integer("minimum_samples_per_client")
        ?? Self.defaultMinimum,
      samplesPerClient: try settings.integer("samples_per_client"))
  }

  /// `clients`, `samples_per_client` where given, `concentration`, `minimum_samples_per_client`.
  var settings: [PartitionSetting] {
    var settings = [PartitionSetting("clients", "\(clients)")]
    if let samplesPerClient {
      settings.append(PartitionSetting("samples_per_client", "\(samplesPerClient)"))
    }
    settings.append(PartitionSetting("concentration", "\(concentration)"))
    settings.append(PartitionSetting("minimum_samples_per_client", "\(minimumSamplesPerClient)"))
    return settings
  }

  /// The samples to give away of each class, [class], in the proportions of the pool; all of them without
  /// `samples_per_client`. Throws if there are too few.
  func counts(of pool: SamplePool) throws(PartitionError) -> [Int] {
    guard let samplesPerClient else { return pool.counts }
    try SchemeCheck.total(clients: clients, samplesPerClient: samplesPerClient, pool: pool)
    return largestRemainderShares(
      of: clients * samplesPerClient, weights: pool.counts.map(Double.init))
  }

  /// Throws if so many samples are too few for the minimum of every client.
  func requireMinimum(total: Int) throws(PartitionError) {
    guard minimumSamplesPerClient > total / clients else { return }
    throw PartitionError(
      key: "minimum_samples_per_client",
      "\(clients) clients with at least \(minimumSamplesPerClient) samples need more than the "
        + "\(total) available samples; lower it or use fewer clients")
  }

  /// A symmetric draw of shares over `count` categories.
  func weights(_ count: Int, using stream: inout RandomStream) -> [Double] {
    stream.dirichlet(concentration: concentration, count: count)
  }

  /// Draws until every client has enough samples.
  ///
  /// - Parameters:
  ///   - total: The samples of all clients together.
  ///   - body: One draw: the clients' samples in rows, such as one a class: [row][client].
  /// - Throws: ``PartitionError`` if there are too few samples, or after ``maximumDraws`` draws.
  func drawShares(
    total: Int, using stream: inout RandomStream, _ body: (inout RandomStream) -> [[Int]]
  ) throws(PartitionError) -> [[Int]] {
    try requireMinimum(total: total)
    var best = 0
    for _ in 0..<Self.maximumDraws {
      let shares = body(&stream)
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
