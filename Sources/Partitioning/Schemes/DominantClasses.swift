import RandomStreams

/// `dominant-classes`, the paper's non-IID 2: a client holds all classes, and a few dominant ones
/// more than the others.
///
/// The dominant classes are drawn at random so that every class dominates in as equal a number of
/// clients as possible. How many more samples they have is specified in one of two ways, for S samples over C
/// classes, d of them dominant:
///
/// - `ratio`: a dominant class has `ratio` times as many samples as another. The classes' shares are
///   S · ratio / (d · ratio + C − d) and S / (d · ratio + C − d), rounded by largest remainders.
/// - `dominant_share`: that share of the samples is in the dominant classes together. They get
///   `dominant_share` · S, rounded to the nearest whole number (a half goes up), and the others the
///   rest; each part is spread evenly over its classes, rounded by largest remainders.
///
/// ratio = dominant_share · (C − d) / (d · (1 − dominant_share)), and
/// dominant_share = d · ratio / (d · ratio + C − d): ratio 6 is 60 % for 2 of 10 classes and 28 % for
/// 6 of 100.
///
/// If classes tie for the last samples, those go round so that over all clients every class is used
/// up evenly: 100 clients with 600 samples use each of CIFAR-100's 60,000 images once.
public struct DominantClasses: PartitionScheme {
  /// How much more a client has of its dominant classes than of others.
  public enum Dominance: Sendable, Hashable {
    /// The samples of a dominant class over those of another class, at least 1.
    case ratio(Double)
    /// The share of a client's samples that are in its dominant classes together, in (0, 1).
    case share(Double)
  }

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
  /// How much more a client has of them.
  public let dominance: Dominance

  /// Random dominant classes, by the ratio. Throws at values that no dataset can meet.
  public init(
    clients: Int, samplesPerClient: Int, dominantClasses: Int, ratio: Double = defaultRatio
  ) throws(PartitionError) {
    try self.init(
      clients: clients, samplesPerClient: samplesPerClient, dominantClasses: dominantClasses,
      dominance: .ratio(ratio))
  }

  /// Random dominant classes. Throws at values that no dataset can meet.
  public init(
    clients: Int, samplesPerClient: Int, dominantClasses: Int, dominance: Dominance
  ) throws(PartitionError) {
    try SchemeCheck.clients(clients)
    try SchemeCheck.samplesPerClient(samplesPerClient)
    guard dominantClasses >= 1 else {
      throw PartitionError(
        key: "dominant_classes", "found \(dominantClasses), expected at least 1")
    }
    switch dominance {
    case .ratio(let ratio):
      guard ratio >= 1, ratio.isFinite else {
        throw PartitionError(key: "ratio", "found \(ratio), expected at least 1")
      }
    case .share(let share):
      guard share > 0, share < 1 else {
        throw PartitionError(
          key: "dominant_share", "found \(share), expected a number between 0 and 1")
      }
    }
    self.clients = clients
    self.samplesPerClient = samplesPerClient
    self.dominantClasses = dominantClasses
    self.dominance = dominance
  }

  /// Reads `clients`, `samples_per_client`, `dominant_classes` and either `ratio`, which has a default,
  /// or `dominant_share`.
  public init(reading settings: inout PartitionSettingReader) throws(PartitionError) {
    let clients = try settings.requiredInteger("clients")
    let samplesPerClient = try settings.requiredInteger("samples_per_client")
    let dominantClasses = try settings.requiredInteger("dominant_classes")
    let dominance: Dominance
    switch (try settings.number("ratio"), try settings.number("dominant_share")) {
    case (let ratio, nil): dominance = .ratio(ratio ?? Self.defaultRatio)
    case (nil, let share?): dominance = .share(share)
    case (let ratio?, let share?):
      throw PartitionError(
        key: "dominant_share",
        "found both \(share) and ratio \(ratio), expected one of the two; remove the other (an empty "
          + "--set partition.ratio= removes a ratio in the specification)")
    }
    try self.init(
      clients: clients, samplesPerClient: samplesPerClient, dominantClasses: dominantClasses,
      dominance: dominance)
  }

  /// `clients`, `samples_per_client`, `dominant_classes`, and `ratio` or `dominant_share`.
  public var settings: [PartitionSetting] {
    [
      PartitionSetting("clients", "\(clients)"),
      PartitionSetting("samples_per_client", "\(samplesPerClient)"),
      PartitionSetting("dominant_classes", "\(dominantClasses)"),
      dominanceSetting,
    ]
  }

