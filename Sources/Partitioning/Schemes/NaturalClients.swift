import RandomStreams

/// `natural`: a client for each of those whom the samples came from, with all the samples of that one, where the
/// dataset's files say so: LEAF's users, for example.
///
/// Clients are numbered in the order of the files. Those with too few samples are left out. Nothing is drawn but the
/// split of each client into training and test samples.
public struct NaturalClients: PartitionScheme {
  /// The scheme's name in specifications and result files.
  public static let name = "natural"
  /// The default for the fewest samples that a client may have.
  public static let defaultMinimumSamplesPerClient = 10

  /// The number of clients, the first ones; nil for all.
  public let clients: Int?
  /// The fewest samples of a client, train and test together.
  public let minimumSamplesPerClient: Int

  /// Clients as the dataset has them. Throws at values that no dataset can meet.
  public init(
    clients: Int? = nil, minimumSamplesPerClient: Int = defaultMinimumSamplesPerClient
  ) throws(PartitionError) {
    if let clients { try SchemeCheck.clients(clients) }
    guard minimumSamplesPerClient >= 2 else {
      throw PartitionError(
        key: "minimum_samples_per_client",
        "found \(minimumSamplesPerClient), expected at least 2 (one for training and one for testing)"
      )
    }
    self.clients = clients
    self.minimumSamplesPerClient = minimumSamplesPerClient
  }

  /// Reads `clients` and `minimum_samples_per_client` where they are there.
  public init(reading settings: inout PartitionSettingReader) throws(PartitionError) {
    let isAll = settings.value("clients") == .text("all")
    try self.init(
      clients: isAll ? nil : try settings.integer("clients"),
      minimumSamplesPerClient: try settings.integer("minimum_samples_per_client")
        ?? Self.defaultMinimumSamplesPerClient)
  }

  /// `clients` (`all` for nil), `minimum_samples_per_client`.
  public var settings: [PartitionSetting] {
    [
      PartitionSetting("clients", clients.map { "\($0)" } ?? "all"),
      PartitionSetting("minimum_samples_per_client", "\(minimumSamplesPerClient)"),
    ]
  }

  /// Every client's samples, [client][sample], ascending. Throws if the dataset does not say whose its samples are, or
  /// too few have the minimum.
  public func allocate(
    _ pool: SamplePool, using stream: inout RandomStream
  ) throws(PartitionError) -> [[Int32]] {
    guard !pool.samplesOfOwners.isEmpty else {
      throw PartitionError(
        key: "scheme",
        "found natural, but the dataset does not say whose its samples are; expected LEAF's JSON files, or an array users "
          + "beside images (see Documentation/datasets.md)")
    }
    let large = pool.samplesOfOwners.filter { $0.count >= minimumSamplesPerClient }
    guard let clients else {
      guard !large.isEmpty else {
        throw PartitionError(
          key: "minimum_samples_per_client",
          "found \(minimumSamplesPerClient), which none of \(pool.samplesOfOwners.count) users has")
      }
      return large
    }
    guard clients <= large.count else {
      throw PartitionError(
        key: "clients",
        "found \(clients), expected at most \(large.count), the users with at least \(minimumSamplesPerClient) samples "
          + "(of \(pool.samplesOfOwners.count))")
    }
    return Array(large.prefix(clients))
  }
}
