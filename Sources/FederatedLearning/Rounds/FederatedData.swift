import NeuralNetworks

/// The samples of a federation: images that all clients' indices point into, and for each client
/// which samples it trains on and which it is tested on.
public struct FederatedData: Sendable {
  /// The pooled images and labels.
  public let images: LabelledImages
  /// Training samples of each client, axes (client, sample).
  public let train: [[Int32]]
  /// Test samples of each client, axes (client, sample). Only evaluation reads them.
  public let test: [[Int32]]

  /// Throws `FederationError` unless every client has a training and a test sample, every index
  /// points to a sample whose label is below `classCount`, and no sample is used twice: held-out
  /// data is really held out.
  public init(images: LabelledImages, classCount: Int, train: [[Int32]], test: [[Int32]]) throws {
    self.images = images
    self.train = train
    self.test = test
    guard train.count == test.count, !train.isEmpty else {
      throw FederationError(
        "partition: \(train.count) clients with training data and \(test.count) with test data, "
          + "expected the same number, at least 1")
    }
    var used = [Bool](repeating: false, count: images.labels.count)
    for client in train.indices {
      guard !train[client].isEmpty, !test[client].isEmpty else {
        throw FederationError(
          "partition: client \(client) has \(train[client].count) training and "
            + "\(test[client].count) test samples, expected at least 1 of each")
      }
      for sample in train[client] + test[client] {
        guard images.labels.indices.contains(Int(sample)) else {
          throw FederationError(
            "partition: client \(client) has sample \(sample), the dataset has "
              + "\(images.labels.count) samples")
        }
        let label = images.labels[Int(sample)]
        guard (0..<Int32(classCount)).contains(label) else {
          throw FederationError(
            "partition: client \(client)'s sample \(sample) has label \(label), expected "
              + "0 … \(classCount - 1)")
        }
        guard !used[Int(sample)] else {
          throw FederationError(
            "partition: sample \(sample) of client \(client) is used twice; clients, training and "
              + "test data must not share samples")
        }
        used[Int(sample)] = true
      }
    }
  }

  /// The number of clients.
  public var clientCount: Int { train.count }
}

/// A federation that cannot be set up or continued.
public struct FederationError: Error, CustomStringConvertible, Equatable, Sendable {
  /// One line for the user.
  public let description: String

  /// An error with that line.
  public init(_ description: String) { self.description = description }
}
