// What only some methods have. The round loop needs none of it; records, audits and reports do.

/// A method whose received models are weighted sums of all clients' models.
public protocol AggregationWeighting<ServerState>: Sendable {
  /// The server's state of the method.
  associatedtype ServerState: Sendable

  /// The weights with which a client's received model sums all clients' models, axes (layer, source
  /// client).
  func aggregationWeights(of client: Int, state: ServerState) -> [[Float]]
}

/// A method whose clients keep some of their own layers from round to round, chosen again each time. Results
/// record them beside the aggregation weights, for methods that have both.
public protocol LayerRetention<ServerState>: Sendable {
  /// The server's state of the method.
  associatedtype ServerState: Sendable

  /// For each layer whether the client would keep its own in the next round, axis (layer).
  func retainedLayers(of client: Int, state: ServerState) -> [Bool]
}

/// A method that trains hypernetworks on the server.
public protocol HypernetworkTraining<ServerState>: Sendable {
  /// The server's state of the method.
  associatedtype ServerState: Sendable

  /// The layout of each client's hypernetwork, or of the one that all share.
  var hypernetworkTensors: [HypernetworkTensor] { get }

  /// Whether all clients share one hypernetwork.
  var sharesHypernetwork: Bool { get }

  /// A client's hypernetwork, or the one that all share, axis (hypernetwork parameter).
  func hypernetworkParameters(of client: Int, state: ServerState) -> [Float]

  /// Whether all of those are finite; without writing them out where they are kept in another form.
  func hypernetworkIsFinite(of client: Int, state: ServerState) -> Bool
}

extension HypernetworkTraining {
  /// Looks at every parameter.
  public func hypernetworkIsFinite(of client: Int, state: ServerState) -> Bool {
    firstNonFinite(hypernetworkParameters(of: client, state: state)) == nil
  }
}

/// A named part of a hypernetwork's flat parameter vector.
public struct HypernetworkTensor: Sendable, Hashable {
  /// embedding, hidden1.weight, hidden1.bias, …, head.conv1.weight, head.conv1.bias, ….
  public let name: String
  /// Lengths of its axes; weights are (output, input).
  public let shape: [Int]
  /// Its first place; values are row-major.
  public let offset: Int

  /// A tensor of that name and shape at that place.
  public init(name: String, shape: [Int], offset: Int) {
    self.name = name
    self.shape = shape
    self.offset = offset
  }
}

extension FederatedMethod {
  /// The method's aggregation weights; nil for a method without.
  public var weighting: (any AggregationWeighting<ServerState>)? {
    self as? any AggregationWeighting<ServerState>
  }
  /// The method's choice of layers that clients keep; nil for a method without.
  public var retention: (any LayerRetention<ServerState>)? {
    self as? any LayerRetention<ServerState>
  }
  /// The method's hypernetworks; nil for a method without.
  public var hypernetworks: (any HypernetworkTraining<ServerState>)? {
    self as? any HypernetworkTraining<ServerState>
  }
}
