import RandomStreams

/// `dominant-classes`, the paper's non-IID 2: a client holds all classes, and a few dominant ones
/// more than the others.
///
/// The dominant classes are drawn at random so that every class dominates in as equal a number of
/// clients as possible. A dominant class has `ratio` times as many samples as another; the shares
/// of S samples over C classes, d of them dominant, are S · ratio / (d · ratio + C − d) and
/// S / (d · ratio + C − d), made whole by largest remainders. Where classes tie for the last
/// samples, those go round so that over all clients every class is used up evenly: 100 clients with
/// 600 samples use each of CIFAR-100's 60,000 images once.
public struct DominantClasses: PartitionScheme {
  /// The scheme's name in specifications and result files.
  public static let name = "dominant-classes"

  /// The paper leaves the ratio open. With 6, two dominant classes of ten hold 60 % of a client's
  /// samples, and 600 samples divide without remainder into 2 × 180 and 8 × 30.
  public static let defaultRatio = 6.0

  /// The number of clients.
  public let clients: Int
  /// The samples of every client, train and test together.
  public let samplesPerClient: Int
  /// The number of dominant classes of a client.
  public let dominantClasses: Int
  /// The samples of a dominant class over those of another class, at least 1.
  public let ratio: Double

  /// Random dominant classes. Throws at values that no dataset can meet.
  public init(
    clients: Int, samplesPerClient: Int, dominantClasses: Int, ratio: Double = defaultRatio
  ) throws(PartitionError) {
    try SchemeCheck.clients(clients)
    try SchemeCheck.samplesPerClient(samplesPerClient)
    guard dominantClasses >= 1 else {
      throw PartitionError(
        key: "dominant_classes", "found \(dominantClasses), expected at least 1")
    }
    guard ratio >= 1, ratio.isFinite else {
      throw PartitionError(key: "ratio", "found \(ratio), expected at least 1")
    }
    self.clients = clients
    self.samplesPerClient = samplesPerClient
    self.dominantClasses = dominantClasses
    self.ratio = ratio
  }

  /// Reads `clients`, `samples_per_client`, `dominant_classes` and, with a default, `ratio`.
  public init(reading settings: inout PartitionSettingReader) throws(PartitionError) {
    try self.init(
      clients: try settings.requiredInteger("clients"),
      samplesPerClient: try settings.requiredInteger("samples_per_client"),
      dominantClasses: try settings.requiredInteger("dominant_classes"),
      ratio: try settings.number("ratio") ?? Self.defaultRatio)
  }

  /// `clients`, `samples_per_client`, `dominant_classes`, `ratio`.
  public var settings: [PartitionSetting] {
    [
      PartitionSetting("clients", "\(clients)"),
      PartitionSetting("samples_per_client", "\(samplesPerClient)"),
      PartitionSetting("dominant_classes", "\(dominantClasses)"),
      PartitionSetting("ratio", "\(ratio)"),
    ]
  }

  /// Every client's samples, [client][sample]. Throws where there are fewer classes than dominant ones,
  /// a client would get nothing of a class, or a class has too few samples.
  public func allocate(
    _ pool: SamplePool, using stream: inout RandomStream
  ) throws(PartitionError) -> [[Int32]] {
    let classCount = pool.classCount
    guard dominantClasses <= classCount else {
      throw PartitionError(
        key: "dominant_classes",
        "found \(dominantClasses), expected at most the \(classCount) classes of the dataset")
    }
    try SchemeCheck.magnitude(clients: clients, samplesPerClient: samplesPerClient, pool: pool)
    let dominant = balancedClassChoice(
      clients: clients, classesPerClient: dominantClasses, classCount: classCount, using: &stream)
    let weights = dominant.map { list in
      var weights = [Double](repeating: 1, count: classCount)
      for index in list { weights[index] = ratio }
      return weights
    }
    let shares = evenShares(of: samplesPerClient, weights: weights)
    for (client, row) in shares.enumerated() {
      if let empty = row.firstIndex(of: 0) {
        throw PartitionError(
          key: "samples_per_client",
          "\(samplesPerClient) samples over \(classCount) classes with partition.ratio \(ratio) "
            + "leave client \(client) none of class \(empty); raise it or lower the ratio")
      }
    }
    // A sample of every class: below it, whatever fits leaves a class empty.
    let leastSum = ratio * Double(dominantClasses) + Double(classCount - dominantClasses)
    try SchemeCheck.classes(
      samplesPerClient: samplesPerClient, pool: pool,
      atLeast: Int(min(leastSum, Double(samplesPerClient)).rounded(.up))
    ) { samples in
      var needed = [Int](repeating: 0, count: classCount)
      for row in evenShares(of: samples, weights: weights) {
        for index in row.indices { needed[index] += row[index] }
      }
      return needed
    }
    var pool = pool
    pool.shuffle(using: &stream)
    return shares.map { row in row.enumerated().flatMap { pool.take($1, ofClass: $0) } }
  }
}
