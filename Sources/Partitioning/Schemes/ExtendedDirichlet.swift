import RandomStreams

/// `extended-dirichlet`: a client holds few classes, and how much of each is drawn from a Dirichlet distribution.
///
/// In two steps, as in Li, Lyu, *Convergence Analysis of Sequential Federated Learning on Heterogeneous Data*,
/// NeurIPS 2023, arXiv:2311.03154, "extended Dirichlet strategy": first every client is given `classes_per_client`
/// classes at random, so that every class is held by as equal a number of clients as possible; then the samples of
/// each class are shared among the clients that hold it by one draw from a symmetric Dirichlet distribution over
/// them. Shares become whole numbers by largest remainders; a client may get nothing of one of its classes. A class
/// that no client holds, since there are fewer places than classes, is not used.
///
/// A draw that leaves a client with too few samples is repeated with the same classes, at most 100 times.
public struct ExtendedDirichlet: PartitionScheme {
  /// The scheme's name in specifications and result files.
  public static let name = "extended-dirichlet"

  private let draws: DirichletDraws
  /// The most classes of a client.
  public let classesPerClient: Int

  /// Few classes in Dirichlet shares. Throws at values that no dataset can meet.
  /// - Parameters:
  ///   - clients: The number of clients.
  ///   - classesPerClient: Classes that each client is given.
  ///   - concentration: α, positive.
  ///   - minimumSamplesPerClient: The fewest samples that a client may hold, train and test together.
  ///   - samplesPerClient: The mean over clients; nil gives all samples of the classes away.
  public init(
    clients: Int, classesPerClient: Int, concentration: Double,
    minimumSamplesPerClient: Int = DirichletLabels.defaultMinimumSamplesPerClient,
    samplesPerClient: Int? = nil
  ) throws(PartitionError) {
    try self.init(
      DirichletDraws(
        clients: clients, concentration: concentration,
        minimumSamplesPerClient: minimumSamplesPerClient, samplesPerClient: samplesPerClient),
      classesPerClient)
  }

  private init(_ draws: DirichletDraws, _ classesPerClient: Int) throws(PartitionError) {
    try SchemeCheck.classesPerClient(classesPerClient)
    self.draws = draws
    self.classesPerClient = classesPerClient
  }

  /// Reads `clients`, `classes_per_client`, `concentration` and, where they are there,
  /// `minimum_samples_per_client` and `samples_per_client`.
  public init(reading settings: inout PartitionSettingReader) throws(PartitionError) {
    try self.init(
      try DirichletDraws(reading: &settings), try settings.requiredInteger("classes_per_client"))
  }

  /// Those of `dirichlet`, then `classes_per_client`.
  public var settings: [PartitionSetting] {
    draws.settings + [PartitionSetting("classes_per_client", "\(classesPerClient)")]
  }

  /// Every client's samples, [client][sample]. Throws if there are too few classes or samples, or no draw gave
  /// every client the minimum.
  public func allocate(
    _ pool: SamplePool, using stream: inout RandomStream
  ) throws(PartitionError) -> [[Int32]] {
    try SchemeCheck.classesPerClient(classesPerClient, among: pool.classCount)
    // Before work in proportion to the number of clients.
    try draws.requireMinimum(total: pool.count)
    let classes = balancedClassChoice(
      clients: draws.clients, classesPerClient: classesPerClient, classCount: pool.classCount,
      using: &stream)
    var holders = [[Int]](repeating: [], count: pool.classCount)
    for (client, list) in classes.enumerated() {
      for index in list { holders[index].append(client) }
    }
    let counts = try counts(of: pool, holders: holders)
    let shares = try draws.drawShares(total: counts.reduce(0, +), using: &stream) { stream in
      zip(counts, holders).map { count, clients in
        var row = [Int](repeating: 0, count: draws.clients)
        guard !clients.isEmpty else { return row }
        let own = largestRemainderShares(
          of: count, weights: draws.weights(clients.count, using: &stream))
        for (client, share) in zip(clients, own) { row[client] = share }
        return row
      }
    }
    return pool.shared(shares, using: &stream)
  }

  /// The samples to give away of each class, [class]: of those that are held, in their proportions.
  private func counts(of pool: SamplePool, holders: [[Int]]) throws(PartitionError) -> [Int] {
    let held = zip(pool.counts, holders).map { $1.isEmpty ? 0 : $0 }
    let available = held.reduce(0, +)
    guard let samplesPerClient = draws.samplesPerClient, available > 0 else { return held }
    let (needed, overflow) = draws.clients.multipliedReportingOverflow(by: samplesPerClient)
    guard !overflow, needed <= available else {
      throw PartitionError(
        key: "samples_per_client",
        "\(draws.clients) clients with \(samplesPerClient) samples each need more than the \(available) samples of "
          + "the classes that they hold; the largest value that fits is \(available / draws.clients)"
      )
    }
    return largestRemainderShares(of: needed, weights: held.map(Double.init))
  }
}
