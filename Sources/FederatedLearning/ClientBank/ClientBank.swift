import NeuralNetworks

/// The latest model of every client, axes (client, parameter): a row for each client.
///
/// It starts with the same initial model in every row; a participant's row becomes its model after
/// each local training. Aggregation and the hypernetworks' gradient are matrix products over a
/// layer's columns.
///
/// Rows are shared until they are replaced: a fresh bank holds the initial model once, and a copy of a
/// bank shares every row that neither of the two has replaced since.
public struct ClientBank: Sendable, Equatable {
  /// Number of columns.
  public let parameterCount: Int
  /// The models, axes (client, parameter).
  public private(set) var rows: [[Float]]

  /// Number of rows.
  public var clientCount: Int { rows.count }

  /// Every client starts with `initial`, axis (parameter).
  public init(clientCount: Int, initial: [Float]) {
    parameterCount = initial.count
    rows = Array(repeating: initial, count: clientCount)
  }

  /// The bank of the given models, axes (client, parameter). Throws `FederationError` unless each has
  /// `parameterCount` values.
  public init(parameterCount: Int, rows: [[Float]]) throws {
    if let client = rows.firstIndex(where: { $0.count != parameterCount }) {
      throw FederationError(
        "client bank: \(rows[client].count) values of client \(client), expected \(parameterCount)")
    }
    self.parameterCount = parameterCount
    self.rows = rows
  }

  /// One client's model, axis (parameter).
  public subscript(client: Int) -> [Float] { rows[client] }

  /// Replaces one client's model; `model` must have `parameterCount` values.
  public mutating func store(_ model: [Float], of client: Int) {
    precondition(model.count == parameterCount, "a model has \(parameterCount) parameters")
    rows[client] = model
  }
}
