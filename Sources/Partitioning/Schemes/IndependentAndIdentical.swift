import RandomStreams

/// `iid`: every client gets the same number of samples, drawn at random from all.
public struct IndependentAndIdentical: PartitionScheme {
  /// The scheme's name in specifications and result files.
  public static let name = "iid"

  /// The number of clients.
  public let clients: Int
  /// The samples of every client, train and test together.
  public let samplesPerClient: Int

  /// Equal random shares. Throws at values that no dataset can meet.
  public init(clients: Int, samplesPerClient: Int) throws(PartitionError) {
    try SchemeCheck.clients(clients)
    try SchemeCheck.samplesPerClient(samplesPerClient)
    self.clients = clients
    self.samplesPerClient = samplesPerClient
  }

  /// Reads `clients` and `samples_per_client`.
  public init(reading settings: inout PartitionSettingReader) throws(PartitionError) {
    try self.init(
      clients: try settings.requiredInteger("clients"),
      samplesPerClient: try settings.requiredInteger("samples_per_client"))
  }

  /// `clients`, `samples_per_client`.
  public var settings: [PartitionSetting] {
    [
      PartitionSetting("clients", "\(clients)"),
      PartitionSetting("samples_per_client", "\(samplesPerClient)"),
    ]
  }

  /// Every client's samples, [client][sample]. Throws if there are too few samples.
  public func allocate(
    _ pool: SamplePool, using stream: inout RandomStream
  ) throws(PartitionError) -> [[Int32]] {
    try SchemeCheck.total(clients: clients, samplesPerClient: samplesPerClient, pool: pool)
    let samples = stream.shuffled(pool.samples.joined())
    return (0..<clients).map { client in
      Array(samples[client * samplesPerClient..<(client + 1) * samplesPerClient])
    }
  }
}
