import RandomStreams

/// `classes-per-client`, the paper's non-IID 1: a client holds few classes, the same amount of each.
///
/// The classes are drawn at random so that every class is held by as equal a number of clients as
/// possible, or are listed client by client. When the samples of a client do not divide evenly, its
/// first classes get one sample more; first means the order of the given list, or the random order
/// of the draw.
public struct ClassesPerClient: PartitionScheme {
  /// The scheme's name in specifications and result files.
  public static let name = "classes-per-client"

  /// Where the classes of the clients come from.
  public enum Choice: Equatable, Sendable {
    /// This many classes for every client, drawn at random, balanced.
    case random(classesPerClient: Int)
    /// The classes of every client, [client][class].
    case listed([[Int]])
  }

  /// The number of clients.
  public let clients: Int
  /// The samples of every client, train and test together.
  public let samplesPerClient: Int
  /// Where the classes of the clients come from.
  public let choice: Choice

  /// Random classes. Throws at values that no dataset can meet.
  public init(clients: Int, samplesPerClient: Int, classesPerClient: Int) throws(PartitionError) {
    try SchemeCheck.clients(clients)
    try SchemeCheck.samplesPerClient(samplesPerClient)
    try SchemeCheck.classesPerClient(classesPerClient)
    guard samplesPerClient >= classesPerClient else {
      throw PartitionError(
        key: "samples_per_client",
        "found \(samplesPerClient), expected at least 1 for each of the \(classesPerClient) "
          + "classes of a client")
    }
    self.clients = clients
    self.samplesPerClient = samplesPerClient
    self.choice = .random(classesPerClient: classesPerClient)
  }

  /// Listed classes, [client][class]; a client's classes must differ from each other. Throws at
  /// values that no dataset can meet.
  public init(clientClasses: [[Int]], samplesPerClient: Int) throws(PartitionError) {
    let key = "client_classes"
    guard !clientClasses.isEmpty else {
      throw PartitionError(key: key, "found an empty list, expected the classes of every client")
    }
    try SchemeCheck.samplesPerClient(samplesPerClient)
    for (client, classes) in clientClasses.enumerated() {
      guard !classes.isEmpty else {
        throw PartitionError(key: key, "client \(client) has no class, expected at least 1")
      }
      if let negative = classes.first(where: { $0 < 0 }) {
        throw PartitionError(
          key: key, "client \(client) has the class \(negative), expected 0 or more")
      }
      let sorted = classes.sorted()
      if let pair = zip(sorted, sorted.dropFirst()).first(where: { $0 == $1 }) {
        throw PartitionError(
          key: key, "client \(client) has the class \(pair.0) twice, expected different classes")
      }
      guard samplesPerClient >= classes.count else {
        throw PartitionError(
          key: "samples_per_client",
          "found \(samplesPerClient), expected at least 1 for each of the \(classes.count) "
            + "classes of client \(client)")
      }
    }
    self.clients = clientClasses.count
    self.samplesPerClient = samplesPerClient
    self.choice = .listed(clientClasses)
  }

  /// Reads `samples_per_client`, and `clients` with `classes_per_client` or `client_classes` alone.
  public init(reading settings: inout PartitionSettingReader) throws(PartitionError) {
    let listed = try settings.classLists("client_classes")
    let classesPerClient = try settings.integer("classes_per_client")
    let samplesPerClient = try settings.requiredInteger("samples_per_client")
    guard let listed else {
      let clients = try settings.requiredInteger("clients")
      guard let classesPerClient else { throw settings.missing("classes_per_client") }
      try self.init(
        clients: clients, samplesPerClient: samplesPerClient, classesPerClient: classesPerClient)
      return
    }
    guard classesPerClient == nil else {
      throw PartitionError(
        key: "client_classes", "found together with partition.classes_per_client; keep one of them")
    }
    try self.init(clientClasses: listed, samplesPerClient: samplesPerClient)
    if let clients = try settings.integer("clients"), clients != listed.count {
      throw PartitionError(
        key: "client_classes",
        "lists \(listed.count) clients, but partition.clients is \(clients); make them equal or "
          + "leave partition.clients out")
    }
  }

  /// `clients`, `samples_per_client`, then `classes_per_client` or `client_classes`.
  public var settings: [PartitionSetting] {
    let choice =
      switch choice {
      case .random(let count): PartitionSetting("classes_per_client", "\(count)")
      case .listed(let classes): PartitionSetting("client_classes", "\(classes)")
      }
    return [
      PartitionSetting("clients", "\(clients)"),
      PartitionSetting("samples_per_client", "\(samplesPerClient)"),
      choice,
    ]
  }

  /// Every client's samples, [client][sample]. Throws if a class does not exist or has too few
  /// samples, with the largest number of samples per client for which the same classes would do.
  public func allocate(
    _ pool: SamplePool, using stream: inout RandomStream
  ) throws(PartitionError) -> [[Int32]] {
    try SchemeCheck.magnitude(clients: clients, samplesPerClient: samplesPerClient, pool: pool)
    let classes = try chooseClasses(classCount: pool.classCount, using: &stream)
    let mostClasses = classes.reduce(2) { max($0, $1.count) }
    try SchemeCheck.classes(
      samplesPerClient: samplesPerClient, pool: pool, atLeast: mostClasses
    ) { samples in
      var needed = [Int](repeating: 0, count: pool.classCount)
      for list in classes {
        for (place, index) in list.enumerated() {
          needed[index] += Self.share(of: samples, place: place, among: list.count)
        }
      }
      return needed
    }
    var pool = pool
    pool.shuffle(using: &stream)
    return classes.map { list in
      list.enumerated().flatMap { place, index in
        pool.take(
          Self.share(of: samplesPerClient, place: place, among: list.count), ofClass: index)
      }
    }
  }

  private func chooseClasses(
    classCount: Int, using stream: inout RandomStream
  ) throws(PartitionError) -> [[Int]] {
    switch choice {
    case .random(let classesPerClient):
      try SchemeCheck.classesPerClient(classesPerClient, among: classCount)
      return balancedClassChoice(
        clients: clients, classesPerClient: classesPerClient, classCount: classCount,
        using: &stream)
    case .listed(let classes):
      for (client, list) in classes.enumerated() {
        if let index = list.first(where: { $0 >= classCount }) {
          throw PartitionError(
            key: "client_classes",
            "client \(client) has the class \(index), expected 0 to \(classCount - 1)")
        }
      }
      return classes
    }
  }

  private static func share(of samples: Int, place: Int, among classes: Int) -> Int {
    samples / classes + (place < samples % classes ? 1 : 0)
  }
}
