import RandomStreams

/// The selected samples of a dataset by class, from which a scheme gives to the clients.
public struct SamplePool: Sendable {
  /// The dataset indices that are left, [class][sample]; initially ascending.
  public private(set) var samples: [[Int32]]
  /// The dataset indices of each of those whom the samples came from, [owner][sample], ascending; empty if the dataset
  /// does not say.
  public let samplesOfOwners: [[Int32]]

  /// Sorts the samples of a dataset by class.
  ///
  /// - Parameters:
  ///   - labels: The class of every sample, [sample], in 0 ..< `classCount`; −1 marks a sample that
  ///     is not selected and never used.
  ///   - classCount: The number of classes.
  ///   - owners: Whose each sample is, [sample], numbered from 0; empty if the dataset does not say.
  /// - Throws: ``PartitionError`` if a label is out of range, no sample is selected, or there is not an owner for each
  ///   sample.
  public init(labels: [Int32], classCount: Int, owners: [Int32] = []) throws(PartitionError) {
    guard classCount >= 1, classCount <= Int(Int32.max) else {
      throw PartitionError("classes", "found \(classCount), expected at least 1")
    }
    guard labels.count <= Int(Int32.max) else {
      throw PartitionError(
        "labels", "found \(labels.count) samples, expected at most \(Int32.max)")
    }
    samples = Array(repeating: [], count: classCount)
    samplesOfOwners = try Self.samplesOfOwners(owners, labels)
    for (index, label) in labels.enumerated() where label != -1 {
      guard label >= 0, label < classCount else {
        throw PartitionError(
          "labels",
          "sample \(index) has the label \(label), expected 0 to \(classCount - 1), or -1 for a "
            + "sample that is not selected")
      }
      samples[Int(label)].append(Int32(index))
    }
    guard count > 0 else {
      throw PartitionError("labels", "no sample is selected; check the selected classes and files")
    }
  }

  private static func samplesOfOwners(
    _ owners: [Int32], _ labels: [Int32]
  ) throws(PartitionError) -> [[Int32]] {
    guard !owners.isEmpty else { return [] }
    guard owners.count == labels.count,
      owners.allSatisfy({ $0 >= 0 && Int($0) < owners.count })
    else {
      throw PartitionError(
        "owners", "found \(owners.count) for \(labels.count) samples, expected one each, from 0")
    }
    var samples = [[Int32]](repeating: [], count: Int(owners.max() ?? -1) + 1)
    for (index, label) in labels.enumerated() where label != -1 {
      samples[Int(owners[index])].append(Int32(index))
    }
    return samples
  }

  /// The number of classes.
  public var classCount: Int { samples.count }

  /// The number of samples of each class that are left, [class].
  public var counts: [Int] { samples.map(\.count) }

  /// The number of all samples that are left.
  public var count: Int { samples.reduce(0) { $0 + $1.count } }

  /// Puts the samples of every class into a random order.
  public mutating func shuffle(using stream: inout RandomStream) {
    for index in samples.indices { stream.shuffle(&samples[index]) }
  }

  /// Takes the last `count` samples of a class out of the pool; there must be as many.
  public mutating func take(_ count: Int, ofClass index: Int) -> ArraySlice<Int32> {
    let taken = samples[index].suffix(count)
    precondition(taken.count == count, "the pool holds too few samples of the class")
    samples[index].removeLast(count)
    return taken
  }

  /// Random samples of every class for every client, [client][sample], as many as `shares` says,
  /// [class][client]; the pool must hold as many.
  func shared(_ shares: [[Int]], using stream: inout RandomStream) -> [[Int32]] {
    var pool = self
    pool.shuffle(using: &stream)
    return (shares.first ?? []).indices.map { client in
      shares.indices.flatMap { pool.take(shares[$0][client], ofClass: $0) }
    }
  }
}