  private var dominanceSetting: PartitionSetting {
    switch dominance {
    case .ratio(let ratio): PartitionSetting("ratio", "\(ratio)")
    case .share(let share): PartitionSetting("dominant_share", "\(share)")
    }
  }

  /// Every client's samples, [client][sample]. Throws if there are fewer classes than dominant ones, a
  /// share that makes no class dominant, a client would get nothing of a class, or a class has too few
  /// samples.
  public func allocate(
    _ pool: SamplePool, using stream: inout RandomStream
  ) throws(PartitionError) -> [[Int32]] {
    let classCount = pool.classCount
    guard dominantClasses <= classCount else {
      throw PartitionError(
        key: "dominant_classes",
        "found \(dominantClasses), expected at most the \(classCount) classes of the dataset")
    }
    try checkShare(classCount: classCount)
    try SchemeCheck.magnitude(clients: clients, samplesPerClient: samplesPerClient, pool: pool)
    let dominant = balancedClassChoice(
      clients: clients, classesPerClient: dominantClasses, classCount: classCount, using: &stream)
    let shares = shares(of: samplesPerClient, dominant: dominant, classCount: classCount)
    for (client, row) in shares.enumerated() {
      if let empty = row.firstIndex(of: 0) {
        throw PartitionError(
          key: "samples_per_client",
          "\(samplesPerClient) samples over \(classCount) classes with "
            + "partition.\(dominanceSetting.key) \(dominanceSetting.value) leave client \(client) none "
            + "of class \(empty); raise it or lower the \(dominanceSetting.key)")
      }
    }
    try SchemeCheck.classes(
      samplesPerClient: samplesPerClient, pool: pool,
      atLeast: Int(min(leastSamples(classCount), Double(samplesPerClient)).rounded(.up))
    ) { samples in
      var needed = [Int](repeating: 0, count: classCount)
      for row in self.shares(of: samples, dominant: dominant, classCount: classCount) {
        for index in row.indices { needed[index] += row[index] }
      }
      return needed
    }
    var pool = pool
    pool.shuffle(using: &stream)
    return shares.map { row in row.enumerated().flatMap { pool.take($1, ofClass: $0) } }
  }

  // MARK: Parts

  /// Throws if the dominant classes would have no more samples than the others.
  private func checkShare(classCount: Int) throws(PartitionError) {
    guard case .share(let share) = dominance else { return }
    guard dominantClasses < classCount else {
      throw PartitionError(
        key: "dominant_classes",
        "found \(dominantClasses), expected fewer than the \(classCount) classes of the dataset: "
          + "dominant_share leaves samples for others")
    }
    let even = Double(dominantClasses) / Double(classCount)
    guard share >= even else {
      throw PartitionError(
        key: "dominant_share",
        "found \(share), expected at least \(even), which \(dominantClasses) of \(classCount) classes "
          + "have if none dominates")
    }
  }

  /// The samples of each class for so many samples of a client, [client][class].
  /// - Parameter dominant: the dominant classes of each client.
  private func shares(of samples: Int, dominant: [[Int]], classCount: Int) -> [[Int]] {
    func weights(dominant weight: Double, other: Double) -> [[Double]] {
      dominant.map { list in
        var weights = [Double](repeating: other, count: classCount)
        for index in list { weights[index] = weight }
        return weights
      }
    }
    switch dominance {
    case .ratio(let ratio):
      return evenShares(of: samples, weights: weights(dominant: ratio, other: 1))
    case .share(let share):
      let dominantSamples = Int((share * Double(samples)).rounded())
      let parts = (
        evenShares(of: dominantSamples, weights: weights(dominant: 1, other: 0)),
        evenShares(of: samples - dominantSamples, weights: weights(dominant: 0, other: 1))
      )
      return zip(parts.0, parts.1).map { zip($0, $1).map(+) }
    }
  }

  /// A client's fewest samples that give it one of every class: below them, whatever fits leaves a class
  /// empty.
  private func leastSamples(_ classCount: Int) -> Double {
    let (dominant, others) = (Double(dominantClasses), Double(classCount - dominantClasses))
    return switch dominance {
    case .ratio(let ratio): ratio * dominant + others
    case .share(let share): max(dominant / share, others / (1 - share))
    }
  }
}
